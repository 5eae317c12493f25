"""
Numbers as they stand on the command line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from twisted.python.usage import UsageError

_NONE: Final = "none"


def naturalNumber(option: str, text: str) -> int:
    """
    Read a number from 0 on.

    @param option: where it stands.
    @raise UsageError: it is none.
    """
    if not _isNumber(text):
        raise UsageError(f"--{option} must be a whole number, not {text!r}")
    return int(text)


def positiveNumber(option: str, text: str) -> int:
    """
    Read a number from 1 on.

    @param option: where it stands.
    @raise UsageError: it is none.
    """
    if not _isNumber(text) or not int(text):
        raise UsageError(f"--{option} must be a whole number above 0, not {text!r}")
    return int(text)


def seedRange(option: str, text: str) -> range:
    """
    Read a range of seeds: from the first to the one before the second.

    @param option: where it stands.
    @raise UsageError: it is none, or is empty.
    """
    first, _, end = text.partition(":")
    if not _isNumber(first) or not _isNumber(end) or int(first) >= int(end):
        raise UsageError(f"--{option} must be FIRST:END with FIRST below END, as in 0:1000, not {text!r}")
    return range(int(first), int(end))


def numberList(option: str, text: str) -> tuple[int, ...]:
    """
    Read some numbers, or none.

    @param option: where they stand.
    @raise UsageError: it is no list of numbers.
    """
    if text == _NONE:
        return ()
    words = text.split(",")
    if not all(_isNumber(word) for word in words):
        raise UsageError(f"--{option} must be numbers with commas between them, as in 0,3,5, or {_NONE}, not {text!r}")
    return tuple(sorted({int(word) for word in words}))


def writtenList(numbers: Sequence[int]) -> str:
    """
    Some numbers, or none, as they are read.
    """
    return ",".join(map(str, numbers)) or _NONE


def _isNumber(text: str) -> bool:
    # int() takes signs, spaces and underscores too.
    return text.isascii() and text.isdigit()
