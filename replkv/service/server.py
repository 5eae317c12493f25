"""
A server as a Twisted service: what a node needs around it, started and stopped in the right order.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import ReactorNotRunning
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from replkv import exits
from replkv.config import Config, ServerConfig
from replkv.hosts import isLoopback
from replkv.kv.engine import EngineError, EngineStarved
from replkv.kv.state import UnknownStore
from replkv.node.handovers import HandOverFailed
from replkv.service.assembly import Assembly
from replkv.service.descriptors import Descriptors
from replkv.service.differences import differences
from replkv.service.foundation import Foundation, Threads
from replkv.service.host import Host
from replkv.service.limits import SERVER_LIMITS, ServerLimits
from replkv.storage.errors import CorruptLog, LogFailed
from replkv.storage.files import Exhausted
from replkv.storage.folder import DataFolder
from replkv.storage.log import LogStorage
from replkv.versions import VERSIONS, Versions

DRAIN_TIMEOUT: Final = 5.0
"""
Seconds that clients have, when the server stops, to get the answers to what it has taken.
"""

HAND_OVER_TIMEOUT: Final = 2.0
"""
Seconds that a leader has, when it stops, to have another server lead in its place.
"""

MOVING_TIMEOUT: Final = 1.0
"""
Seconds that clients have, when another server leads, to be told so and to turn there. A connection that is closed while
a command is on its way leaves its client with a write of which nobody knows what came.
"""

ABORT_TIMEOUT: Final = 2.0
"""
Seconds that they have after that to take the last replies.
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
        versions: Versions = VERSIONS,
    ) -> None:
        """
        @param folder: the data folder, locked.
        @param storage: the log in it.
        @param descriptors: how many files it may have open, and what for.
        @param limits: how much it does and keeps at once.
        @param versions: the versions that it speaks with the other servers.
        """
        self.exitStatus = 0
        threads = Threads(host, config.backup is not None)
        self._on = Foundation(host, config, server, folder, storage, descriptors, limits, versions, threads)
        self._reactor = host.reactor
        self._clientPorts: list[IListeningPort] = []
        self._logPorts: list[IListeningPort] = []
        self._parts: Assembly | None = None  # There are some when the server has begun.

    def startService(self) -> None:
        """
        Open the store and begin. From here on the process does not fork any more: there are threads.
        """
        super().startService()
        try:
            self._begin()
        except (EngineError, CorruptLog, Exhausted, LogFailed) as error:
            self._reactor.callWhenRunning(self._fail, _statusOf(error), str(error))
        except Exception:
            # Raised from here, it would be for twistd to show, and the process would end with its status.
            self._broken(Failure())

    def _begin(self) -> None:
        if self._on.descriptors.clients < self._on.config.maxConnections:
            self._logger.warn(
                "the system allows so few open files that {clients} clients can connect at once, and not {wanted}, the "
                "MaxConnections: raise the limit (ulimit -Hn), or lower MaxConnections",
                clients=self._on.descriptors.clients,
                wanted=self._on.config.maxConnections,
            )
        parts = self._assemble()
        self._on.threads.start()
        parts.links.start()
        for listening in self._on.host.listenForServers(parts.peers):
            listening.addCallbacks(self._logPorts.append, self._notListening)
        for listening in self._on.host.listenForClients(parts.text):
            listening.addCallback(self._clientsListened, parts, "ClientPort").addErrback(self._notListening)
        for listening in self._on.host.listenForMemcached(parts.memcached):
            listening.addCallback(self._clientsListened, parts, "MemcachedPort").addErrback(self._notListening)
        wrong = self._on.folder.whyWrong(self._on.storage.store)
        if wrong is not None and parts.raft.peers:
            parts.node.distrust(wrong)
        parts.node.start()
        parts.snapshots.start()
        parts.diskSpace.start()
        parts.audit.start()
        if parts.backupSchedule is not None:
            parts.backupSchedule.start()
        # What the store has been opened with is on its disk. An idle cluster would not flush it again.
        parts.compaction.flushed(parts.machine.appliedIndex)
        parts.clockKeeper.start()
        self._parts = parts
        differing = differences(self._on.config, parts.raft.configuration)
        if differing:
            self._logger.warn("the members of the cluster count, and not the servers file: {lines}", lines=differing)
        self._sayThatItIsUp()

    def _sayThatItIsUp(self) -> None:
        server = self._on.server
        host = server.listen or server.hostname
        memcached = "" if server.memcachedPort is None else f", memcached's clients on {host}:{server.memcachedPort}"
        self._logger.info(
            "server {id} of cluster {cluster!r} is up: clients on {host}:{clientPort}, servers on {host}:{logPort}"
            "{memcached}",
            id=server.id,
            cluster=self._on.config.cluster,
            host=host,
            clientPort=server.clientPort,
            logPort=server.logPort,
            memcached=memcached,
        )

    def _assemble(self) -> Assembly:
        return Assembly(self._on, self._fail)

    def stopService(self) -> Deferred[None]:
        """
        Answer what was taken, bring all to the disk, and close.
        """
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        if self._parts is not None:
            await self._stopParts(self._parts)
        # Whatever the store said: threads that are left would keep the process from ending.
        await self._on.threads.stop()
        self._on.storage.close()
        self._on.folder.close()
        self._logger.info("server {id} has stopped", id=self._on.server.id)

    async def _stopParts(self, parts: Assembly) -> None:
        for port in self._clientPorts:
            await maybeDeferred(port.stopListening)
        # Else one that hands over while clients turn away from this one may have it lead.
        parts.raft.retire()
        await self._handOver(parts)
        await self._turnAway(parts)
        await self._drain(parts)
        parts.flusher.cancel()
        parts.audit.stop()
        if parts.backupSchedule is not None:
            parts.backupSchedule.stop()
        await parts.node.stop()
        for port in self._logPorts:
            await maybeDeferred(port.stopListening)
        parts.peers.close()
        await parts.links.stop()
        parts.diskSpace.stop()
        await parts.clockKeeper.stop()
        await parts.snapshots.stop()
        await parts.installer.close()
        for step in (parts.machine.flush, parts.machine.close):
            try:
                await self._on.threads.store.run(step)
            except EngineError as error:
                self._logger.error("{error}; what the store lacks is in the log", error=error)

    async def _handOver(self, parts: Assembly) -> None:
        """
        If this server leads, have another one lead. Where nobody takes over, it stops all the same.
        """
        if parts.raft.leaderId != self._on.server.id or not parts.raft.peers:
            return
        handed = Deferred.fromCoroutine(self._tryAll(parts))
        await handed.addTimeout(HAND_OVER_TIMEOUT, self._reactor, lambda *_: None)

    async def _tryAll(self, parts: Assembly) -> None:
        """
        Hand over to one server, or else to the next.
        """
        tried: set[int] = set()
        while parts.raft.leaderId == self._on.server.id:
            try:
                await parts.node.handOver("this one stops", tried)
            except HandOverFailed as error:
                if error.target is None:
                    self._logger.warn("this server stops without handing over: {error}", error=error)
                    return
                tried.add(error.target)

    async def _turnAway(self, parts: Assembly) -> None:
        """
        Have clients turn to the server that leads, or where one that was removed sends them.
        """
        leaderId = parts.raft.leaderId
        if leaderId != self._on.server.id and (leaderId is not None or parts.roster.refuge is not None):
            await parts.clients.whenEmpty().addTimeout(MOVING_TIMEOUT, self._reactor, lambda *_: None)

    async def _drain(self, parts: Assembly) -> None:
        """
        Have all that was taken answered, and the clients' connections closed: when there is a result, or, as the time
        is up, without one.
        """
        calls = [
            self._reactor.callLater(DRAIN_TIMEOUT, parts.node.giveUpRequests),
            self._reactor.callLater(DRAIN_TIMEOUT + ABORT_TIMEOUT, parts.clients.abortAll),
        ]
        await parts.clients.drain()
        for call in calls:
            if call.active():
                call.cancel()

    def terminate(self) -> None:
        """
        End the process in order, unless it is ending already.
        """
        with suppress(ReactorNotRunning):
            self._reactor.stop()

    def _clientsListened(self, port: IListeningPort, parts: Assembly, key: str) -> None:
        """
        Clients can connect. Those that come from the very address that they connect to are on this machine.

        @param key: what the servers file calls the port.
        """
        self._clientPorts.append(port)
        host = getattr(port.getHost(), "host", None)
        if host is None:
            return
        parts.clients.admission.localHosts.add(host)
        tls = self._on.config.clientTls
        isOpen = not parts.machine.users.areHeeded and (tls is None or not tls.verifiesClients)
        if isOpen and not isLoopback(host):
            self._logger.warn(
                "whoever reaches the {key} on {host} can read and write all keys, and have servers come and go: "
                "replkv user add NAME --admin ends that",
                key=key,
                host=host,
            )

    def _notListening(self, failure: Failure) -> None:
        """
        A port was there when the process began, and cannot be served now.
        """
        if failure.check(OSError):
            reason = f"the system does not let it take connections: {failure.getErrorMessage()}"
            self._reactor.callWhenRunning(self._fail, exits.SYSTEM, reason)
        else:
            self._broken(failure)

    def _broken(self, failure: Failure) -> None:
        """
        There is an error of this program.
        """
        self._logger.failure("an error in replkv itself", failure)
        reason = f"it has met an error of its own, which is logged above: {failure.value!r}"
        self._reactor.callWhenRunning(self._fail, exits.INTERNAL, reason)

    def _fail(self, status: int, reason: str) -> None:
        """
        This server cannot go on. That is told once: all its ports may have failed.
        """
        if self.exitStatus:
            return
        line = f"server {self._on.server.id} stops itself: {reason}"
        level = LogLevel.critical if status else LogLevel.info
        self._logger.emit(level, "{line}", line=line)
        self._on.host.complain(line)
        self.exitStatus = status
        self.terminate()


def _statusOf(error: Exception) -> int:
    """
    The status with which a server ends that cannot begin.
    """
    match error:
        case UnknownStore():
            return exits.CONFIGURATION
        case EngineStarved() | Exhausted():
            return exits.SYSTEM
    return exits.DISK
