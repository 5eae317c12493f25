"""
C{get}: ask for a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from replkv.commands.command import KeyReadCommand


@dataclass(slots=True)
class Get(KeyReadCommand):
    """
    Ask for the value of a key.
    """

    WORD: ClassVar[bytes] = b"get"
    PURPOSE: ClassVar[str] = "show the value"
