"""
C{getm}: ask for a value and what is known of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from replkv.commands.command import KeyReadCommand


@dataclass(slots=True)
class Getm(KeyReadCommand):
    """
    Ask for the value of a key, its version and the time that it has left.
    """

    WORD: ClassVar[bytes] = b"getm"
    PURPOSE: ClassVar[str] = "show the version, the seconds left (0: for ever) and the value"
