"""
How connections are accepted where the system has nothing left for them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from errno import EMFILE
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IListeningPort, IReactorSocket, IReactorTime
from twisted.internet.protocol import ServerFactory
from twisted.internet.tcp import Port, Server
from twisted.logger import ILogObserver, LogEvent, Logger
from twisted.python.failure import Failure
from zope.interface import implementer

Transport = Callable[..., Server]
"""
Takes what L{Server} takes, and makes one.
"""

REST_SECONDS: Final = 0.1
"""
How long a port rests when the system refuses a descriptor. Whoever connects meanwhile waits.
"""

TURN_ACCEPTS: Final = 64
"""
How many connections a port takes in one turn of the reactor. Twisted's takes more and more, as long as more come.
"""


@implementer(ILogObserver)
def _ignore(event: LogEvent) -> None:
    """
    Log nothing.
    """


class RestingPort(Port):
    """
    A port that says once that the system has no descriptor left, and once that it has some again.

    Twisted's own port tries again at once, for as long as a client waits, and logs each attempt: it takes all of a
    processor, and fills the disk with its log.
    """

    _logger = Logger(observer=_ignore)  # Twisted's, for each attempt.
    _ownLogger = Logger()
    _rested: IDelayedCall | None = None
    _short = False

    def doRead(self) -> None:
        """
        Accept connections, if there are descriptors.
        """
        try:
            os.close(os.open(os.devnull, os.O_RDONLY))
        except OSError as error:
            self._rest(error)
            return
        if self._short:
            self._short = False
            self._ownLogger.info("port {port} takes connections again", port=self.getHost().port)
        self.numberAccepts = min(self.numberAccepts, TURN_ACCEPTS)
        super().doRead()

    def connectionLost(self, reason: Failure) -> None:
        """
        See L{Port.connectionLost}.
        """
        if self._rested is not None and self._rested.active():
            self._rested.cancel()
        super().connectionLost(reason)

    def _rest(self, error: OSError) -> None:
        """
        Turn away those who wait where that can be done, and look again later.
        """
        if not self._short:
            self._short = True
            self._ownLogger.warn(
                "port {port} takes no connections for now: {reason}. Raise the limit of open files (ulimit -Hn) or "
                "find out what uses them up",
                port=self.getHost().port,
                reason=os.strerror(error.errno or 0),
            )
        if error.errno == EMFILE:
            # Twisted keeps one descriptor in reserve, and with it turns away all who wait.
            super().doRead()
        self.stopReading()
        self._rested = IReactorTime(self.reactor).callLater(REST_SECONDS, self._lookAgain)

    def _lookAgain(self) -> None:
        if self.connected and not self.disconnecting:
            self.startReading()


class RestingSockets:
    """
    Adopts listening sockets for a reactor, as L{RestingPort}s.
    """

    def __init__(self, reactor: IReactorSocket, transport: Transport = Server) -> None:
        """
        @param transport: makes the transport of each connection that they accept.
        """
        self._reactor = reactor
        self._transport = transport

    def adoptStreamPort(self, fileDescriptor: int, addressFamily: int, factory: ServerFactory) -> IListeningPort:
        """
        See L{twisted.internet.interfaces.IReactorSocket.adoptStreamPort}.
        """
        port: RestingPort = RestingPort._fromListeningDescriptor(self._reactor, fileDescriptor, addressFamily, factory)
        port.transport = self._transport  # type: ignore[assignment]
        port.startListening()
        return port
