"""
Text of which nobody knows what is in it, made fit for one line of a terminal or a log.
"""

from __future__ import annotations

from typing import Final

LONGEST: Final = 2000
"""
How many characters a line has at the most.
"""


def printable(text: str, longest: int = LONGEST) -> str:
    """
    Escape what cannot be printed, such as a line break or what moves a terminal's cursor, and shorten what is too long.

    @param longest: how many characters are left, at the most.
    """
    shown = text[: longest + 1]
    if not shown.isprintable():
        shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in shown)
    return shown if len(shown) <= longest else shown[: longest - 3] + "..."
