"""
A call, from being made to having a result.
"""

from __future__ import annotations

from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from replkv.client.address import Address
from replkv.commands.results import Result


class Keeper(Protocol):
    """
    Who carries out calls.

    @ivar reactor: tells the time.
    @ivar leader: the server that is asked.
    """

    reactor: IReactorTime
    leader: Address

    def forget(self, call: Call) -> None:
        """
        The caller has cancelled a call.
        """

    def expire(self, call: Call) -> None:
        """
        A call's time is over.
        """


class Call:
    """
    A command of the caller's, until it has a result.

    @ivar result: what the caller waits for.
    @ivar sent: the reply, where it is under way; C{None} while it waits.
    @ivar server: who was asked last.
    @ivar wasRefused: whether a server has refused it to the user, and is not to be asked again after the next time.
    """

    __slots__ = ("_deadline", "changes", "encoded", "result", "sent", "server", "timeout", "wasRefused")

    def __init__(self, keeper: Keeper, encoded: bytes, changes: bool, timeout: float) -> None:
        self.encoded = encoded
        self.changes = changes
        self.timeout = timeout
        self.sent: Deferred[Result] | None = None
        self.server = keeper.leader
        self.wasRefused = False
        self.result: Deferred[Result] = Deferred(lambda _: keeper.forget(self))
        self._deadline: IDelayedCall | None = keeper.reactor.callLater(timeout, keeper.expire, self)

    def succeed(self, reply: Result) -> None:
        """
        It was carried out, or refused for good.
        """
        self.end()
        self.result.callback(reply)

    def fail(self, error: Exception) -> None:
        """
        It was not carried out, or may not have been.
        """
        self.end()
        if not self.result.called:
            self.result.errback(error)

    def end(self) -> None:
        """
        Let time no longer count.
        """
        # Both ways from here to the timer and back: only so does a call go without the garbage collector.
        deadline, self._deadline = self._deadline, None
        if deadline is not None and deadline.active():
            deadline.cancel()
