"""
Servers that are no more than what a test has them answer, on simulated time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from replkv.bench.connection import Connection
from replkv.bench.dialect import Dialect
from replkv.client.address import Address
from tests.patience import patiently


class World:
    """
    Time, and all connections. Time passes only while the generator waits.

    @ivar now: the time.
    @ivar made: all connections that were ever begun, in their order.
    @ivar down: the servers that cannot be reached.
    @ivar respond: is asked what a server answers to what is sent to it: bytes, and after how many seconds they come;
        C{None} for nothing.
    """

    def __init__(self, dialect: Dialect, respond: Callable[[Address, bytes], tuple[bytes, float] | None]) -> None:
        self.now = 1000.0
        self.made: list[FakeConnection] = []
        self.down: set[Address] = set()
        self.respond = respond
        self._dialect = dialect
        self._rounds = patiently("the load is over")

    def clock(self) -> float:
        """
        Tell the time.
        """
        return self.now

    def connect(self, address: Address) -> FakeConnection:
        """
        Begin to connect.
        """
        connection = FakeConnection(self, address, len(self.made), self._dialect)
        self.made.append(connection)
        return connection

    def watch(self, connection: Connection) -> None:
        """
        See L{replkv.bench.waiter.Waiter.watch}.
        """

    def forget(self, connection: Connection) -> None:
        """
        See L{replkv.bench.waiter.Waiter.forget}.
        """

    def wait(self, seconds: float) -> Sequence[tuple[int, int]]:
        """
        See L{replkv.bench.waiter.Waiter.wait}.
        """
        next(self._rounds)
        living = [connection for connection in self.made if not connection.isClosed]
        self.now = max(self.now, min([self.now + seconds, *(connection.due for connection in living)]))
        return [(connection.number, 1) for connection in living if connection.due <= self.now]


class FakeConnection(Connection):
    """
    A connection of theirs.

    @ivar number: stands for its descriptor.
    @ivar isClosed: whether the generator has closed it.
    @ivar sent: what was sent, and when.
    """

    def __init__(self, world: World, address: Address, number: int, dialect: Dialect) -> None:
        self.address = address
        self.isOpen = False
        self.number = number
        self.isClosed = False
        self.sent: list[tuple[float, bytes]] = []
        self._world = world
        self._dialect = dialect
        self._coming: deque[tuple[float, bytes]] = deque()

    @property
    def due(self) -> float:
        """
        When there is something to be done.
        """
        return min([moment for moment, _ in self._coming] if self.isOpen else [0.0], default=float("inf"))

    @property
    def wantsToWrite(self) -> bool:
        """
        See L{Connection.wantsToWrite}.
        """
        return not self.isOpen

    def fileno(self) -> int:
        """
        See L{Connection.fileno}.
        """
        return self.number

    def advance(self) -> None:
        """
        See L{Connection.advance}.
        """
        if self.address in self._world.down:
            raise ConnectionRefusedError(111, "Connection refused")
        self.isOpen = True

    def send(self, data: bytes) -> None:
        """
        See L{Connection.send}.
        """
        self.sent.append((self._world.now, data))
        answer = self._world.respond(self.address, data)
        if answer is not None:
            # Answers come in their order.
            moment = max(self._world.now + answer[1], *(moment for moment, _ in self._coming), 0.0)
            self._coming.append((moment, answer[0]))

    def receive(self) -> Sequence[bytes]:
        """
        See L{Connection.receive}. An answer of no bytes is the end.
        """
        if not self._coming or self._coming[0][0] > self._world.now:
            raise BlockingIOError
        data = self._coming.popleft()[1]
        if not data:
            raise ConnectionResetError("closed by the server")
        return self._dialect.cut(data)[0]

    def close(self) -> None:
        """
        See L{Connection.close}.
        """
        self.isClosed = True
