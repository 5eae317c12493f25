"""
C{users}: ask for the users.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from replkv.commands.command import AdminCommand

PAGE_USERS: Final = 100
"""
How many users one reply tells of, at the most.
"""


@dataclass(slots=True)
class Users(AdminCommand):
    """
    Ask for users and their rights, in the order of their names.

    @ivar afterUser: those after this name; C{-} is before all.
    """

    WORD: ClassVar[bytes] = b"users"
    PURPOSE: ClassVar[str] = "show the users after that name (-: from the first), in lines of JSON"

    afterUser: bytes
