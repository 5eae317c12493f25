"""
C{set}: store a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from replkv.commands.layout import Layout
from replkv.commands.store import PlainStoreCommand


@dataclass(slots=True)
class Set(PlainStoreCommand):
    """
    Store a value, whatever the key had.
    """

    WORD: ClassVar[bytes] = b"set"
    PURPOSE: ClassVar[str] = "store the value that follows, for <exptime> seconds (0: for ever)"
    KIND: ClassVar[int] = 1
    SINCE: ClassVar[int] = 3
    LAYOUT: ClassVar[Layout] = Layout(KIND, numbers=1, hasValue=True)
