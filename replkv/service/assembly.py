"""
All that a server is made of, put together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from replkv.config import Config, ServerConfig
from replkv.frontends.intake import Intake
from replkv.frontends.outbox import Outbox
from replkv.frontends.text.server import ClientServerFactory
from replkv.names import NameEndpoint, Names
from replkv.node.applier import Applier
from replkv.node.audit import Audit
from replkv.node.backups import Backups
from replkv.node.backupschedule import BackupSchedule
from replkv.node.compaction import Compaction
from replkv.node.diskqueue import DiskQueue
from replkv.node.diskspace import DiskSpace
from replkv.node.executor import Executor
from replkv.node.handovers import HandOvers
from replkv.node.installer import Installer
from replkv.node.leaderclock import LeaderClock
from replkv.node.logrepair import LogRepair
from replkv.node.node import Node
from replkv.node.shortages import Shortages
from replkv.node.snapshotfetcher import SnapshotFetcher
from replkv.node.snapshotsender import SnapshotSender
from replkv.node.statenotes import StateNotes
from replkv.node.statistics import NodeStatistics
from replkv.node.vouching import Vouching
from replkv.peers.identity import Identity
from replkv.peers.link import PeerLink
from replkv.peers.listener import PeerListener
from replkv.service.clockkeeper import ClockKeeper
from replkv.service.descriptors import Descriptors
from replkv.service.host import Host, Worker
from replkv.service.limits import ServerLimits
from replkv.service.recovery import openMachine, readClock, recover, startClock
from replkv.storage.backupfolder import BackupFolder
from replkv.storage.folder import DataFolder
from replkv.storage.log import LogStorage
from replkv.versions import Versions

PEER_TIMEOUT: Final = 2.0
"""
Seconds after which an attempt to connect to another server is given up.
"""


class Assembly:
    """
    The parts of a server, each made before what uses it. Nothing has begun when they are there.

    @ivar machine: the state machine, on the store.
    @ivar raft: the core, as the disk has left it.
    @ivar clock: the cluster's time.
    @ivar clockKeeper: stores it.
    @ivar links: the ways to the other servers, by id.
    @ivar diskSpace: how much room its disk has.
    @ivar shortages: which disks are nearly full.
    @ivar compaction: has the log begin later.
    @ivar snapshots: gives snapshots to other servers.
    @ivar installer: has this one go on from a snapshot.
    @ivar audit: has all servers compare what they hold.
    @ivar backupSchedule: makes backups by itself; C{None} if it is to make none.
    @ivar node: where all meet.
    @ivar statistics: how it is.
    @ivar peers: takes what other servers ask.
    @ivar clients: takes what clients ask.
    """

    def __init__(
        self,
        host: Host,
        config: Config,
        server: ServerConfig,
        folder: DataFolder,
        storage: LogStorage,
        descriptors: Descriptors,
        limits: ServerLimits,
        versions: Versions,
        logThread: Worker,
        storeThread: Worker,
        fileThread: Worker,
        backupThread: Worker | None,
        fail: Callable[[int, str], None],
    ) -> None:
        """
        @param versions: those that it speaks.
        @param logThread: in which the log is written.
        @param storeThread: in which the store is brought to the disk, and all else that is small is written.
        @param fileThread: in which the files of snapshots are read and written.
        @param backupThread: in which backups are made; C{None} if none are.
        @param fail: called once, with an exit status and a reason, when the server cannot go on.
        @raise EngineError: if the store cannot be opened, or does not go with the log.
        @raise CorruptLog: if the log is damaged.
        @raise LogFailed: if the disk fails.
        @raise Exhausted: if the system has no descriptor for the log's files.
        """
        reactor = host.reactor
        self.machine = openMachine(host, folder, descriptors.store, storage, limits, versions.newest)
        self.raft = recover(host, config, server, folder, storage, self.machine, limits)
        identity = Identity(server.id, config.cluster, self.raft.config.members, folder, storeThread.run, versions)
        names = Names(reactor)
        self.links = {
            peer: PeerLink(reactor, host.random, _address(host, names, config.server(peer)), peer, identity)
            for peer in self.raft.peers
        }
        record = readClock(folder)
        self.clock = startClock(host, record, self.machine, self.raft)
        # Nobody will tell it better to a server that is alone: this is to be stored at once. But what was stored before
        # the machine was booted is bridged by the wall clock, which may yet be set right.
        atOnce = not self.raft.peers and (record is None or record.isOf(host.bootId()))
        self.clockKeeper = ClockKeeper(host, folder, self.clock, storeThread, atOnce)
        leaderClock = LeaderClock(self.raft, self.machine, self.clock)
        handOvers = HandOvers(self.raft)
        self.diskSpace = DiskSpace(folder.files, folder.path, config.reserveBytes, fileThread.run, reactor, limits.node)
        members = self.raft.state.configuration
        self.shortages = Shortages(server.id, members, self.diskSpace, self.links, reactor, limits.node)
        executor = Executor(
            config,
            self.raft,
            self.machine,
            reactor,
            leaderClock,
            handOvers,
            identity.versions,
            self.shortages,
            limits.node,
        )
        outbox = Outbox()
        disk = DiskQueue(storage, logThread.run, storeThread.run, reactor, limits.node)
        vouching = Vouching(not self.raft.peers, reactor, limits.node)
        self.snapshots = SnapshotSender(
            self.machine,
            vouching,
            folder.files,
            folder.snapshotsPath,
            storeThread.run,
            fileThread.run,
            reactor,
            host.random,
            limits.node,
        )
        self.compaction = Compaction(self.raft, disk, self.snapshots.pinned, limits.node)
        notes = StateNotes(self.machine)
        applier = Applier(self.machine, executor, storeThread.run, self.compaction, notes, limits.node)
        fetcher = SnapshotFetcher(
            self.links,
            folder.files,
            storage.store + 1,
            folder.storePath,
            lambda path: host.openStore(path, descriptors.store),
            storeThread.run,
            fileThread.run,
            reactor,
            limits.node,
        )
        self.installer = Installer(
            self.raft,
            self.machine,
            applier,
            fetcher,
            self.snapshots,
            storage.store,
            folder.rememberWrong,
            storeThread.run,
            reactor,
        )
        self.node = Node(
            self.raft,
            executor,
            handOvers,
            applier,
            self.installer,
            disk,
            self.links,
            outbox,
            reactor,
            self.clock,
            self.shortages,
            LogRepair(self.raft, folder.forgetRepair, storeThread.run, reactor, limits.node),
            config.heartbeat,
            fail,
        )
        self.audit = Audit(
            self.raft, notes, self.snapshots, vouching, self.links, self.node.distrust, reactor, limits.node
        )
        self.backupSchedule: BackupSchedule | None = None
        if config.backup is not None and backupThread is not None:
            self.backupSchedule = BackupSchedule(
                config.backup,
                BackupFolder(folder.files, config.backup.to, server.id, folder.past.incarnation),
                self.machine,
                self.raft,
                vouching,
                self.clock,
                config.cluster,
                self.diskSpace,
                self.node.distrust,
                folder.files,
                folder.snapshotsPath,
                host.readStore,
                storeThread.run,
                backupThread.run,
                host.wallClock,
                reactor,
                limits.node,
            )
        self.peers = PeerListener(reactor, identity, self.node, self.snapshots, self.audit)
        self.statistics = NodeStatistics(
            self.raft,
            self.machine,
            executor,
            identity.refused,
            identity.versions,
            self.diskSpace,
            self.shortages,
            self.backupSchedule,
            reactor,
        )
        self.clients = ClientServerFactory(
            self.node,
            outbox,
            Intake(reactor, outbox, config.requestTimeout, limits.intake),
            self.statistics.values,
            Backups(self.machine, self.snapshots, config.cluster, server.id, self.clock),
            reactor,
            config.maxValueBytes,
            descriptors.clients,
            limits=limits.connection,
        )


def _address(host: Host, names: Names, server: ServerConfig) -> NameEndpoint:
    return NameEndpoint(host.reactor, names, server.hostname, server.logPort, PEER_TIMEOUT)
