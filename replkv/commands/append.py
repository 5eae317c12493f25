"""
C{append}: add to the end of a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from replkv.commands.extend import ExtendCommand
from replkv.commands.layout import Layout


@dataclass(slots=True)
class Append(ExtendCommand):
    """
    Add to the end of a value.
    """

    WORD: ClassVar[bytes] = b"append"
    PURPOSE: ClassVar[str] = "add what follows to the end of the value"
    KIND: ClassVar[int] = 15
    LAYOUT: ClassVar[Layout] = Layout(KIND, numbers=1, hasValue=True)

    def extended(self, value: bytes) -> bytes:
        """
        See L{ExtendCommand.extended}.
        """
        return value + self.value
