"""
What users may do, and where.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Right(Enum):
    """
    What somebody may do. The values are how it is written.
    """

    READ = "read"
    """
    Be told what keys hold.
    """

    WRITE = "write"
    """
    Change them. Who may write may not read by that.
    """

    ADMIN = "admin"
    """
    Both, and give these rights to others. Over all keys, that is everything: users, backups, who leads.
    """


class Grant(NamedTuple):
    """
    A right over the keys that begin in one way.

    @ivar prefix: how they begin; all do if it is empty.
    """

    right: Right
    prefix: bytes

    def covers(self, right: Right, scope: bytes) -> bool:
        """
        Whether who has this has another right too.

        @param scope: over a key, or all keys that begin so.
        """
        return self.right in (right, Right.ADMIN) and scope.startswith(self.prefix)

    def __str__(self) -> str:
        """
        As it is written.
        """
        return f"{self.right.value} {self.prefix.decode('ascii', 'backslashreplace')}*"


EVERYTHING = Grant(Right.ADMIN, b"")
"""
The right to do everything.
"""
