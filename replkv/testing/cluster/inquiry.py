"""
What a simulated operator asks a server for.
"""

from __future__ import annotations

from typing import Final, cast

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure

from replkv.commands.command import Command
from replkv.commands.results import Result
from replkv.testing.cluster.end import End
from replkv.testing.cluster.process import Process
from replkv.wire.encoding import encodeCommand
from replkv.wire.replyparser import ReplyParser

_CONNECT_TIMEOUT: Final = 1.0


class Inquiry(Protocol):
    """
    One command, on a connection of its own.

    @ivar reply: fires with the reply; with C{None} where there is none.
    """

    def __init__(self, command: Command) -> None:
        self.reply: Deferred[Result | None] = Deferred()
        self._command = command
        self._parser = ReplyParser()

    def connect(self, process: Process, host: str, port: int) -> None:
        """
        Ask a server.
        """
        factory = Factory.forProtocol(lambda: self)
        factory.noisy = False
        connected = TCP4ClientEndpoint(process, host, port, _CONNECT_TIMEOUT).connect(factory)
        connected.addErrback(lambda failure: self._told(None))

    def giveUp(self) -> None:
        """
        Close the connection, if there is one, and wait no longer.
        """
        if self.transport is not None:
            self._end.abortConnection()
        self._told(None)

    @property
    def isUnderWay(self) -> bool:
        """
        Whether the server may yet be asked, or was and has not found that the connection is closed.
        """
        return self.transport is not None and not (self._end.isOver and self._end.other.isOver)

    def connectionMade(self) -> None:
        """
        Ask, unless it was given up meanwhile.
        """
        if self.reply.called:
            self._end.abortConnection()
        else:
            self._end.write(encodeCommand(self._command))

    def dataReceived(self, data: bytes) -> None:
        """
        A reply has come, or a part of it.
        """
        for reply in self._parser.feed(data):
            self._end.loseConnection()
            self._told(reply)

    def connectionLost(self, reason: Failure | None = None) -> None:
        """
        There will be no reply, if there was none.
        """
        self._told(None)

    @property
    def _end(self) -> End:
        return cast(End, self.transport)

    def _told(self, reply: Result | None) -> None:
        if not self.reply.called:
            self.reply.callback(reply)
