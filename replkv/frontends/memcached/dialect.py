"""
memcached's protocol, as a connection sees it.
"""

from __future__ import annotations

import re
from typing import Final

from replkv.commands.auth import Auth
from replkv.commands.command import Command, DataCommand, ReadCommand
from replkv.commands.condition import ANY
from replkv.commands.extras import Help
from replkv.commands.put import Put
from replkv.commands.results import Done, NotAllowed, Result
from replkv.frontends.asked import Asked, Nobody
from replkv.frontends.memcached.asked import NOT_ALLOWED, MemcachedAsked
from replkv.frontends.memcached.flusher import Flusher
from replkv.frontends.memcached.tally import Tally
from replkv.frontends.request import Backend, Owner, Quiet, Request
from replkv.frontends.session import Session
from replkv.users.secret import MAX_TOKEN_BYTES
from replkv.users.user import NAME_PATTERN
from replkv.wire.memcached.ask import Ask, Plain, Told
from replkv.wire.memcached.flush import Flush, FlushLater
from replkv.wire.memcached.parser import MemcachedParser
from replkv.wire.memcached.stats import Stating
from replkv.wire.memcached.words import NOT_LOGGED_IN, REFUSAL, Terms

_LOGIN: Final = re.compile(rb"(%b) ([!-~]{1,%d})" % (NAME_PATTERN, MAX_TOKEN_BYTES))
_NOT_PROVED: Final = b"CLIENT_ERROR authentication failure\r\n"


class _Settled(Asked):
    """
    A line to which the answer is known.
    """

    __slots__ = ()

    def told(self, result: Result) -> bytes:
        """
        See L{Asked.told}.
        """
        assert isinstance(self.command, Told)
        return self.command.reply


class _Login(Ask):
    """
    C{set} by somebody who has to log in: its value says who that is, and proves it.
    """

    __slots__ = ()

    def reply(self, result: Result) -> bytes | None:
        """
        See L{Ask.reply<replkv.wire.memcached.ask.Ask.reply>}.
        """
        if isinstance(result, Done):
            return b"STORED\r\n"
        return _NOT_PROVED if isinstance(result, NotAllowed) else None


def _loggingIn(value: bytes, isQuiet: bool, instead: Asked, tally: Tally) -> Asked:
    """
    What C{set} means of somebody who has to log in.

    @param instead: what it would be otherwise.
    @param tally: where it is counted.
    """
    match = _LOGIN.fullmatch(value)
    if match is None:
        return _Settled(Told(False, b"" if isQuiet else _NOT_PROVED), instead.session, instead.owner)
    login = _Login(Auth(*match.groups()), isQuiet, holds=True)
    return MemcachedAsked(login, instead.session, instead.owner, tally)


def _refused(reply: bytes) -> MemcachedAsked:
    return MemcachedAsked(Ask(Help()), Session(""), Nobody(), Tally(), reply)


_REFUSED: Final = _refused(REFUSAL)
_REFUSED_QUIETLY: Final = _refused(b"")
"""
They stand in the place of each line that is refused, on all connections.
"""


class MemcachedDialect:
    """
    See L{replkv.frontends.dialect.Dialect}.

    Who has said C{noreply} does not know when it is done. So whatever was written so by then, on any connection, is
    seen by a read that arrives later at this server: that is what a client of memcached's may stand on.

    @ivar refusal: see there.
    @ivar _quiet: what was written so.
    """

    def __init__(self, backend: Backend, flusher: Flusher, terms: Terms) -> None:
        """
        @param backend: knows who has to log in.
        @param flusher: removes all keys later.
        """
        self.refusal: Asked = _REFUSED
        self._backend = backend
        self._flusher = flusher
        self._terms = terms
        self._quiet: Final = Quiet()
        self._tally = Tally()

    def parser(self) -> MemcachedParser:
        """
        See L{Dialect.parser<replkv.frontends.dialect.Dialect.parser>}.
        """
        return MemcachedParser(self._terms)

    def ask(self, command: Command, session: Session, owner: Owner) -> Asked:
        """
        See L{Dialect.ask<replkv.frontends.dialect.Dialect.ask>}.
        """
        if not isinstance(command, Ask):
            if isinstance(command, FlushLater):
                return self._flushLater(command, session, owner)
            return _Settled(command, session, owner)
        asked = command.command
        request = MemcachedAsked(command, session, owner, self._tally)
        if isinstance(asked, ReadCommand):
            # Not up to which entry: what was written so may be waiting for a leader, too.
            request.quiet = self._quiet
            return request
        if isinstance(command, Stating):
            command.counts = self._tally.values()
        if command.isQuiet:
            request.quiet = self._quiet
        if isinstance(command, Flush) and self._backend.admits(request):
            self._flusher.cancel()
        elif session.login is None and type(command) is Plain and isinstance(asked, Put) and asked.condition is ANY:
            # Nobody may set anything here without having logged in, or everybody may.
            return (
                request
                if self._backend.admits(request)
                else _loggingIn(asked.value, command.isQuiet, request, self._tally)
            )
        return request

    def _flushLater(self, later: FlushLater, session: Session, owner: Owner) -> Asked:
        request = Request(Flush(isQuiet=True).command, session, owner)
        if self._backend.admits(request):
            self._flusher.begin(later.seconds, session.login)
            return _Settled(later, session, owner)
        isQuiet = not later.reply
        reply = NOT_LOGGED_IN if session.login is None else NOT_ALLOWED
        return _Settled(Told(False, b"" if isQuiet else reply), session, owner)

    def refused(self, command: Command) -> Asked | None:
        """
        See L{Dialect.refused<replkv.frontends.dialect.Dialect.refused>}.
        """
        if not isinstance(command, Ask) or not isinstance(command.command, DataCommand):
            return None
        return _REFUSED_QUIETLY if command.isQuiet else _REFUSED
