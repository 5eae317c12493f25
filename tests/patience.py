"""
An end to what a test waits for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from twisted.trial.unittest import FailTest

MOST: Final = 2000
"""
How many rounds there may be: far more than any test needs.
"""


def patiently(what: str) -> Iterator[int]:
    """
    Count the rounds of a loop that is left when C{what} has happened. Code that goes round in circles then makes a test
    fail, where it would never end.
    """
    yield from range(MOST)
    raise FailTest(f"after {MOST} rounds it has not happened: {what}")
