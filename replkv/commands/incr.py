"""
C{incr}: count up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from replkv.commands.arithmetic import LIMIT, ArithmeticCommand
from replkv.commands.layout import Layout


@dataclass(slots=True)
class Incr(ArithmeticCommand):
    """
    Count up. What comes after the largest number is 0.
    """

    WORD: ClassVar[bytes] = b"incr"
    PURPOSE: ClassVar[str] = "add <delta> to the number that the key holds"
    KIND: ClassVar[int] = 17
    LAYOUT: ClassVar[Layout] = Layout(KIND, numbers=1, hasValue=False)

    def counted(self, number: int) -> int:
        """
        See L{ArithmeticCommand.counted}.
        """
        return (number + self.delta) % LIMIT
