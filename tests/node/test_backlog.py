"""
Tests for servers that are far behind with applying: what is committed waits on their disks, and not in memory.
"""

from __future__ import annotations

import errno
import gc
from weakref import ref

from twisted.internet.defer import Deferred, succeed

from replkv import exits
from replkv.commands.results import Stored
from replkv.node.installer import Installer
from replkv.node.limits import NodeLimits
from replkv.raft.limits import RaftLimits
from replkv.raft.outputs import Fetch
from replkv.service.limits import ServerLimits
from tests.node.cluster import Client, valueAt
from tests.node.leading import LeaderTests

MOST = 10_000
LIMITS = ServerLimits(RaftLimits(cacheBytes=MOST), node=NodeLimits(readBytes=2000, backlogBytes=2000))
SMALLEST = ServerLimits(RaftLimits(cacheBytes=0, readyEntries=1), node=NodeLimits(readBytes=1, backlogBytes=1))


class BacklogTests(LeaderTests):
    """
    Servers with little memory.
    """

    def write(self, count: int, client: Client | None = None) -> None:
        """
        Write that many values.
        """
        writes = [(client or self.client).set(b"%d" % number, bytes(100)) for number in range(count)]
        self.cluster.run(0.2)
        self.assertTrue(all(isinstance(write.result, Stored) for write in writes))

    def fetchNothing(self) -> None:
        """
        Have no server get a snapshot.
        """

        def refuse(installer: Installer, fetch: Fetch) -> Deferred[bool]:
            return succeed(False)

        self._fetch = self.patch(Installer, "fetch", refuse)

    def test_wrongState(self) -> None:
        """
        A server whose state is wrong, and that gets no snapshot, keeps no more in memory for it, and goes on to
        acknowledge: with one of the others away, writes go on. When it has a snapshot, it applies what its disk has
        beyond that.
        """
        self.begin(LIMITS)
        server, other = self.followers
        term = self.leader.raft.currentTerm
        self.write(20)
        self.fetchNothing()
        server.doubt()
        server.node.distrust("it is a test")
        self.cluster.part(other.id)
        for _ in range(5):
            self.write(100)
            self.assertLessEqual(server.raft.log.bytes, MOST)
            self.assertGreater(server.raft.log.lastIndex, 2 * MOST // 300)
        self.assertLess(server.raft.lastApplied, 50)
        self._fetch.restore()
        self.cluster.until(lambda: not server.raft.isDistrusted, "it has a snapshot")
        self.cluster.until(lambda: server.store.digest == self.leader.store.digest, "it has applied the rest")
        self.assertEqual(self.leader.raft.currentTerm, term)

    def test_fetchInVain(self) -> None:
        """
        A snapshot that is asked for in vain leaves nothing behind that waits for the collector: what the core gave out
        in that turn is as much as 8 MiB and more, and it is asked for again with each message of the leader.
        """
        server, other = self.followers
        for gone in (self.leader, other):
            gone.kill()
        self.cluster.settle()

        class GivenOut:
            pass

        def pump() -> ref[GivenOut]:
            given = GivenOut()
            self.assertFalse(self.successResultOf(server.node._installer.fetch(Fetch(self.leader.id, 1))))
            return ref(given)

        collects = gc.isenabled()
        gc.disable()
        try:
            self.assertIsNone(pump()())
        finally:
            if collects:
                gc.enable()

    def test_restart(self) -> None:
        """
        A server that starts, and has much in its log that its store lacks, takes but the last of it into memory. Where
        all are started, one of them leads, and what was written is there.
        """
        for limits, most in ((LIMITS, MOST), (SMALLEST, 500)):
            self.begin(limits)
            self.write(150)
            for server in self.cluster.servers:
                server.losePower()
            for server in self.cluster.servers:
                server.start()
                self.assertEqual((server.appliedIndex, server.raft.log.lastIndex >= 150), (0, True))
                self.assertLessEqual(server.raft.log.bytes, most)
            leader = self.cluster.leader()
            self.write(1, Client(leader))
            self.cluster.run(0.5)
            for server in self.cluster.servers:
                self.assertEqual(valueAt(server, b"149"), bytes(100))
                self.assertEqual(server.store.digest, leader.store.digest)

    def test_unreadable(self) -> None:
        """
        Where the disk does not give what is to be applied, the server stops: it can never go on.
        """
        self.begin(LIMITS)
        self.write(150)
        server = self.followers[0]
        server.losePower()
        server.start()
        server.failing = lambda kind, path: errno.EIO if kind == "read" else 0
        self.cluster.until(lambda: not server.isRunning, "it stops")
        self.assertEqual(server.status, exits.DISK)
        self.assertIn("Input/output error", server.complaint)
