"""
A cluster of real nodes in memory. Messages lie in a queue until they are delivered, threads do their work when the
test lets them, and time passes when the test says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from random import Random

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from replkv.commands.cas import Cas
from replkv.commands.command import Command
from replkv.commands.delete import Delete
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.set import Set
from replkv.commands.touch import Touch
from replkv.config import Config, ServerConfig
from replkv.frontends.outbox import Outbox
from replkv.frontends.session import Session
from replkv.kv.machine import StateMachine
from replkv.kv.memory import MemoryEngine
from replkv.node.applier import Applier
from replkv.node.clusterclock import ClusterClock
from replkv.node.diskqueue import DiskQueue
from replkv.node.executor import Executor
from replkv.node.leaderclock import LeaderClock
from replkv.node.node import TICKS_PER_HEARTBEAT, Node
from replkv.node.statistics import NodeStatistics
from replkv.peers.receiver import Timed, Unreachable
from replkv.raft.config import RaftConfig
from replkv.raft.core import Raft
from replkv.raft.log import RaftLog
from replkv.service.limits import SERVER_LIMITS, ServerLimits
from replkv.storage.log import LogStorage
from replkv.testing.files import MemoryFiles
from tests.frontends.asked import Asked
from tests.node.thread import Thread
from tests.patience import patiently

NOW = 1_700_000_000.0
"""
The time of day when a test begins, in seconds since the epoch.
"""

SEGMENT_BYTES = 1 << 16

YEAR = 365 * 24 * 3600.0


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

    def touch(self, key: bytes, exptime: int) -> Asked:
        """
        Give a key another expiry.
        """
        return self._submit(Touch(key, exptime))

    def _submit(self, command: Command) -> Asked:
        request = Asked(command, self.session)
        self._server.node.submit(request)
        return request


class Link:
    """
    The way from one server to another.
    """

    def __init__(self, cluster: Cluster, sender: int, to: int) -> None:
        self._cluster = cluster
        self._sender = sender
        self._to = to
        self._whenLost: list[Deferred[None]] = []

    def send(self, request: Timed) -> Deferred[Timed]:
        """
        Put a request on its way.
        """
        reply: Deferred[Timed] = Deferred()
        self._cluster.requests.append((self._sender, self._to, request, reply))
        return reply

    def whenLost(self) -> Deferred[None]:
        """
        Fires when L{lose} is called.
        """
        waiting: Deferred[None] = Deferred()
        self._whenLost.append(waiting)
        return waiting

    def lose(self) -> None:
        """
        The connection is lost, with nothing on its way.
        """
        waiting, self._whenLost = self._whenLost, []
        for deferred in waiting:
            deferred.callback(None)

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
    @ivar links: its ways to the others.
    @ivar refused: the servers that it does not let in, as it is told.
    @ivar outbox: is flushed when it has answered.
    @ivar statistics: tells its numbers.
    @ivar wrong: by how many seconds the time is wrong that it takes to be the cluster's when it starts.
    @ivar failures: with what statuses and reasons it has stopped itself.
    """

    def __init__(self, cluster: Cluster, config: Config, serverId: int) -> None:
        self.id = serverId
        self.files = MemoryFiles()
        self.engine = MemoryEngine()
        self.disk = Thread()
        self.storeThread = Thread()
        self.refused: set[int] = set()
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
        limits = self._cluster.limits
        self.machine = StateMachine(self.engine, limits.machine)
        applied = self.machine.appliedIndex
        entries = storage.read(applied + 1, storage.lastIndex, 1 << 30) if applied < storage.lastIndex else []
        members = tuple(server.id for server in self._config.servers)
        ticks = round(self._config.electionTimeout / self._config.heartbeat * TICKS_PER_HEARTBEAT)
        raft = Raft(
            RaftConfig(self.id, members, ticks, TICKS_PER_HEARTBEAT, limits=limits.raft),
            self._random,
            RaftLog(storage.termRuns, storage.lastIndex, entries, limits=limits.raft),
            storage.term,
            storage.votedFor,
            applied,
        )
        clock = self._cluster.clock
        clusterClock = ClusterClock(clock.seconds, round((NOW + clock.seconds() + self.wrong) * 1000))
        leaderClock = LeaderClock(raft, self.machine, clusterClock)
        executor = Executor(self._config, raft, self.machine, clock, leaderClock, limits.node)
        self.links = {peer: Link(self._cluster, self.id, peer) for peer in members if peer != self.id}
        self.outbox = Outbox()
        self.node = Node(
            raft,
            executor,
            Applier(self.machine, executor, self.storeThread.run, limits.node),
            DiskQueue(storage, self.disk.run, self.storeThread.run, clock, limits.node),
            self.links,
            self.outbox,
            clock,
            clusterClock,
            self._config.heartbeat,
            lambda status, reason: self.failures.append((status, reason)),
        )
        self.statistics = NodeStatistics(raft, self.machine, executor, self.refused, clock)
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
        self.pause()
        self.node._failed = True
        for other in self._cluster.servers:
            if other is not self:
                other.links[self.id].lose()
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
    @ivar requests: those on their way: who sent them, to whom, and what fires with the replies.
    @ivar apart: the servers that the network does not reach.
    @ivar limits: how much the servers do and keep at once.
    @ivar condemned: which servers found that a peer lacks what it had acknowledged, and which one.
    """

    def __init__(
        self,
        size: int = 3,
        leaderWait: float = 2.0,
        requestTimeout: float = 5.0,
        limits: ServerLimits = SERVER_LIMITS,
    ) -> None:
        self.clock = Clock()
        self.requests: deque[tuple[int, int, Timed, Deferred[Timed]]] = deque()
        self.apart: set[int] = set()
        self.condemned: list[tuple[int, int]] = []
        self.limits = limits
        self._replies: deque[tuple[int, int, Timed, Deferred[Timed]]] = deque()
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
        requests, self.requests = self.requests, deque()
        replies, self._replies = self._replies, deque()
        for sender, to, request, asked in requests:
            if self.apart & {sender, to}:
                asked.errback(Unreachable())
            else:
                self.servers[to].node.requested(sender, request).addCallback(self._answered, to, sender, asked)
        for sender, to, reply, asked in replies:
            if self.apart & {sender, to}:
                asked.errback(Unreachable())
            else:
                asked.callback(reply)
        return len(requests) + len(replies)

    def _answered(self, reply: Timed, sender: int, to: int, asked: Deferred[Timed]) -> None:
        self._replies.append((sender, to, reply, asked))

    def _work(self) -> int:
        worked = 0
        for server in self.servers:
            for thread in (server.disk, server.storeThread):
                if not thread.held:
                    worked += thread.work()
        return worked
