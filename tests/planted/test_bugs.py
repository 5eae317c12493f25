"""
The simulator finds every planted bug.
"""

from __future__ import annotations

import pytest

from tests.planted.bug import Bug, find
from tests.planted.bugs import BUGS


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_found(bug: Bug) -> None:
    """
    It takes no more seeds than are allowed, of a simulation that finds nothing wrong without the bug.
    """
    outcome = find(bug)
    assert outcome is not None, f"{bug.seeds} seeds of the {bug.tier} tier have found nothing"
    assert bug.simulate(outcome.seed).violation is None, "without the bug it fails too"
