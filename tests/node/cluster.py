"""
A cluster of real nodes in memory. Messages lie in a queue until they are delivered, threads do their work when the
test lets them, and time passes when the test says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from random import Random

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from replkv.commands.cas import Cas
from replkv.commands.command import Command
from replkv.commands.delete import Delete
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.set import Set
from replkv.config import Config, ServerConfig
from replkv.frontends.session import Session
from replkv.kv.machine import StateMachine
from replkv.kv.memory import MemoryEngine
from replkv.node.clusterclock import ClusterClock
from replkv.node.diskqueue import DiskQueue
from replkv.node.node import TICKS_PER_HEARTBEAT, Node
from replkv.peers.receiver import Timed
from replkv.raft.config import RaftConfig
from replkv.raft.core import Raft
from replkv.raft.log import RaftLog
from replkv.storage.log import LogStorage
from replkv.testing.files import MemoryFiles
from tests.frontends.asked import Asked
from tests.patience import patiently

NOW = 1_700_000_000.0
"""
The time of day when a test begins, in seconds since the epoch.
"""

SEGMENT_BYTES = 1 << 16

YEAR = 365 * 24 * 3600.0


class Thread:
    """
    A thread that does its work when the test lets it.

    @ivar held: whether it stands still.
    """

    def __init__(self) -> None:
        self.held = False
        self._calls: deque[tuple[Callable[[], None], Deferred[None]]] = deque()

    def run(self, function: Callable[[], None]) -> Deferred[None]:
        """
        Have C{function} called.
        """
        self._calls.append((function, Deferred()))
        return self._calls[-1][1]

    @property
    def waiting(self) -> int:
        """
        How many calls have not been made.
        """
        return len(self._calls)

    def work(self) -> bool:
        """
        Make the first call that waits, held or not.

        @return: whether there was one.
        """
        if not self._calls:
            return False
        function, result = self._calls.popleft()
        try:
            function()
        except Exception:
            result.errback(Failure())
        else:
            result.callback(None)
        return True


class FixedTimeouts(Random):
    """
    Draws election timeouts so that server 0 is the first to time out, and after it the one with the largest id.
    """

    def __init__(self, serverId: int) -> None:
        super().__init__(serverId)
        self._serverId = serverId

    def randint(self, a: int, b: int) -> int:
        """
        Draw one.
        """
        return b - 2 * self._serverId if self._serverId else a


class Client:
    """
    A client's connection to a server: what it asks is submitted at once.

    @ivar session: what the node keeps of it.
    """

    def __init__(self, server: Server) -> None:
        self.session = Session()
        self._server = server

    def set(self, key: bytes, value: bytes, exptime: int = 0, noreply: bool = False) -> Asked:
        """
        Store a value.
        """
        return self._submit(Set(key, exptime, value, noreply))

    def cas(self, key: bytes, version: int, value: bytes, exptime: int = 0) -> Asked:
        """
        Store a value in place of a version.
        """
        return self._submit(Cas(key, exptime, version, value, False))

    def get(self, key: bytes) -> Asked:
        """
        Ask for a value.
        """
        return self._submit(Get(key))

    def getm(self, key: bytes) -> Asked:
        """
        Ask for a value, and more.
        """
        return self._submit(Getm(key))

    def delete(self, key: bytes) -> Asked:
        """
        Remove a key.
        """
        return self._submit(Delete(key))

    def _submit(self, command: Command) -> Asked:
        request = Asked(command, self.session)
        self._server.node.executor.submit(request)
        return request


class Link:
    """
    The way from one server to another.
    """

    def __init__(self, cluster: Cluster, sender: int, to: int) -> None:
        self._cluster = cluster
        self._sender = sender
        self._to = to

    def send(self, request: Timed) -> None:
        """
        Put a request on its way.
        """
        self._cluster.messages.append((self._sender, self._to, request))

    def condemn(self) -> None:
        """
        Take note of it.
        """
        self._cluster.condemned.append((self._sender, self._to))


class Server:
    """
    One server: its node and what that stands on.

    @ivar files: the disk.
    @ivar engine: the store.
    @ivar disk: the thread of the log.
    @ivar storeThread: the thread of the store.
    @ivar wrong: by how many seconds the time is wrong that it takes to be the cluster's when it starts.
    @ivar failures: with what statuses and reasons it has stopped itself.
    """

    def __init__(self, cluster: Cluster, config: Config, serverId: int) -> None:
        self.id = serverId
        self.files = MemoryFiles()
        self.engine = MemoryEngine()
        self.disk = Thread()
        self.storeThread = Thread()
        self.wrong = 0.0
        self.failures: list[tuple[int, str]] = []
        self._cluster = cluster
        self._config = config
        self._random = FixedTimeouts(serverId)
        self.start()

    def start(self) -> None:
        """
        Begin with what is on the disk.
        """
        storage = self.storage = LogStorage.open(self.files, "/log", Random(self.id), SEGMENT_BYTES)
        self.machine = StateMachine(self.engine)
        applied = self.machine.appliedIndex
        entries = storage.read(applied + 1, storage.lastIndex, 1 << 30) if applied < storage.lastIndex else []
        members = tuple(server.id for server in self._config.servers)
        ticks = round(self._config.electionTimeout / self._config.heartbeat * TICKS_PER_HEARTBEAT)
        raft = Raft(
            RaftConfig(self.id, members, ticks, TICKS_PER_HEARTBEAT),
            self._random,
            RaftLog(storage.termRuns, storage.lastIndex, entries),
            storage.term,
            storage.votedFor,
            applied,
        )
        clock = self._cluster.clock
        self.node = Node(
            self._config,
            self._config.server(self.id),
            raft,
            self.machine,
            lambda persisted, failed: DiskQueue(storage, self.disk.run, self.storeThread.run, persisted, failed, clock),
            self.storeThread.run,
            clock,
            ClusterClock(clock.seconds, round((NOW + clock.seconds() + self.wrong) * 1000)),
            lambda status, reason: self.failures.append((status, reason)),
        )
        self.node.links = {peer: Link(self._cluster, self.id, peer) for peer in members if peer != self.id}
        self.node.start()

    def pause(self) -> None:
        """
        Have it count no more ticks; it does go on to answer.
        """
        if self.node._ticking.running:
            self.node._ticking.stop()

    def resume(self) -> None:
        """
        Have it count ticks again.
        """
        if not self.node._ticking.running and not self.node._failed:
            self.node._ticking.start(self._config.heartbeat / TICKS_PER_HEARTBEAT, now=False)

    def crash(self, power: Random | None = None) -> None:
        """
        Lose the process: what was in its memory is gone. It is started again by L{start}.

        @param power: where the power is lost too, what of the unsynced writes the disk has.
        """
        self.node.links = {}
        self.pause()
        self.node._failed = True
        for other in self._cluster.servers:
            other.node.unreachable(self.id)
        self.files = self.files.afterKill() if power is None else self.files.afterPowerLoss(power)
        self.engine = self.engine.crash()
        self.disk, self.storeThread = Thread(), Thread()

    def restart(self, wrong: float) -> None:
        """
        Lose the process, and start another one.

        @param wrong: by how many seconds this one is wrong about the time.
        """
        self.crash()
        self.wrong = wrong
        self.start()

    def value(self, key: bytes) -> bytes | None:
        """
        What its own state machine holds.
        """
        record = self.machine.read(key)
        return None if record is None else record.value

    @property
    def leads(self) -> bool:
        """
        Whether it leads.
        """
        return self.node.raft.leaderId == self.id


class Cluster:
    """
    Several servers, and the network between them.

    @ivar clock: the time.
    @ivar messages: the requests on their way: who sent them, and to whom.
    @ivar apart: the servers that the network does not reach.
    @ivar condemned: which servers found that a peer lacks what it had acknowledged, and which one.
    """

    def __init__(self, size: int = 3, leaderWait: float = 2.0, requestTimeout: float = 5.0) -> None:
        self.clock = Clock()
        self.messages: deque[tuple[int, int, Timed]] = deque()
        self.apart: set[int] = set()
        self.condemned: list[tuple[int, int]] = []
        self._replies: deque[tuple[int, int, Timed]] = deque()
        servers = tuple(ServerConfig(number, f"host{number}", 9000 + number, 10000 + number) for number in range(size))
        config = Config("var", "replkv", servers, 0.05, 0.25, leaderWait, requestTimeout, 1 << 20, 10_000)
        self.servers = [Server(self, config, number) for number in range(size)]

    def settle(self) -> None:
        """
        Let all happen that happens without time passing: messages arrive, and threads that are not held work.
        """
        for _ in patiently("all is settled"):
            self.clock.advance(0)
            if not self._deliver() + self._work():
                break
        self.clock.advance(0)

    def run(self, seconds: float) -> None:
        """
        Let time pass, in steps of a tick.
        """
        for _ in range(round(seconds * 100)):
            self.clock.advance(0.01)
            self.settle()

    def leader(self) -> Server:
        """
        Let time pass until one server that can be reached leads and has opened its term.
        """
        for _ in range(300):
            for server in self.servers:
                if server.id not in self.apart and server.leads and self._hasOpened(server):
                    return server
            self.run(0.01)
        raise AssertionError("no server leads")

    def _hasOpened(self, server: Server) -> bool:
        raft = server.node.raft
        return raft.log.term(server.machine.appliedIndex) == raft.currentTerm

    def hold(self, servers: Iterable[Server], held: bool = True) -> None:
        """
        Have the disks of some servers stand still, or go on.
        """
        for server in servers:
            server.disk.held = held

    def _deliver(self) -> int:
        messages, self.messages = self.messages, deque()
        replies, self._replies = self._replies, deque()
        for sender, to, request in messages:
            if self.apart & {sender, to}:
                self.servers[sender].node.unreachable(to)
            else:
                answered = self.servers[to].node.requested(sender, request)
                answered.addCallback(self._answered, to, sender)
        for sender, to, reply in replies:
            if self.apart & {sender, to}:
                self.servers[to].node.unreachable(sender)
            else:
                self.servers[to].node.replied(sender, reply)
        return len(messages) + len(replies)

    def _answered(self, reply: Timed, sender: int, to: int) -> None:
        self._replies.append((sender, to, reply))

    def _work(self) -> int:
        worked = 0
        for server in self.servers:
            for thread in (server.disk, server.storeThread):
                if not thread.held:
                    worked += thread.work()
        return worked
