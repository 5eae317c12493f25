"""
A server as a Twisted service: what a node needs around it, started and stopped in the right order.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.error import ReactorNotRunning
from twisted.internet.interfaces import IListeningPort
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from replkv import exits
from replkv.config import Config, ServerConfig
from replkv.frontends.outbox import Outbox
from replkv.frontends.text.server import ClientServerFactory
from replkv.kv.engine import EngineError, EngineStarved
from replkv.kv.machine import StateMachine
from replkv.names import NameEndpoint, Names
from replkv.node.applier import Applier
from replkv.node.clusterclock import ClusterClock, bridged, largestStamp
from replkv.node.diskqueue import DiskQueue
from replkv.node.executor import Executor
from replkv.node.leaderclock import LeaderClock
from replkv.node.node import TICKS_PER_HEARTBEAT, Node
from replkv.node.statistics import NodeStatistics
from replkv.peers.identity import Identity
from replkv.peers.link import PeerLink
from replkv.peers.listener import PeerListener
from replkv.raft.config import RaftConfig
from replkv.raft.core import Raft
from replkv.raft.entry import Entry
from replkv.raft.log import RaftLog
from replkv.service.descriptors import Descriptors
from replkv.service.host import Host
from replkv.service.limits import SERVER_LIMITS, ServerLimits
from replkv.storage.clockrecord import ClockRecord
from replkv.storage.errors import CorruptLog, LogFailed
from replkv.storage.files import Exhausted
from replkv.storage.folder import DataFolder
from replkv.storage.log import LogStorage

DRAIN_TIMEOUT: Final = 5.0
"""
Seconds that clients have, when the server stops, to get the answers to what it has taken.
"""

ABORT_TIMEOUT: Final = 2.0
"""
Seconds that they have after that to take the last replies.
"""

FIRST_ELECTION_FACTOR: Final = 10
"""
On the first start of a cluster, the server with the lowest id stands for election so many times earlier than the
others, which take over if it is not there.
"""

CLOCK_INTERVAL: Final = 10.0
"""
Seconds between two readings of the clocks that are stored. After a loss of power, it matters whether the wall clock was
set since the last one.
"""

PEER_TIMEOUT: Final = 2.0
"""
Seconds after which an attempt to connect to another server is given up.
"""


class Server(Service):
    """
    One server of the cluster.

    @ivar exitStatus: with what the process is to end; 0 unless the server stopped itself.
    """

    _logger = Logger()

    def __init__(
        self,
        host: Host,
        config: Config,
        server: ServerConfig,
        folder: DataFolder,
        storage: LogStorage,
        descriptors: Descriptors,
        limits: ServerLimits = SERVER_LIMITS,
    ) -> None:
        """
        @param folder: the data folder, locked.
        @param storage: the log in it.
        @param descriptors: how many files it may have open, and what for.
        @param limits: how much it does and keeps at once.
        """
        self.exitStatus = 0
        self._host = host
        self._reactor = host.reactor
        self._config = config
        self._server = server
        self._folder = folder
        self._storage = storage
        self._descriptors = descriptors
        self._limits = limits
        self._logThread = host.worker("log")
        self._storeThread = host.worker("store")
        self._clientPorts: list[IListeningPort] = []
        self._logPorts: list[IListeningPort] = []
        self._links: dict[int, PeerLink] = {}
        # There is one when the server has begun.
        self._machine: StateMachine | None = None
        self._clockTending = LoopingCall(self._tendClock)
        self._clockTending.clock = host.reactor
        self._clockWritten: tuple[bool, int] | None = self._clockDue(isMeasured=False)
        self._clockFails = False

    def startService(self) -> None:
        """
        Open the store and begin. From here on the process does not fork any more: there are threads.
        """
        super().startService()
        try:
            self._begin()
        except (EngineError, CorruptLog, Exhausted, LogFailed) as error:
            status = exits.SYSTEM if isinstance(error, EngineStarved | Exhausted) else exits.DISK
            self._reactor.callWhenRunning(self._fail, status, str(error))
        except Exception as error:
            # Raised from here, it would be for twistd to show, and the process would end with its status.
            self._logger.failure("an error in replkv itself")
            reason = f"it has met an error of its own, which is logged above: {error!r}"
            self._reactor.callWhenRunning(self._fail, exits.INTERNAL, reason)

    def _begin(self) -> None:
        if self._descriptors.clients < self._config.maxConnections:
            self._logger.warn(
                "the system allows so few open files that {clients} clients can connect at once, and not {wanted}, the "
                "MaxConnections: raise the limit (ulimit -Hn), or lower MaxConnections",
                clients=self._descriptors.clients,
                wanted=self._config.maxConnections,
            )
        machine = StateMachine(
            self._host.openStore(self._folder.storePath, self._descriptors.store), self._limits.machine
        )
        raft = self._recover(machine)
        self._logThread.start()
        self._storeThread.start()
        identity = Identity(
            self._server.id, self._config.cluster, raft.config.members, self._folder, self._storeThread.run
        )
        self._links = self._makeLinks(raft, identity)
        self._makeNode(machine, raft, identity)
        self._peers = PeerListener(self._reactor, identity, self._node)
        for link in self._links.values():
            link.startService()
        for listening in self._host.listenForServers(self._peers):
            listening.addCallback(self._logPorts.append)
        for listening in self._host.listenForClients(self._clients):
            listening.addCallback(self._clientPorts.append)
        self._node.start()
        self._clockTending.start(1.0, now=self._clockWritten is None)
        self._machine = machine
        self._logger.info(
            "server {id} of cluster {cluster!r} is up: clients on {host}:{clientPort}, servers on {host}:{logPort}",
            id=self._server.id,
            cluster=self._config.cluster,
            host=self._server.listen or self._server.hostname,
            clientPort=self._server.clientPort,
            logPort=self._server.logPort,
        )

    def _makeLinks(self, raft: Raft, identity: Identity) -> dict[int, PeerLink]:
        names = Names(self._reactor)
        links = {}
        for peer in raft.peers:
            other = self._config.server(peer)
            address = NameEndpoint(self._reactor, names, other.hostname, other.logPort, PEER_TIMEOUT)
            links[peer] = PeerLink(self._reactor, self._host.random, address, peer, identity)
        return links

    def _makeNode(self, machine: StateMachine, raft: Raft, identity: Identity) -> None:
        """
        Make the node, and what clients talk to.
        """
        reactor, config, limits = self._reactor, self._config, self._limits
        outbox = Outbox()
        self._clusterClock = self._startClock(machine, raft)
        leaderClock = LeaderClock(raft, machine, self._clusterClock)
        executor = Executor(config, raft, machine, reactor, leaderClock, limits.node)
        self._node = Node(
            raft,
            executor,
            Applier(machine, executor, self._storeThread.run, limits.node),
            DiskQueue(self._storage, self._logThread.run, self._storeThread.run, reactor, limits.node),
            self._links,
            outbox,
            reactor,
            self._clusterClock,
            config.heartbeat,
            self._fail,
        )
        statistics = NodeStatistics(raft, machine, executor, identity.refused, reactor)
        self._clients = ClientServerFactory(
            self._node,
            outbox,
            statistics.values,
            reactor,
            config.maxValueBytes,
            self._descriptors.clients,
            limits=limits.connection,
        )

    def stopService(self) -> Deferred[None]:
        """
        Answer what was taken, bring all to the disk, and close.
        """
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        if self._machine is not None:
            for port in self._clientPorts:
                await maybeDeferred(port.stopListening)
            await self._drain()
            await self._node.stop()
            for port in self._logPorts:
                await maybeDeferred(port.stopListening)
            self._peers.close()
            for link in self._links.values():
                await link.stopService()
            self._clockTending.stop()
            await self._writeClock()
            for step in (self._machine.flush, self._machine.close):
                try:
                    await self._storeThread.run(step)
                except EngineError as error:
                    self._logger.error("{error}; what the store lacks is in the log", error=error)
        # Whatever the store said: threads that are left would keep the process from ending.
        self._logThread.stop()
        self._storeThread.stop()
        self._storage.close()
        self._folder.close()
        self._logger.info("server {id} has stopped", id=self._server.id)

    async def _drain(self) -> None:
        """
        Have all that was taken answered, and the clients' connections closed: when there is a result, or, as the time
        is up, without one.
        """
        calls = [
            self._reactor.callLater(DRAIN_TIMEOUT, self._node.giveUpRequests),
            self._reactor.callLater(DRAIN_TIMEOUT + ABORT_TIMEOUT, self._clients.abortAll),
        ]
        await self._clients.drain()
        for call in calls:
            if call.active():
                call.cancel()

    def terminate(self) -> None:
        """
        End the process in order, unless it is ending already.
        """
        with suppress(ReactorNotRunning):
            self._reactor.stop()

    def _recover(self, machine: StateMachine) -> Raft:
        """
        Put the core together from what is on the disk.

        @raise EngineError: if the store does not go with the log.
        @raise CorruptLog: if the log is damaged.
        @raise LogFailed: if the disk fails.
        """
        storage = self._storage
        if machine.appliedIndex > storage.lastIndex:
            raise EngineError(
                f"the store in {self._folder.storePath} has applied entry {machine.appliedIndex}, but the log ends "
                f"at {storage.lastIndex}: the log has lost entries, and this server must not go on"
            )
        if storage.cutBytes:
            self._logger.info("cut {bytes} bytes off the log: a write that was not finished", bytes=storage.cutBytes)
        entries: list[Entry] = []
        while machine.appliedIndex + len(entries) < storage.lastIndex:
            first = machine.appliedIndex + len(entries) + 1
            entries.extend(storage.read(first, storage.lastIndex, self._limits.node.readBytes))
        members = tuple(sorted(server.id for server in self._config.servers))
        return Raft(
            RaftConfig(
                self._server.id,
                members,
                electionTicks=round(self._config.electionTimeout / self._config.heartbeat * TICKS_PER_HEARTBEAT),
                heartbeatTicks=TICKS_PER_HEARTBEAT,
                firstElectionFactor=1 if self._server.id == members[0] else FIRST_ELECTION_FACTOR,
                limits=self._limits.raft,
            ),
            self._host.random,
            RaftLog(storage.termRuns, storage.lastIndex, entries, limits=self._limits.raft),
            storage.term,
            storage.votedFor,
            machine.appliedIndex,
        )

    def _startClock(self, machine: StateMachine, raft: Raft) -> ClusterClock:
        """
        Go on with the cluster's time from what was stored of it.
        """
        record = None
        try:
            record = self._folder.readClock()
        except (ValueError, OSError) as error:
            self._logger.warn(
                "{error}; until a leader tells the time, it goes on from the log's last entry", error=error
            )
        stamp = largestStamp(machine.clock, raft.log.entries(machine.appliedIndex + 1, raft.log.lastIndex))
        host = self._host
        if not raft.peers and (record is None or record.isOf(host.bootId())):
            # Nobody will tell it better: this is to be stored at once. But what was stored before the machine was
            # booted is bridged by the wall clock, which may yet be set right.
            self._clockWritten = None
        time = bridged(record, host.wallClock(), host.bootTime(), host.bootId(), stamp)
        hasCountedOn = record is not None and record.isKnown and record.isOf(host.bootId())
        return ClusterClock(host.bootTime, time, hasCountedOn)

    def _clockDue(self, isMeasured: bool) -> tuple[bool, int]:
        """
        What changes when the clocks' readings are to be stored: whenever enough time has passed, and as soon as this
        server does not merely guess the time any more.
        """
        return isMeasured, int(self._reactor.seconds() // CLOCK_INTERVAL)

    def _tendClock(self) -> Deferred[None]:
        due = self._clockDue(self._clusterClock.isMeasured)
        if due == self._clockWritten:
            return succeed(None)
        self._clockWritten = due
        return self._writeClock()

    def _writeClock(self) -> Deferred[None]:
        """
        Store what the clocks say.
        """
        host = self._host
        clock = self._clusterClock
        record = ClockRecord(clock.now(), host.wallClock(), host.bootTime(), host.bootId(), clock.isKnown)
        written = self._storeThread.run(lambda: self._folder.writeClock(record))
        return written.addCallbacks(self._clockStored, self._clockNotStored)

    def _clockStored(self, _: None) -> None:
        self._clockFails = False

    def _clockNotStored(self, failure: Failure) -> None:
        """
        The disk is full, say. Nothing depends on it before the next start, and then not much.
        """
        failure.trap(OSError)
        if not self._clockFails:
            self._clockFails = True
            self._logger.warn(
                "the cluster's time cannot be stored, so that keys may live longer when all servers are stopped: "
                "{reason}",
                reason=failure.getErrorMessage(),
            )

    def _fail(self, status: int, reason: str) -> None:
        """
        This server cannot go on.
        """
        line = f"server {self._server.id} stops itself: {reason}"
        self._logger.critical("{line}", line=line)
        self._host.complain(line)
        self.exitStatus = status
        self.terminate()
