"""
Who a client is.
"""

from __future__ import annotations

from typing import Final

from replkv.client.arguments import checkedToken, checkedUser
from replkv.client.errors import NotAllowed
from replkv.commands.auth import Auth
from replkv.wire.encoding import encodeCommand


class Credentials:
    """
    A user, and what proves that. The token is shown nowhere.

    @ivar user: the name.
    @ivar encoded: what is sent to a server to log in.
    """

    __slots__ = ("encoded", "user")

    def __init__(self, user: str, token: str | bytes) -> None:
        """
        @raise TypeError: if these are not what they should be.
        @raise CommandError: if no user has such a name, or such a token.
        """
        self.user: Final = user
        self.encoded: Final = encodeCommand(Auth(checkedUser(user), checkedToken(token)))

    def __repr__(self) -> str:
        return f"<Credentials of {self.user}>"


def checkedCredentials(user: str | None, token: str | bytes | None) -> Credentials | None:
    """
    What a program says of its user, if it has one.

    @raise TypeError: if these are not what they should be.
    @raise ValueError: if there is one without the other, or no user has such a name, or such a token.
    """
    if user is not None and token is not None:
        return Credentials(user, token)
    if user is None and token is None:
        return None
    raise ValueError("a user logs in with a token: give both, or neither")


def lackOfRight(credentials: Credentials | None) -> NotAllowed:
    """
    Why something is not done for who is known.

    @param credentials: C{None} if that is nobody.
    """
    if credentials is None:
        return NotAllowed("not everybody may do that, and no user was given who may")
    return NotAllowed(f"the user {credentials.user} may not do that", credentials.user)
