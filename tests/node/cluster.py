"""
A simulated cluster, as tests of its nodes use it: messages arrive at once, and disks take no time unless they are held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twisted.trial.unittest import FailTest

from replkv.commands.cas import Cas
from replkv.commands.command import Command
from replkv.commands.delete import Delete
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.set import Set
from replkv.commands.touch import Touch
from replkv.frontends.session import Session
from replkv.service.limits import SERVER_LIMITS, ServerLimits
from replkv.testing import SimulatedCluster, SimulatedServer, Violation
from replkv.testing.cluster.cluster import PATIENCE
from replkv.testing.outcome import NotInTime
from replkv.testing.span import Span
from replkv.versions import VERSIONS, Versions
from tests.frontends.asked import Asked
from tests.network import settle


class Client:
    """
    A client's connection to a server: what it asks is submitted at once.

    @ivar session: what the node keeps of it.
    """

    def __init__(self, server: SimulatedServer, mayForward: bool = False) -> None:
        """
        @param mayForward: whether it has that server pass on what it asks.
        """
        self.session = Session("127.0.0.1")
        self._server = server
        self._mayForward = mayForward

    def set(self, key: bytes, value: bytes, exptime: int = 0, noreply: bool = False) -> Asked:
        """
        Store a value.
        """
        return self.ask(Set(key, exptime, value, noreply))

    def cas(self, key: bytes, version: int, value: bytes, exptime: int = 0) -> Asked:
        """
        Store a value in place of a version.
        """
        return self.ask(Cas(key, exptime, version, value, False))

    def get(self, key: bytes) -> Asked:
        """
        Ask for a value.
        """
        return self.ask(Get(key))

    def getm(self, key: bytes) -> Asked:
        """
        Ask for a value, and more.
        """
        return self.ask(Getm(key))

    def delete(self, key: bytes) -> Asked:
        """
        Remove a key.
        """
        return self.ask(Delete(key))

    def touch(self, key: bytes, exptime: int) -> Asked:
        """
        Give a key another expiry.
        """
        return self.ask(Touch(key, exptime))

    def ask(self, command: Command) -> Asked:
        """
        Ask for anything.
        """
        request = Asked(command, self.session, self._mayForward)
        self._server.node.submit(request)
        return request


class Cluster(SimulatedCluster):
    """
    Servers of which the first is the first to lead.
    """

    def __init__(
        self,
        size: int = 3,
        limits: ServerLimits = SERVER_LIMITS,
        wrong: Iterable[float] = (),
        versions: Versions = VERSIONS,
        started: Iterable[int] | None = None,
    ) -> None:
        """
        @param wrong: by how many seconds the servers are wrong about the time when they start.
        @param versions: the versions that they speak.
        @param started: the servers that are started; all, if C{None}.
        """
        super().__init__(size, segmentBytes=1 << 16, limits=limits, versions=versions)
        self.network.latency = Span(0.0, 0.0)
        self.network.fragmentation = 0.0
        self._apart: set[int] = set()
        self._hanging: dict[int, Callable[[], None]] = {}
        for server in self.servers:
            server.pace.seconds = server.loginPace.seconds = Span(0.0, 0.0)
            server.store.flushRate = 0.0
        for server, seconds in zip(self.servers, wrong, strict=False):
            server.resetClock(seconds)
        for number in range(size) if started is None else started:
            self.servers[number].start()

    def check(self) -> None:
        """
        What the judge finds is a failure of the test.
        """
        try:
            super().check()
        except Violation as violation:
            raise FailTest(str(violation)) from None

    def until(self, condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
        """
        What does not happen is a failure of the test.
        """
        try:
            super().until(condition, what, patience)
        except NotInTime as late:
            raise FailTest(str(late)) from None

    def settle(self) -> None:
        """
        Let all happen that happens without time passing.
        """
        settle(self.timeline, super().run)

    def run(self, seconds: float) -> None:
        """
        Let time pass.
        """
        super().run(seconds)
        self.settle()

    def part(self, *apart: int) -> None:
        """
        Let the network reach the other servers only.
        """
        self.partition([server.id for server in self.servers if server.id not in apart])
        self._apart = set(apart)

    def heal(self) -> None:
        """
        Let it reach all.
        """
        super().heal()
        self._apart = set()

    def leader(self, patience: float = 3.0) -> SimulatedServer:
        """
        Let time pass until one server that can be reached leads and has opened its term.
        """
        self.until(lambda: self._opened, "a server leads", patience)
        self.settle()
        return self._opened[0]

    @property
    def _opened(self) -> list[SimulatedServer]:
        reached = [server for server in self.servers if server.id not in self._apart and server.leads]
        return [each for each in reached if each.raft.log.term(each.appliedIndex) == each.raft.currentTerm]

    def hold(self, servers: Iterable[SimulatedServer], held: bool = True) -> None:
        """
        Have the disks of some servers stand still, or go on.
        """
        for server in servers:
            if held and server.id not in self._hanging:
                self._hanging[server.id] = server.pace.hang()
            elif not held and server.id in self._hanging:
                self._hanging.pop(server.id)()


def stopTicks(server: SimulatedServer) -> None:
    """
    Have a server count no more ticks; it does go on to answer.
    """
    server.node._ticks.stop()


def startTicks(server: SimulatedServer) -> None:
    """
    Have it count ticks again.
    """
    server.node._ticks.start()


def operations(server: SimulatedServer) -> int:
    """
    How many operations there have been on the files of a server's log.
    """
    path = server.service._on.folder.logPath
    return sum(name.startswith(path) for _, name in server.files.operations)


def valueAt(server: SimulatedServer, key: bytes) -> bytes | None:
    """
    What a server's own state machine holds.
    """
    record = server.machine.read(key)
    return None if record is None else record.value
