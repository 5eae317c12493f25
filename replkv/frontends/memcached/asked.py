"""
A step of what a line of memcached's protocol asks for, and its place among the replies of its connection.
"""

from __future__ import annotations

from typing import Final

from replkv.commands.results import Result
from replkv.frontends.asked import Asked
from replkv.frontends.memcached.tally import Tally
from replkv.frontends.request import Owner
from replkv.frontends.session import Session
from replkv.wire.memcached.ask import Ask
from replkv.wire.memcached.words import NOT_LOGGED_IN

NOT_ALLOWED: Final = b"CLIENT_ERROR access denied\r\n"


class MemcachedAsked(Asked):
    """
    A step of what a line asks for.

    @ivar _ask: that.
    @ivar _tally: counts what comes of it.
    """

    __slots__ = ("_ask", "_tally")

    def __init__(self, ask: Ask, session: Session, owner: Owner, tally: Tally, reply: bytes | None = None) -> None:
        super().__init__(ask.command, session, owner, reply, True, ask.holds)
        self._ask = ask
        self.lasting = ask if ask.holds else None
        self._tally = tally

    def told(self, result: Result) -> bytes:
        """
        See L{Asked.told}.
        """
        self._tally.count(self.command, result)
        told = self._ask.tell(result)
        return NOT_ALLOWED if told is NOT_LOGGED_IN and self.login is not None else told

    def next(self) -> Ask | None:
        """
        See L{Asked.next}.
        """
        return self._ask.next()
