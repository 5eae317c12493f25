"""
C{decr}: count down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from replkv.commands.arithmetic import ArithmeticCommand
from replkv.commands.layout import Layout


@dataclass(slots=True)
class Decr(ArithmeticCommand):
    """
    Count down, to 0 at the least.
    """

    WORD: ClassVar[bytes] = b"decr"
    PURPOSE: ClassVar[str] = "subtract <delta> from it, down to 0"
    KIND: ClassVar[int] = 18
    LAYOUT: ClassVar[Layout] = Layout(KIND, numbers=1, hasValue=False)

    def counted(self, number: int) -> int:
        """
        See L{ArithmeticCommand.counted}.
        """
        return max(0, number - self.delta)
