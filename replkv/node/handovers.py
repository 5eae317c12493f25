"""
How a server that leads has another one lead in its place: who waits for it, and what its operator is told.
"""

from __future__ import annotations

from collections.abc import Collection

from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from replkv.commands.results import Leads, NotTransferred, Result
from replkv.raft.core import NotLeader, Raft
from replkv.raft.handover import CannotHandOver


class HandOverFailed(Exception):
    """
    No other server leads in this one's place; the words say why.

    @ivar target: the id of the server that has not taken over; C{None} if none was asked to.
    """

    def __init__(self, reason: str, target: int | None = None) -> None:
        super().__init__(reason)
        self.target = target


class HandOvers:
    """
    Asks the core, and sees what comes of it.
    """

    _logger = Logger()

    def __init__(self, raft: Raft) -> None:
        self._raft = raft
        self._id = raft.config.id
        self._target: int | None = None  # Of the one that is under way, or was until just now.
        self._waiting: list[Deferred[int]] = []

    @property
    def isUnderWay(self) -> bool:
        """
        Whether this server hands over: until that is over, it takes no proposals.
        """
        return self._raft.handsOverTo is not None

    def begin(self, among: Collection[int], reason: str) -> Deferred[int]:
        """
        Have one of C{among} lead in this server's place.

        @param among: the ids of the servers that may.
        @param reason: why, for the operator.
        @return: fires with the id of the server that leads then, when it is known; fails with L{HandOverFailed}.
        """
        wasUnderWay = self.isUnderWay
        try:
            target = self._raft.handOver(among)
        except NotLeader:
            return fail(HandOverFailed("it does not lead"))
        except CannotHandOver as error:
            return fail(HandOverFailed(str(error)))
        self._target = target
        if not wasUnderWay:
            self._logger.info("handing over to server {to}: {reason}", to=target, reason=reason)
        waiting: Deferred[int] = Deferred()
        self._waiting.append(waiting)
        return waiting

    def transfer(self, to: int) -> Deferred[Result]:
        """
        Have a server lead, since an operator wants it.

        @return: fires with what the operator is told when that is known.
        """
        if to == self._id:
            return succeed(Leads(to))
        if to not in self._raft.peers:
            return succeed(NotTransferred(f"there is no server {to}"))
        return self.begin([to], "an operator wants it").addCallbacks(Leads, _notTransferred)

    def look(self) -> None:
        """
        See what has come of it: to be called when anything has happened in the core.
        """
        leaderId, target = self._raft.leaderId, self._raft.handsOverTo
        if target is not None:
            self._target = target
        elif self._target is not None and leaderId is not None:
            self._end(leaderId, self._target)

    def _end(self, leaderId: int, target: int) -> None:
        """
        Another server leads, or this one leads on, or again.
        """
        self._target = None
        waiting, self._waiting = self._waiting, []
        hasFailed = leaderId == self._id
        if hasFailed:
            self._logger.warn("server {target} has not taken over: this server leads on", target=target)
        for deferred in waiting:
            # Whoever waits no longer has cancelled it.
            if not deferred.called and hasFailed:
                deferred.errback(HandOverFailed(f"server {target} has not taken over", target))
            elif not deferred.called:
                deferred.callback(leaderId)


def _notTransferred(failure: Failure) -> Result:
    failure.trap(HandOverFailed)
    return NotTransferred(failure.getErrorMessage())
