"""
What the connections of a server have in common.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from twisted.internet.interfaces import IReactorTime

from replkv.frontends.arrivals import Arrivals
from replkv.frontends.backlog import Backlog
from replkv.frontends.budget import Budget
from replkv.frontends.extras import Extras
from replkv.frontends.intake import Intake
from replkv.frontends.limits import ConnectionLimits
from replkv.frontends.outbox import Outbox
from replkv.frontends.request import Backend
from replkv.frontends.watch import Watch

if TYPE_CHECKING:
    from replkv.frontends.connection import ClientConnection


class Server(Protocol):
    """
    The server, as its connections see it.

    @ivar backend: answers the commands.
    @ivar extras: answers those that need no backend.
    @ivar outbox: the connections that have something to write.
    @ivar clock: tells the time.
    @ivar budget: what all connections may have in memory, and have.
    @ivar arrivals: the values that have not arrived whole.
    @ivar backlog: what they have read and not yet taken.
    @ivar watch: how long clients are waited for.
    @ivar intake: what they may take in one turn of the reactor.
    @ivar limits: what each may have under way.
    """

    backend: Backend
    extras: Extras
    outbox: Outbox
    clock: IReactorTime
    budget: Budget
    arrivals: Arrivals
    backlog: Backlog
    watch: Watch
    intake: Intake
    limits: ConnectionLimits

    def connectionOpened(self, connection: ClientConnection) -> None:
        """
        Take note of a new connection.
        """

    def connectionClosed(self, connection: ClientConnection) -> None:
        """
        Take note that a connection is gone.
        """

    def report(self, kind: str, line: str) -> None:
        """
        Tell the operator of what a client has done, but not each time.
        """
