"""
C{get}: ask for a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from replkv.commands.command import ReadCommand


@dataclass(slots=True)
class Get(ReadCommand):
    """
    Ask for the value of a key.
    """

    WORD: ClassVar[bytes] = b"get"
    PURPOSE: ClassVar[str] = "show the value"
