"""
Removing all keys at a time that somebody has said before.
"""

from __future__ import annotations

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from replkv.commands.results import Removed, Result
from replkv.frontends.memcached.asked import MemcachedAsked
from replkv.frontends.memcached.tally import Tally
from replkv.frontends.request import Backend, Request
from replkv.frontends.session import Session
from replkv.users.user import Login
from replkv.wire.memcached.flush import Flush


class Flusher:
    """
    Knows of one time at which all keys are to be removed: who says another one means that instead. A server that stops
    forgets it.
    """

    _logger = Logger()

    def __init__(self, backend: Backend, clock: IReactorTime) -> None:
        """
        @param backend: removes them.
        """
        self._backend = backend
        self._clock = clock
        self._call: IDelayedCall | None = None

    def begin(self, seconds: float, login: Login | None) -> None:
        """
        Remove them in so many seconds.

        @param login: in whose name.
        """
        self.cancel()
        session = Session("")
        session.login = login
        self._call = self._clock.callLater(seconds, self._submit, Flush(isQuiet=True), session)

    def cancel(self) -> None:
        """
        Do not.
        """
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = None

    def answered(self, request: Request, result: Result) -> None:
        """
        Go on with the next ones, if there are more: see L{replkv.frontends.request.Owner.answered}.
        """
        assert isinstance(request, MemcachedAsked)
        request.told(result)
        following = request.next()
        if following is not None:
            self._clock.callLater(0, self._submit, following, request.session)
        elif not isinstance(result, Removed):
            line = "not all keys were removed, as a client had asked for by a flush_all with a delay: {result}"
            self._logger.warn(line, result=result)

    def _submit(self, flush: Flush, session: Session) -> None:
        self._backend.submit(MemcachedAsked(flush, session, self, Tally()))
