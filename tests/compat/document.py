"""
Writes a table into a document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

BEGIN: Final = "<!-- make compat-table writes what follows -->"
END: Final = "<!-- to here -->"


def withTable(text: str, lines: Sequence[str]) -> str:
    """
    Put lines in the place of what stands between the two marks.

    @raise ValueError: if the marks are not there.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"there is no place for a table: {BEGIN} and {END}")
    body = "\n".join(lines)
    return f"{before}{begin}\n\n{body}\n\n{end}{after}"
