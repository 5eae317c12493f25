"""
What a key has to be like for something to be done.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

from replkv.commands.results import Exists, NotFound, Result, VersionMismatch
from replkv.commands.state import Head


class Need(IntEnum):
    """
    What is needed. The values stand in the log.
    """

    ANY = 0
    ABSENT = 1
    PRESENT = 2
    VERSION = 3


class Condition(NamedTuple):
    """
    @ivar version: the version that the key has to have, where one is needed; else 0.
    """

    need: Need
    version: int = 0

    def whyNot(self, found: Head | None) -> Result | None:
        """
        Tell why a key is not as it has to be; C{None} if it is.

        @param found: what it has.
        """
        if self.need is Need.ANY:
            return None
        if found is None:
            return None if self.need is Need.ABSENT else NotFound()
        if self.need is Need.ABSENT:
            return Exists()
        return VersionMismatch() if self.need is Need.VERSION and found.version != self.version else None


ANY: Final = Condition(Need.ANY)
ABSENT: Final = Condition(Need.ABSENT)
PRESENT: Final = Condition(Need.PRESENT)
