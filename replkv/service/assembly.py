"""
All that a server is made of, put together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from replkv.frontends.admission import Admission
from replkv.frontends.clients import Clients
from replkv.frontends.door import Door
from replkv.frontends.intake import Intake
from replkv.frontends.memcached.dialect import MemcachedDialect
from replkv.frontends.memcached.flusher import Flusher
from replkv.frontends.outbox import Outbox
from replkv.frontends.text.dialect import TextDialect
from replkv.kv.machine import StateMachine
from replkv.names import NameEndpoint, Names
from replkv.node.access import Access
from replkv.node.applier import Applier
from replkv.node.audit import Audit
from replkv.node.autopilot import Autopilot
from replkv.node.backups import Backups
from replkv.node.backupschedule import BackupSchedule
from replkv.node.clusterclock import ClusterClock
from replkv.node.compaction import Compaction
from replkv.node.credibility import Credibility
from replkv.node.diskqueue import DiskQueue
from replkv.node.diskspace import DiskSpace
from replkv.node.executor import Executor
from replkv.node.forwarded import Forwarded
from replkv.node.forwarder import Forwarder
from replkv.node.handovers import HandOvers
from replkv.node.installer import Installer
from replkv.node.leaderclock import LeaderClock
from replkv.node.logins import Logins
from replkv.node.logrepair import LogRepair
from replkv.node.membership import Membership
from replkv.node.node import Node
from replkv.node.roster import Roster, rollOf
from replkv.node.shortages import Shortages
from replkv.node.snapshotfetcher import SnapshotFetcher
from replkv.node.snapshotsender import SnapshotSender
from replkv.node.statenotes import StateNotes
from replkv.node.statistics import NodeStatistics
from replkv.node.trail import Trail
from replkv.peers.identity import Identity
from replkv.peers.link import PeerLink
from replkv.peers.links import Links
from replkv.peers.listener import PeerListener
from replkv.raft.core import Raft
from replkv.raft.member import Address
from replkv.service.alternating import AlternatingEndpoint
from replkv.service.clockkeeper import ClockKeeper
from replkv.service.foundation import Foundation
from replkv.service.recovery import beginning, openMachine, readClock, recover, startClock
from replkv.storage.backupfolder import BackupFolder
from replkv.wire.memcached.words import Terms

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
    @ivar roster: who those are, and how.
    @ivar diskSpace: how much room its disk has.
    @ivar shortages: which disks are nearly full.
    @ivar compaction: has the log begin later.
    @ivar snapshots: gives snapshots to other servers.
    @ivar installer: has this one go on from a snapshot.
    @ivar audit: has all servers compare what they hold.
    @ivar backups: gives snapshots to operators.
    @ivar backupSchedule: makes backups by itself; C{None} if it is to make none.
    @ivar node: where all meet.
    @ivar statistics: how it is.
    @ivar peers: takes what other servers ask.
    @ivar clients: the clients, by whichever port they have come.
    @ivar text: takes those that speak the text protocol.
    @ivar flusher: removes all keys when clients of memcached's have said.
    @ivar memcached: takes those that speak memcached's.
    """

    def __init__(self, on: Foundation, fail: Callable[[int, str], None]) -> None:
        """
        @param on: what the server stands on.
        @param fail: called once, with an exit status and a reason, when the server cannot go on.
        @raise EngineError: if the store cannot be opened, or does not go with the log.
        @raise CorruptLog: if the log is damaged.
        @raise LogFailed: if the disk fails.
        @raise Exhausted: if the system has no descriptor for the log's files.
        """
        config, folder, storage, threads = on.config, on.folder, on.storage, on.threads
        reactor, limits = on.host.reactor, on.limits.node
        self.machine = openMachine(
            on.host, on.server.id, folder, on.descriptors.store, storage, on.limits, on.versions.newest
        )
        self.raft = recover(on.host, config, on.server, folder, storage, self.machine, on.limits)
        identity = Identity(on.server.id, config.cluster, rollOf(self.raft), folder, threads.store.run, on.versions)
        self.links = _links(on, identity)
        self.roster = Roster(self.raft, identity, self.links, reactor)
        autopilot = Autopilot(self.raft, self.roster, reactor, config.replaceAfter)
        membership = Membership(self.raft, self.roster, autopilot, reactor, config.electionTimeout)
        self.clock, self.clockKeeper = _clock(on, self.machine, self.raft)
        self.diskSpace = DiskSpace(folder.files, folder.path, config.reserveBytes, threads.files.run, reactor, limits)
        self.shortages = Shortages(self.raft, self.diskSpace, self.links, reactor, limits)
        outbox = Outbox()
        access = _access(on, self.machine)
        handOvers = HandOvers(self.raft)
        forwarder = Forwarder(self.raft, self.links, limits)
        executor = Executor(
            config,
            self.raft,
            self.machine,
            reactor,
            LeaderClock(self.raft, self.machine, self.clock),
            handOvers,
            identity.versions,
            self.shortages,
            access,
            self.roster,
            membership,
            forwarder,
            limits,
        )
        disk = DiskQueue(storage, threads.log.run, threads.log.write, threads.store.run, reactor, limits)
        self.snapshots = _snapshots(on, self.machine)
        self.compaction = Compaction(self.raft, disk, self.snapshots.pinned, limits)
        notes = StateNotes(self.machine)
        applier = Applier(self.machine, executor, threads.store.run, self.compaction, notes, limits)
        self.installer = Installer(
            self.raft,
            self.machine,
            applier,
            _fetcher(on, self.links),
            self.snapshots,
            storage.store,
            beginning(folder),
            folder.rememberWrong,
            threads.store.run,
            reactor,
        )
        self.node = Node(
            self.raft,
            Credibility(self.raft, on.versions.newest),
            executor,
            forwarder,
            access,
            handOvers,
            applier,
            self.installer,
            disk,
            self.links,
            self.roster,
            membership,
            outbox,
            reactor,
            on.host.afterEvents,
            self.clock,
            self.shortages,
            LogRepair(self.raft, folder.forgetRepair, threads.store.run, reactor, limits),
            config.heartbeat,
            fail,
        )
        distrust = self.node.distrust
        self.audit = Audit(self.raft, notes, self.snapshots, self.links, distrust, reactor, limits)
        self.backupSchedule = self._schedule(on)
        security = on.host.peerSecurity
        forwarded = Forwarded(self.raft, self.node, reactor, config.maxValueBytes, limits)
        self.peers = PeerListener(reactor, identity, self.node, self.snapshots, self.audit, forwarded, security)
        self.statistics = self._statistics(on, executor, forwarder, identity)
        self.backups = Backups(
            self.machine, self.snapshots, config.cluster, on.server.id, self.clock, reactor, config.requestTimeout
        )
        self.clients = self._clients(on, outbox)
        self.text = Door(self.clients, TextDialect(config.maxValueBytes))
        terms = Terms(config.maxValueBytes, on.host.wallClock)
        self.flusher = Flusher(self.node, reactor)
        self.memcached = Door(self.clients, MemcachedDialect(self.node, self.flusher, terms))

    def _statistics(
        self, on: Foundation, executor: Executor, forwarder: Forwarder, identity: Identity
    ) -> NodeStatistics:
        return NodeStatistics(
            self.raft,
            self.machine,
            executor,
            forwarder,
            self.roster,
            identity.refused,
            identity.versions,
            self.diskSpace,
            self.shortages,
            self.backupSchedule,
            lambda: on.host.certificateEnd,
            on.host.reactor,
        )

    def _clients(self, on: Foundation, outbox: Outbox) -> Clients:
        config, reactor = on.config, on.host.reactor
        return Clients(
            self.node,
            outbox,
            Intake(reactor, outbox, config.requestTimeout, on.limits.intake),
            self.statistics.values,
            self.roster.described,
            self.backups,
            reactor,
            Admission(on.descriptors.clients, config.maxConnectionsPerAddress),
            on.limits.memory,
            on.limits.connection,
            unreadSeconds=config.unreadTimeout,
            idleSeconds=config.idleTimeout,
        )

    def _schedule(self, on: Foundation) -> BackupSchedule | None:
        backup, thread, folder = on.config.backup, on.threads.backup, on.folder
        if backup is None or thread is None:
            return None
        return BackupSchedule(
            backup,
            BackupFolder(folder.files, backup.to, on.server.id, folder.past.incarnation),
            self.machine,
            self.raft,
            self.clock,
            on.config.cluster,
            self.diskSpace,
            self.node.distrust,
            folder.files,
            folder.snapshotsPath,
            on.host.readStore,
            on.threads.store.run,
            thread.run,
            on.host.wallClock,
            on.host.reactor,
            on.limits.node,
        )


def _access(on: Foundation, machine: StateMachine) -> Access:
    reactor, limits = on.host.reactor, on.limits.node
    trail = Trail(reactor)
    return Access(
        machine, Logins(on.threads.logins.run, reactor, trail, limits), trail, reactor, on.config.requestTimeout, limits
    )


def _links(on: Foundation, identity: Identity) -> Links:
    reactor, names, security = on.host.reactor, Names(on.host.reactor), on.host.peerSecurity

    addresses = {server.id: Address(server.hostname, server.clientPort, server.logPort) for server in on.config.servers}

    def link(peer: int, address: Address) -> PeerLink:
        places = dict.fromkeys((place.host, place.logPort) for place in (address, addresses.get(peer, address)))
        endpoint = AlternatingEndpoint(
            *(NameEndpoint(reactor, names, host, port, PEER_TIMEOUT) for host, port in places)
        )
        return PeerLink(reactor, on.host.random, security.connect(endpoint, peer), peer, address, identity, security)

    return Links(identity, addresses, link)


def _clock(on: Foundation, machine: StateMachine, raft: Raft) -> tuple[ClusterClock, ClockKeeper]:
    record = readClock(on.folder)
    clock = startClock(on.host, record, machine, raft)
    # Nobody will tell it better to a server that is alone: this is to be stored at once. But what was stored before the
    # machine was booted is bridged by the wall clock, which may yet be set right.
    atOnce = not raft.peers and (record is None or record.isOf(on.host.bootId()))
    return clock, ClockKeeper(on.host, on.folder, clock, on.threads.store, atOnce)


def _snapshots(on: Foundation, machine: StateMachine) -> SnapshotSender:
    return SnapshotSender(
        machine,
        on.folder.files,
        on.folder.snapshotsPath,
        on.threads.store.run,
        on.threads.files.run,
        on.host.reactor,
        on.host.random,
        on.limits.node,
    )


def _fetcher(on: Foundation, links: Mapping[int, PeerLink]) -> SnapshotFetcher:
    return SnapshotFetcher(
        links,
        on.folder.files,
        on.storage.store + 1,
        on.folder.storePath,
        lambda path: on.host.openStore(path, on.descriptors.store),
        on.threads.store.run,
        on.threads.files.run,
        on.host.reactor,
        on.limits.node,
    )
