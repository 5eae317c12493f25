"""
Tests for a cluster whose servers speak different versions: a command that not all of them know is not in the log.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv import exits
from replkv.commands.results import NotUpgraded, Stored, Touched
from replkv.testing.cluster.server import SimulatedServer
from replkv.versions import VERSIONS, Versions
from tests.logged import logged
from tests.node.cluster import Client, Cluster

OLD = Versions(3, 3)


class MixedTests(SynchronousTestCase):
    """
    Tests for C{touch}, which servers know since version 4.
    """

    def begin(self, versions: Versions) -> None:
        """
        Three servers that speak these versions, one of which leads.
        """
        self.lines = logged(self)
        self.cluster = Cluster(versions=versions)
        self.addCleanup(self.cluster.close)

    def touch(self) -> object:
        """
        Store a key and touch it.

        @return: what comes of the latter.
        """
        leader = self.cluster.leader()
        client = Client(leader)
        stored, touched = client.set(b"k", b"v"), client.touch(b"k", 60)
        self.cluster.run(1)
        self.assertIsInstance(stored.result, Stored)
        return touched.result

    def install(self, server: SimulatedServer, versions: Versions) -> None:
        """
        Replace a server by one that speaks these versions.
        """
        server.kill()
        server.versions = versions
        server.start()
        self.cluster.until(lambda: server.links == [peer for peer in (0, 1, 2) if peer != server.id], "it is let in")
        self.cluster.run(1)

    def enabled(self) -> list[str]:
        """
        What the servers say of what all of them know.
        """
        return [server.service.assembly.statistics.values()["enabled_version"] for server in self.cluster.servers]

    def test_upgraded(self) -> None:
        """
        While servers are upgraded one after the other, it is refused, and nothing is proposed for it; when the last one
        is, it is carried out.
        """
        self.begin(OLD)
        for server in self.cluster.servers:
            self.assertEqual(self.touch(), NotUpgraded())
            self.assertEqual(self.enabled(), ["3", "3", "3"])
            self.install(server, VERSIONS)
        self.assertEqual(self.enabled(), ["4", "4", "4"])
        self.assertEqual(self.touch(), Touched())
        self.cluster.run(1)
        self.assertEqual({server.store.digest for server in self.cluster.servers}, {self.cluster.leader().store.digest})

    def test_notProposed(self) -> None:
        """
        What is refused leaves no entry behind, and does not hold up what comes after it.
        """
        self.begin(OLD)
        leader = self.cluster.leader()
        client = Client(leader)
        before = leader.raft.log.lastIndex
        touched, stored = client.touch(b"k", 60), client.set(b"k", b"v")
        self.assertEqual(touched.result, NotUpgraded())
        self.cluster.run(1)
        self.assertEqual(stored.result, Stored(before + 1))

    def test_neverMet(self) -> None:
        """
        A server that was never met may know nothing but the oldest: the operator is told which one it is, once.
        """
        self.lines = logged(self)
        self.cluster = Cluster(started=(0, 1))
        self.addCleanup(self.cluster.close)
        self.lines.clear()
        for _ in range(3):
            self.assertEqual(self.touch(), NotUpgraded())
        told = [line for line in self.lines if "ERR_UPGRADE" in line]
        self.assertEqual(
            told,
            [
                "touch is refused (ERR_UPGRADE) until all servers have said that they know it: upgrade, and start, "
                "server 2"
            ],
        )
        self.cluster.servers[2].start()
        self.cluster.run(1)
        self.assertEqual(self.touch(), Touched())

    def test_downButKnown(self) -> None:
        """
        A server that is down counts as what it said last, also for those that were started again since.
        """
        self.begin(VERSIONS)
        self.assertEqual(self.touch(), Touched())
        self.cluster.servers[2].kill()
        self.assertEqual(self.touch(), Touched())
        for server in self.cluster.servers[:2]:
            server.kill()
            server.start()
        self.assertEqual(self.touch(), Touched())

    def test_downAndOld(self) -> None:
        """
        So does one that is to be upgraded still.
        """
        self.begin(OLD)
        self.cluster.servers[2].kill()
        for server in self.cluster.servers[:2]:
            server.kill()
            server.versions = VERSIONS
            server.start()
        self.assertEqual(self.touch(), NotUpgraded())

    def test_putBack(self) -> None:
        """
        Where an upgrade is undone before it is complete, the rest of it enables nothing.
        """
        self.begin(OLD)
        first, second, third = self.cluster.servers
        for server, versions in ((first, VERSIONS), (second, VERSIONS), (first, OLD), (third, VERSIONS)):
            self.install(server, versions)
            self.assertEqual(self.touch(), NotUpgraded())
        self.install(first, VERSIONS)
        self.assertEqual(self.touch(), Touched())

    def test_unknownInLog(self) -> None:
        """
        A server that finds a command in its log which it does not know stops, and says what to do.
        """
        self.begin(VERSIONS)
        self.assertEqual(self.touch(), Touched())
        server = self.cluster.servers[2]
        server.kill()
        server.versions = OLD
        server.start()
        self.cluster.until(lambda: server.status is not None, "it stops")
        self.assertEqual(server.status, exits.CONFIGURATION)
        self.assertIn("a command of kind 5, which this version of replkv does not know", server.complaint)
