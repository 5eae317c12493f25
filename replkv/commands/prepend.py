"""
C{prepend}: add to the beginning of a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from replkv.commands.extend import ExtendCommand
from replkv.commands.layout import Layout


@dataclass(slots=True)
class Prepend(ExtendCommand):
    """
    Add to the beginning of a value.
    """

    WORD: ClassVar[bytes] = b"prepend"
    PURPOSE: ClassVar[str] = "add what follows to the beginning of the value"
    KIND: ClassVar[int] = 16
    LAYOUT: ClassVar[Layout] = Layout(KIND, numbers=1, hasValue=True)

    def extended(self, value: bytes) -> bytes:
        """
        See L{ExtendCommand.extended}.
        """
        return self.value + value
