"""
What the tests of the client protocol stand on: a server with a backend in memory, on the simulated network.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import Final, cast

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime

from replkv.commands.auth import Auth
from replkv.commands.command import ChangeCommand, Command, DataCommand, ReadCommand
from replkv.commands.results import Done, Found, Item, KeyInfo, NoSnapshot, Result
from replkv.commands.state import Content, Head, State
from replkv.frontends.admission import Admission
from replkv.frontends.clients import Clients
from replkv.frontends.connection import ClientConnection
from replkv.frontends.door import Door
from replkv.frontends.intake import Intake
from replkv.frontends.limits import INTAKE_LIMITS, MEMORY_LIMITS, IntakeLimits, MemoryLimits
from replkv.frontends.memcached.dialect import MemcachedDialect
from replkv.frontends.memcached.flusher import Flusher
from replkv.frontends.outbox import Outbox
from replkv.frontends.request import Request
from replkv.frontends.text.dialect import TextDialect
from replkv.users.user import Login
from replkv.wire.memcached.words import Terms
from tests.network import FarEnd, Network, dial

SERVER: Final = "server"
"""
Where it is.
"""

PORT: Final = 9000
"""
Where it takes clients.
"""

MEMCACHED_PORT: Final = 11211
"""
Where it takes those of memcached's.
"""

NOW: Final = 1_000_000_000
"""
The seconds since the epoch when it starts.
"""

TIMEOUT: Final = 5.0
"""
The seconds that its commands may take.
"""


class MemoryBackend:
    """
    A store of one server, in memory. It carries commands out in the order in which they are answered.

    @ivar holding: whether requests are kept in C{held} instead of being answered at once.
    @ivar held: the requests that have no answer.
    @ivar seen: every command that was submitted, in order. Each login is taken for right.
    """

    def __init__(self) -> None:
        self.holding = False
        self.held: deque[Request] = deque()
        self.seen: list[Command] = []
        self._values: dict[bytes, tuple[int, int, bytes, int]] = {}
        self._version = 0
        self._index = 0

    def submit(self, request: Request) -> None:
        """
        Answer C{request}, or hold it.
        """
        command = request.command
        assert isinstance(command, DataCommand | Auth)
        self.seen.append(command)
        if self.holding:
            self.held.append(request)
        else:
            self.carryOut(request)

    def admits(self, request: Request) -> bool:
        """
        Let everybody do everything.
        """
        return True

    def carryOut(self, request: Request) -> None:
        """
        Answer C{request} as a store would.
        """
        command = request.command
        if isinstance(command, Auth):
            request.session.login = Login(command.user, 1)
            request.answer(Done())
            return
        if isinstance(command, ChangeCommand):
            self._index = self._version + 1
            request.answer(command.carryOut(cast(State, self), 0))
        else:
            assert isinstance(command, ReadCommand)
            request.answer(command.tell(_MemoryView(self._values)))

    # What commands are carried out on: see replkv.commands.state.State.

    def find(self, key: bytes) -> Head | None:
        """
        What a key has.
        """
        record = self._values.get(key)
        return None if record is None else Head(*record[:2])

    @property
    def index(self) -> int:
        """
        The version that what is written now gets.
        """
        return self._index

    @property
    def clock(self) -> int:
        """
        No time passes.
        """
        return 0

    def meet(self, keys: Iterable[bytes]) -> None:
        """
        All is at hand.
        """

    def walk(self, prefix: bytes, after: bytes) -> Generator[tuple[bytes, Head, int], None, None]:
        """
        The keys that begin so, and come after that one.
        """
        for key in sorted(self._values):
            if key.startswith(prefix) and key > after:
                version, deadline, value, _ = self._values[key]
                yield key, Head(version, deadline), len(value)

    def contentOf(self, key: bytes) -> Content:
        """
        What it holds.
        """
        _, _, value, flags = self._values[key]
        return Content(value, flags)

    def store(self, key: bytes, deadline: int, value: bytes, flags: int = 0) -> int:
        """
        Store a value.
        """
        self._version = self._index
        self._values[key] = (self._version, deadline, value, flags)
        return self._version

    def delete(self, key: bytes) -> None:
        """
        Delete a key.
        """
        del self._values[key]

    def answerHeld(self) -> None:
        """
        Carry out what is held, oldest first.
        """
        while self.held:
            self.carryOut(self.held.popleft())

    def members(self) -> bytes:
        """
        There are none.
        """
        return b""

    def statistics(self) -> dict[str, str]:
        """
        One line is enough.
        """
        return {"keys": str(len(self._values))}


class _MemoryView:
    """
    What reads see of it.
    """

    def __init__(self, values: Mapping[bytes, tuple[int, int, bytes, int]]) -> None:
        self._values = values

    def find(self, key: bytes) -> Item | None:
        """
        What a key holds.
        """
        if key not in self._values:
            return None
        version, deadline, value, flags = self._values[key]
        return Item(key, flags, version, deadline, value)

    def walk(self, prefix: bytes, after: bytes) -> Iterator[tuple[bytes, KeyInfo | None, int]]:
        """
        The keys that begin so, and come after that one.
        """
        for key in sorted(self._values):
            if key.startswith(prefix) and key > after:
                version, _, value, _ = self._values[key]
                yield key, KeyInfo(key, version, len(value)), len(value)


class NoBackups:
    """
    The L{BackupSource<replkv.frontends.request.BackupSource>} of a server that makes none, and has a piece of one.
    """

    def describe(self, least: int) -> Deferred[Result]:
        """
        There is none.
        """
        return succeed(NoSnapshot("there is none"))

    def piece(self, snapshot: int, file: int, offset: int) -> Deferred[Result]:
        """
        The piece says which one was asked for.
        """
        return succeed(Found(0, 0, b"%d %d %d" % (snapshot, file, offset)))


class Served:
    """
    A server with a backend in memory, to which clients connect.
    """

    def __init__(
        self,
        maxValueBytes: int = 1024 * 1024,
        maxConnections: int = 1000,
        memory: MemoryLimits = MEMORY_LIMITS,
        limits: IntakeLimits = INTAKE_LIMITS,
        turns: IReactorTime | None = None,
        maxPerAddress: int | None = None,
        idleSeconds: float | None = None,
        backend: MemoryBackend | None = None,
    ) -> None:
        """
        @param maxPerAddress: how many of the connections may be from one address; C{None} is all of them.
        @param limits: what all connections may have taken at once.
        @param turns: has the turns in which more is taken; C{None} where those come by themselves.
        """
        self.network = Network()
        self.process = self.network.process(SERVER)
        self.backend = MemoryBackend() if backend is None else backend
        self.outbox = Outbox()
        self.clients = Clients(
            self.backend,
            self.outbox,
            Intake(self.process if turns is None else turns, self.outbox, TIMEOUT, limits),
            self.backend.statistics,
            self.backend.members,
            NoBackups(),
            self.process,
            Admission(maxConnections, maxConnections if maxPerAddress is None else maxPerAddress),
            memory,
            idleSeconds=idleSeconds,
        )
        self.budget = self.clients.budget
        self.door = Door(self.clients, TextDialect(maxValueBytes))
        self.process.listenTCP(PORT, self.door)
        terms = Terms(maxValueBytes, lambda: NOW + self.process.seconds())
        self.process.listenTCP(
            MEMCACHED_PORT,
            Door(self.clients, MemcachedDialect(self.backend, Flusher(self.backend, self.process), terms)),
        )

    def connect(self, host: str = "client", port: int = PORT) -> FarEnd:
        """
        Connect a client.

        @param host: where it is.
        """
        client = self.begin(host, port)
        self.network.settle()
        return client

    def begin(self, host: str = "client", port: int = PORT) -> FarEnd:
        """
        Begin to connect a client.
        """
        client = FarEnd(self.network)
        dial(client, self.network.process(host), SERVER, port)
        return client

    def answer(self) -> None:
        """
        Answer what the backend holds, as a batch.
        """
        self.backend.answerHeld()
        self.outbox.flush()
        self.network.settle()


def protocolOf(client: FarEnd) -> ClientConnection:
    """
    What serves a client.
    """
    protocol = client.transport.other.protocol
    assert isinstance(protocol, ClientConnection)
    return protocol


def talk(data: bytes, maxValueBytes: int = 1024 * 1024) -> bytes:
    """
    Send C{data} to a fresh server.

    @return: its replies.
    """
    client = Served(maxValueBytes).connect()
    client.send(data)
    return client.taken()
