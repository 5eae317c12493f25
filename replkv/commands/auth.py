"""
C{auth}: prove to be a user.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from replkv.commands.command import Command


@dataclass(slots=True)
class Auth(Command):
    """
    Prove to be a user: what follows on the connection is done in that user's name. Where that fails, it is in nobody's.

    @ivar user: the name.
    @ivar token: what only the user knows.
    """

    WORD: ClassVar[bytes] = b"auth"
    PURPOSE: ClassVar[str] = "log in: what follows is done in the name of that user"

    user: bytes
    token: bytes = field(repr=False)
