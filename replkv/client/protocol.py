"""
One connection to one server.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from replkv.client.errors import ProtocolError, Unavailable
from replkv.client.replies import Reply, ReplyParser


class ClientProtocol(Protocol):
    """
    Sends commands, as many as are wanted without waiting for answers, and hands each the reply that is its own.
    """

    transport: ITCPTransport
    MAX_PENDING: Final = 10_000

    def __init__(self, lost: Callable[[], object]) -> None:
        """
        @param lost: called once, when the connection can no longer be used.
        """
        self._lost = lost
        self._parser = ReplyParser()
        self._pending: deque[Deferred[Reply]] = deque()
        self._ended = False

    def connectionMade(self) -> None:
        """
        The connection stands.
        """
        self.transport.setTcpNoDelay(True)
        self.transport.setTcpKeepAlive(True)

    def send(self, command: bytes) -> Deferred[Reply]:
        """
        Send a command that has a reply.

        To cancel the result is to wait for it no longer; the reply, when it comes, is dropped.

        @param command: the command with its line end and, where there is one, its value block.
        @return: the reply. It fails with the reason if the connection is lost before it has come.
        @raise Unavailable: if too many commands wait for their replies; nothing was sent.
        """
        if len(self._pending) >= self.MAX_PENDING:
            raise Unavailable(f"{self.MAX_PENDING} commands wait for their replies")
        result: Deferred[Reply] = Deferred()
        self._pending.append(result)
        self.transport.write(command)
        return result

    def dataReceived(self, data: bytes) -> None:
        """
        Give each reply that has arrived to the command that it answers.
        """
        try:
            for reply in self._parser.feed(data):
                if not self._pending:
                    raise ProtocolError(f"a reply to nothing: {reply.line[:80]!r}")
                self._pending.popleft().callback(reply)
        except ProtocolError:
            self._end(Failure())

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The connection is gone, and with it the replies to all that was sent.
        """
        self._end(reason)

    def close(self) -> None:
        """
        Close the connection; what still waits for its reply fails.
        """
        self._end(Failure(ConnectionDone("closed by the client")))

    def _end(self, reason: Failure) -> None:
        if self._ended:
            return
        self._ended = True
        self.transport.abortConnection()
        self._lost()
        pending, self._pending = self._pending, deque()
        for result in pending:
            result.errback(reason)
