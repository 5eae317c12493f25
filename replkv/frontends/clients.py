"""
The clients of a server, by whichever port they have come, and what they have in common.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from replkv import __version__
from replkv.frontends.admission import MAX_EXTRA, RESERVED, Admission
from replkv.frontends.arrivals import Arrivals
from replkv.frontends.backlog import Backlog
from replkv.frontends.budget import Budget
from replkv.frontends.connection import ClientConnection
from replkv.frontends.extras import Extras
from replkv.frontends.intake import Intake
from replkv.frontends.limits import CONNECTION_LIMITS, MEMORY_LIMITS, ConnectionLimits, MemoryLimits
from replkv.frontends.outbox import Outbox
from replkv.frontends.request import Backend, BackupSource
from replkv.frontends.watch import UNREAD_SECONDS, Watch
from replkv.outside import OutsideLog

DEFAULT_MAX_CONNECTIONS: Final = 10_000

MAX_REFUSALS: Final = 8
"""
How many connections may be there only to be told that there is no room; those beyond are closed without a word.
"""


class Clients:
    """
    All connections of clients.

    @ivar backend: answers the commands.
    @ivar extras: answers those that need no backend.
    @ivar outbox: those that have something to write.
    @ivar clock: tells the time.
    @ivar budget: what all connections may have in memory, and have.
    @ivar arrivals: the values that have not arrived whole.
    @ivar backlog: what they have read and not yet taken.
    @ivar watch: how long clients are waited for.
    @ivar intake: what they may take in one turn of the reactor.
    @ivar limits: what each may have under way.
    @ivar admission: the places for them.
    @ivar refusals: how many connections are there only to be refused.
    @ivar _connections: those that are there to be served.
    @ivar _extra: those of them that have no place, the oldest first, and whether they were given up.
    @ivar _outside: logs what clients do.
    @ivar _crowded: whether it has been logged that clients are refused.
    @ivar _stops: whether the server stops.
    @ivar _empty: fire when the last connection has closed.
    """

    _logger = Logger()

    def __init__(
        self,
        backend: Backend,
        outbox: Outbox,
        intake: Intake,
        statistics: Callable[[], dict[str, str]],
        members: Callable[[], bytes],
        backups: BackupSource,
        clock: IReactorTime,
        admission: Admission | None = None,
        memory: MemoryLimits = MEMORY_LIMITS,
        limits: ConnectionLimits = CONNECTION_LIMITS,
        unreadSeconds: float = UNREAD_SECONDS,
        idleSeconds: float | None = None,
    ) -> None:
        """
        @param outbox: is flushed by the backend when it has answered.
        @param intake: flushes it too.
        @param statistics: tells the backend's values for C{stats}, by name.
        @param members: tells the value for C{members}.
        @param backups: gives snapshots of the backend's state.
        @param unreadSeconds: how long a client may leave its replies unread.
        @param idleSeconds: how long it may send nothing; C{None} is for ever.
        """
        self.backend = backend
        self.extras = Extras(backend, self._allStatistics, members, backups, outbox)
        self.outbox = outbox
        self.clock = clock
        self.budget = Budget(memory)
        self.arrivals = Arrivals(clock, memory)
        self.backlog = Backlog(self._readAtMost, memory)
        self.watch = Watch(clock, self._look, unreadSeconds, idleSeconds)
        self.intake = intake
        self.limits = limits
        self.admission = Admission(DEFAULT_MAX_CONNECTIONS) if admission is None else admission
        self.refusals = 0
        self._connections: Final[dict[ClientConnection, None]] = {}  # In their order, so that it is the same each time.
        self._extra: Final[dict[ClientConnection, bool]] = {}
        self._statistics: Final = statistics
        self._outside: Final = OutsideLog(clock, self._logger)
        self._crowded = False
        self._stops = False
        self._empty: list[Deferred[None]] = []

    def admit(self, connection: ClientConnection) -> bool:
        """
        Whether a client that connects is taken in.
        """
        host = connection.host
        if self._stops:
            return False
        why = self.admission.whyNot(host)
        if not why:
            return True
        if not self.admission.isFull:
            self.report("address", why)
        elif not self._crowded:
            self._crowded = True
            self.report("places", why)
        if self.admission.isLocal(host) and len(self._extra) < MAX_EXTRA:
            self._extra[connection] = False
            return True
        return False

    @property
    def mayRefuse(self) -> bool:
        """
        Whether one more may be told that there is no room.
        """
        return self.refusals < MAX_REFUSALS

    def connectionOpened(self, connection: ClientConnection) -> None:
        """
        Take note of a new connection.
        """
        if connection not in self._extra:
            self.admission.take(connection.host)
        else:
            self._keepReserve()
        self._connections[connection] = None
        connection.transport.bufferSize = self.backlog.readBytes
        self.watch.start()

    def connectionClosed(self, connection: ClientConnection) -> None:
        """
        Take note that a connection is gone.
        """
        if connection not in self._connections:
            return
        del self._connections[connection]
        if connection in self._extra:
            del self._extra[connection]
        else:
            self.admission.leave(connection.host)
            self._promote()
        # Not at the first that goes: where clients come back all the time, the operator is told once.
        if self._crowded and self.admission.taken <= self.admission.most * 9 // 10:
            self._crowded = False
            self.report("places", f"{self.admission.taken} clients are connected, and more are taken again")
        if not self._connections:
            self.watch.stop()
            waiting, self._empty = self._empty, []
            for deferred in waiting:
                if not deferred.called:
                    deferred.callback(None)

    def _keepReserve(self) -> None:
        """
        Where more connections than are reserved for it are from this machine, give up the oldest on which nothing is
        under way, or the oldest. Of the one that has just come, nothing has arrived yet.
        """
        *kept, _ = (connection for connection, isGivenUp in self._extra.items() if not isGivenUp)
        if len(kept) >= RESERVED:
            leaves = next((connection for connection in kept if connection.replies.isOver), kept[0])
            self._extra[leaves] = True
            leaves.abort()

    def _promote(self) -> None:
        """
        A place is free: the oldest that is here without one, and may have it, does.
        """
        for connection, isGivenUp in self._extra.items():
            if not isGivenUp and connection in self._connections and not self.admission.whyNot(connection.host):
                del self._extra[connection]
                self.admission.take(connection.host)
                return

    def _readAtMost(self, size: int) -> None:
        """
        Have each connection read so many bytes at once.
        """
        for connection in self._connections:
            connection.transport.bufferSize = size

    def report(self, kind: str, line: str) -> None:
        """
        Tell the operator of what a client has done, but not each time.

        @param kind: which lines are alike.
        """
        self._outside.say(kind, line)

    def _look(self) -> None:
        """
        Close the connections whose clients are waited for in vain. Where replies have filled nearly all of their room,
        those are closed of whose replies none has gone for a moment, the largest first: they keep all others from
        reading. It may be that they wait for a command of their own, which is not answered.
        """
        for connection in list(self._connections):
            connection.look()
        excess = self.budget.excess
        if excess > 0:
            for connection in sorted(self._connections, key=lambda stuck: stuck.replies.stuckBytes, reverse=True):
                if excess <= 0 or not connection.replies.stuckBytes:
                    break
                excess -= connection.replies.stuckBytes
                connection.giveUp("memory is short")

    def _allStatistics(self) -> dict[str, str]:
        """
        Values for C{stats}, by name: the backend's, and those of the ports for clients.
        """
        return {**self._statistics(), "connections": str(len(self._connections)), "version": __version__}

    def drain(self) -> Deferred[None]:
        """
        Stop: take no more commands, answer those that were taken, and close the connections.

        @return: fires when the last connection is closed. How long that may take is for the caller to say: L{abortAll}
            ends it.
        """
        assert not self._stops, "the server stops once"
        self._stops = True
        for connection in list(self._connections):
            connection.finish()
        return self.whenEmpty()

    def whenEmpty(self) -> Deferred[None]:
        """
        @return: fires when no client is connected.
        """
        if not self._connections:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._empty.append(waiting)
        return waiting

    def abortAll(self) -> None:
        """
        Close all connections now, whatever has not been answered or written.
        """
        for connection in list(self._connections):
            connection.abort()
