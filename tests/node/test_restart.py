"""
Tests for going on from the disk, for the end of a node, and for what its operators read.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred

from replkv.commands.results import Stored, Unavailable
from replkv.node.limits import NodeLimits
from replkv.service.limits import ServerLimits
from replkv.testing import SimulatedServer
from replkv.testing.span import Span
from tests.logged import logged
from tests.node.cluster import Client, operations, valueAt
from tests.node.leading import LeaderTests


class RestartTests(LeaderTests):
    """
    Tests for going on from the disk.
    """

    def test_all(self) -> None:
        """
        All servers are killed at once: nothing that was answered is lost, and versions go on.
        """
        writes = [self.client.set(b"%d" % number, b"v%d" % number) for number in range(30)]
        self.cluster.run(0.1)
        self.assertTrue(all(write.result for write in writes))
        for server in self.cluster.servers:
            server.kill()
        for server in self.cluster.servers:
            server.start()
            self.assertEqual(server.machine.appliedIndex, 0)
        leader = self.cluster.leader()
        self.cluster.run(0.1)
        for server in self.cluster.servers:
            self.assertEqual([valueAt(server, b"%d" % number) for number in range(30)], [b"v%d" % n for n in range(30)])
        write = Client(leader).set(b"k", b"v")
        self.cluster.settle()
        self.assertEqual(write.result, Stored(35))

    def test_putBack(self) -> None:
        """
        A follower comes back with an older copy of its disk: its leader has no more to do with it, and
        the others go on.
        """
        follower = self.followers[0]
        self.client.set(b"a", b"v")
        self.cluster.run(0.1)
        copy = follower.copy()
        for number in range(20):
            self.client.set(b"%d" % number, b"v")
        self.cluster.run(0.1)
        follower.kill()
        follower.lose(copy)
        follower.start()
        self.cluster.run(0.5)
        self.assertEqual([server.condemned for server in self.cluster.servers], [False, True, False])
        self.assertEqual([server.status for server in self.cluster.servers], [None, None, None])
        write = self.client.set(b"k", b"v")
        self.cluster.settle()
        self.assertIsInstance(write.result, Stored)

    def test_lostConnection(self) -> None:
        """
        The core is told that a connection is lost, though nothing was asked on it: that server may come back as
        another process.
        """
        self.cluster.settle()
        lost: list[int] = []
        self.patch(self.leader.raft, "unreachable", lost.append)
        self.cluster.network.reset(self.leader.name, self.followers[0].name)
        self.assertEqual(lost, [1])

    def test_rest(self) -> None:
        """
        What the store had brought to the disk is not replayed.
        """
        self.begin(ServerLimits(node=NodeLimits(flushEntries=10)))
        for number in range(15):
            self.client.set(b"%d" % number, b"v")
            self.cluster.run(0.1)
        follower = self.followers[0]
        follower.kill()
        follower.start()
        self.assertEqual(follower.machine.appliedIndex, 10)
        self.cluster.run(0.3)
        self.assertEqual(follower.store.digest, self.leader.store.digest)


class StopTests(LeaderTests):
    """
    Tests for the end.
    """

    def stop(self, server: SimulatedServer) -> Deferred[None]:
        """
        Stop a server's node.
        """
        return Deferred.fromCoroutine(server.node.stop())

    def test_idle(self) -> None:
        """
        A node that has nothing to do stops at once, and leaves nothing behind.
        """
        cluster = self.start(1)
        cluster.leader()
        [server] = cluster.servers
        self.assertIsNone(self.successResultOf(self.stop(server)))
        stopped = server.service.stopService()
        cluster.settle()
        self.assertIsNone(self.successResultOf(stopped))
        self.assertEqual(server.service._reactor.getDelayedCalls(), [])
        self.assertEqual(Client(server).get(b"k").result, Unavailable())

    def test_writing(self) -> None:
        """
        It waits for the disk.
        """
        self.cluster.hold([self.leader])
        self.client.set(b"k", b"v")
        self.cluster.settle()
        stopped = self.stop(self.leader)
        self.cluster.settle()
        self.assertNoResult(stopped)
        self.cluster.hold([self.leader], False)
        self.cluster.settle()
        self.assertIsNone(self.successResultOf(stopped))
        self.assertEqual(self.leader.disk.lastIndex, 2)

    def test_busy(self) -> None:
        """
        A follower of a busy leader stops too: it does not wait for the disk to have nothing to do for once.
        """
        follower = self.followers[0]
        follower.pace.slow(Span(0.01, 0.01))
        self.client.set(b"k", b"v")
        self.cluster.settle()
        stopped = self.stop(follower)
        for _ in range(10):
            self.client.set(b"k", b"v")
            self.cluster.run(0.004)
        self.assertIsNone(self.successResultOf(stopped))

    def test_nothingAfter(self) -> None:
        """
        What comes after the end changes nothing.
        """
        self.assertIsNone(self.successResultOf(self.stop(self.leader)))
        before = operations(self.leader)
        self.assertEqual(self.client.set(b"k", b"v").result, Unavailable())
        self.cluster.run(1)
        self.assertEqual(operations(self.leader), before)
        self.assertIsNone(self.leader.status)


class LogTests(LeaderTests):
    """
    Tests for what operators read.
    """

    def setUp(self) -> None:
        """
        Listen before anything is said.
        """
        self.lines = logged(self)
        super().setUp()

    def told(self) -> list[str]:
        """
        What was said of leaders.
        """
        return [line for line in self.lines if "lead" in line]

    def test_elections(self) -> None:
        """
        A line for each change of leader on each server, and nothing while all is well.
        """
        self.cluster.run(0.1)
        self.assertEqual(
            self.told(),
            ["this server leads, in term 1", "server 0 leads, in term 1", "server 0 leads, in term 1"],
        )
        self.client.set(b"k", b"v")
        self.cluster.run(2)
        self.assertEqual(len(self.told()), 3)
        self.cluster.part(0)
        self.cluster.run(1)
        self.assertEqual(
            sorted(self.told()[3:]),
            sorted(
                [
                    "server 0 is no longer known to lead; electing",
                    "server 0 is no longer known to lead; electing",
                    "server 0 is no longer known to lead; electing",
                    "this server leads, in term 2",
                    "server 2 leads, in term 2",
                ]
            ),
        )
