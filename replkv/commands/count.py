"""
C{count}: ask how many keys begin with the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from replkv.commands.keyrange import RangeReadCommand
from replkv.commands.results import Result, Total
from replkv.commands.state import View

MOST_MET: Final = 10_000
"""
How many keys one command looks at, at most, those included that have expired and are not freed yet.
"""

MOST_BYTES: Final = 4 * 1024 * 1024
"""
A command that has looked at records of so many bytes looks at no more.
"""


@dataclass(slots=True)
class Count(RangeReadCommand):
    """
    Ask how many keys there are; where there are many, how many of the next ones. What it tells is of one instant.
    """

    WORD: ClassVar[bytes] = b"count"
    PURPOSE: ClassVar[str] = "show how many keys begin so, or how many of the next ones"

    prefix: bytes
    after: bytes = b""

    def tell(self, view: View) -> Result:
        """
        See L{ReadCommand.tell<replkv.commands.command.ReadCommand.tell>}.
        """
        count = size = 0
        last = self.after
        for met, (key, info, recordBytes) in enumerate(view.walk(self.prefix, self.after)):
            if met == MOST_MET or size >= MOST_BYTES:
                return Total(count, last)
            size += recordBytes
            last = key
            count += info is not None
        return Total(count)
