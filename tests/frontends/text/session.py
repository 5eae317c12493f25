"""
What the tests of the client protocol stand on: a backend in memory, and the client's end of a connection.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from replkv.commands.cas import Cas
from replkv.commands.command import KeyCommand, StoreCommand
from replkv.commands.delete import Delete
from replkv.commands.results import Deleted, Found, NotFound, Stored, VersionMismatch
from replkv.commands.set import Set
from replkv.frontends.budget import Budget
from replkv.frontends.outbox import Outbox
from replkv.frontends.request import Request
from replkv.frontends.text.connection import TextProtocol
from replkv.frontends.text.server import ClientServerFactory

READ_SIZE = 65536


class MemoryBackend:
    """
    A store of one server, in memory. It carries commands out in the order in which they are answered.

    @ivar holding: whether requests are kept in C{held} instead of being answered at once.
    @ivar held: the requests that have no answer.
    @ivar seen: every command that was submitted, in order.
    """

    def __init__(self) -> None:
        self.holding = False
        self.held: deque[Request] = deque()
        self.seen: list[KeyCommand] = []
        self._values: dict[bytes, tuple[int, int, bytes]] = {}
        self._version = 0

    def submit(self, request: Request) -> None:
        """
        Answer C{request}, or hold it.
        """
        command = request.command
        assert isinstance(command, KeyCommand)
        self.seen.append(command)
        if self.holding:
            self.held.append(request)
        else:
            self.carryOut(request)

    def carryOut(self, request: Request) -> None:
        """
        Answer C{request} as a store would.
        """
        command = request.command
        assert isinstance(command, KeyCommand)
        record = self._values.get(command.key)
        if isinstance(command, StoreCommand):
            self._store(request, command, record)
        elif record is None:
            request.answer(NotFound())
        elif isinstance(command, Delete):
            del self._values[command.key]
            request.answer(Deleted())
        else:
            request.answer(Found(*record))

    def _store(self, request: Request, command: StoreCommand, record: tuple[int, int, bytes] | None) -> None:
        """
        Carry out a C{set} or a C{cas}.
        """
        if isinstance(command, Cas) and record is None:
            request.answer(NotFound())
        elif isinstance(command, Cas) and record is not None and record[0] != command.version:
            request.answer(VersionMismatch())
        else:
            assert isinstance(command, Set | Cas)
            self._version += 1
            self._values[command.key] = (self._version, command.exptime, command.value)
            request.answer(Stored(self._version))

    def answerHeld(self) -> None:
        """
        Carry out what is held, oldest first.
        """
        while self.held:
            self.carryOut(self.held.popleft())

    def statistics(self) -> dict[str, str]:
        """
        One line is enough.
        """
        return {"keys": str(len(self._values))}


class ClientEnd(StringTransport):
    """
    The client's end of a connection, and the transport between it and the server: input that the server does not
    read stays in it, output that the client does not read fills its buffer.

    @ivar protocol: the server's end.
    @ivar reads: whether the client reads what it is sent.
    @ivar unread: what the client has sent and the server has not read.
    @ivar ended: whether the client has shut down its writing side.
    @ivar endSeen: whether the server has come to the end of what the client sent.
    @ivar serverEnded: whether the server has shut down its writing side.
    @ivar lost: why the connection was lost, once it was.
    @ivar options: the socket's options that were set.
    """

    protocol: TextProtocol

    def __init__(self) -> None:
        super().__init__()
        self.reads = True
        self.unread = b""
        self.ended = False
        self.endSeen = False
        self.serverEnded = False
        self.lost: Failure | None = None
        self.options: dict[str, bool] = {}

    def send(self, data: bytes) -> None:
        """
        Send C{data}, of which the server reads as much as it wants to.
        """
        self.unread += data
        self.carry()

    def sendPieces(self, pieces: Iterable[bytes]) -> None:
        """
        Send pieces that arrive one by one.
        """
        for piece in pieces:
            self.send(piece)

    def shutdownWriting(self) -> None:
        """
        Send nothing more, but go on reading.
        """
        self.ended = True
        self.carry()

    def carry(self) -> None:
        """
        Carry to the server what it is willing to read.
        """
        while self.unread and self.producerState == "producing" and self.lost is None:
            piece, self.unread = self.unread[:READ_SIZE], self.unread[READ_SIZE:]
            self.protocol.dataReceived(piece)
        if self.ended and not (self.endSeen or self.unread or self.lost) and self.producerState == "producing":
            self.endSeen = True
            self.protocol.readConnectionLost()

    def read(self) -> bytes:
        """
        Read all that the server has written so far.
        """
        data: bytes = self.value()
        self.clear()
        if data and self.producer is not None:
            self.producer.resumeProducing()
        self.carry()
        return data

    def readAll(self) -> bytes:
        """
        Read until the server writes nothing more.
        """
        pieces = []
        while piece := self.read():
            pieces.append(piece)
        return b"".join(pieces)

    def write(self, data: bytes) -> None:
        """
        Take in what the server writes.
        """
        assert self.lost is None, "written to a lost connection"
        assert not self.serverEnded, "written after the end"
        super().write(data)
        if not self.reads and len(self.value()) > READ_SIZE and self.producer is not None:
            self.producer.pauseProducing()

    def resumeProducing(self) -> None:
        """
        The server reads on.
        """
        assert not self.endSeen, "nothing can be read after the end"
        super().resumeProducing()

    def loseWriteConnection(self) -> None:
        """
        The server writes nothing more.
        """
        self.serverEnded = True

    def loseConnection(self) -> None:
        """
        The server closes.
        """
        assert self.producer is None, "a transport does not close while it has a producer"
        self._lose(Failure(ConnectionDone()))

    def abortConnection(self) -> None:
        """
        The server closes without further ado.
        """
        self._lose(Failure(ConnectionAborted()))

    def disconnect(self) -> None:
        """
        The client closes.
        """
        self._lose(Failure(ConnectionDone()))

    def _lose(self, reason: Failure) -> None:
        """
        End the connection.
        """
        if self.lost is None:
            self.lost = reason
            self.protocol.connectionLost(reason)

    def setTcpNoDelay(self, enabled: bool) -> None:
        """
        Note the option.
        """
        self.options["nodelay"] = enabled

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """
        Note the option.
        """
        self.options["keepalive"] = enabled


class Served:
    """
    A server with a backend in memory, to which clients connect.
    """

    def __init__(
        self, maxValueBytes: int = 1024 * 1024, maxConnections: int = 1000, budget: Budget | None = None
    ) -> None:
        self.backend = MemoryBackend()
        self.clock = Clock()
        self.budget = Budget() if budget is None else budget
        self.outbox = Outbox()
        self.factory = ClientServerFactory(
            self.backend,
            self.outbox,
            self.backend.statistics,
            self.clock,
            maxValueBytes,
            maxConnections,
            self.budget,
        )

    def connect(self) -> ClientEnd:
        """
        Connect a client.
        """
        client = ClientEnd()
        protocol = self.factory.buildProtocol(None)
        assert isinstance(protocol, TextProtocol), "the client was refused"
        client.protocol = protocol
        protocol.makeConnection(client)
        return client

    def answer(self) -> None:
        """
        Answer what the backend holds, as a batch.
        """
        self.backend.answerHeld()
        self.outbox.flush()


def talk(data: bytes, maxValueBytes: int = 1024 * 1024) -> bytes:
    """
    Send C{data} to a fresh server.

    @return: its replies.
    """
    client = Served(maxValueBytes).connect()
    client.send(data)
    return client.readAll()
