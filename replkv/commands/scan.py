"""
C{scan}: ask which keys begin with the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from replkv.commands.keyrange import RangeReadCommand
from replkv.commands.results import KeyInfo, Keys, Result
from replkv.commands.state import View

MAX_LIMIT: Final = 1000
"""
How many keys one page can have.
"""

MOST_MET: Final = 2 * MAX_LIMIT
"""
For how many keys, at most, is looked whether they are there: many may have expired, and not be freed yet.
"""

MOST_BYTES: Final = 4 * 1024 * 1024
"""
A page for which records of so many bytes were looked at is over.
"""


@dataclass(slots=True)
class Scan(RangeReadCommand):
    """
    Ask for a page of keys, in their order. A page is of one instant.

    @ivar limit: how many keys are wanted, from 1 to L{MAX_LIMIT}. Where it takes too much work to find as many, there
        are fewer on the page, though there are more.
    """

    WORD: ClassVar[bytes] = b"scan"
    PURPOSE: ClassVar[str] = "show the keys that begin so, some at a time, with their versions and sizes"

    prefix: bytes
    limit: int
    after: bytes = b""

    def tell(self, view: View) -> Result:
        """
        See L{ReadCommand.tell<replkv.commands.command.ReadCommand.tell>}.
        """
        found: list[KeyInfo] = []
        size = 0
        last = self.after
        for met, (key, info, recordBytes) in enumerate(view.walk(self.prefix, self.after)):
            if len(found) == self.limit or met == MOST_MET or size >= MOST_BYTES:
                return Keys(tuple(found), last)
            size += recordBytes
            last = key
            if info is not None:
                found.append(info)
        return Keys(tuple(found))
