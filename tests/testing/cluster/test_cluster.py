"""
Tests for L{replkv.testing.SimulatedCluster}, as a user of it has it.
"""

from __future__ import annotations

import gc

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol
from twisted.logger import Logger
from twisted.trial.unittest import SynchronousTestCase

from replkv.client.errors import VersionMismatch
from replkv.testing import SimulatedCluster, Violation, disturb
from tests.testing.cluster.clusters import ClusterCase


class UseTests(ClusterCase):
    """
    Tests for what a user does with a healthy cluster.
    """

    def test_example(self) -> None:
        """
        The example of the documentation works.
        """
        with SimulatedCluster(3, seed=7) as cluster:
            client = cluster.client()
            version = cluster.result(client.set(b"color", b"green"))
            cluster.leader().kill()
            self.assertEqual(cluster.result(client.get(b"color")), b"green")
            self.assertGreater(version, 0)

    def test_sizes(self) -> None:
        """
        A cluster may be of any size; one server alone leads itself.
        """
        for size in (1, 2, 5):
            with SimulatedCluster(size, seed=1) as cluster:
                self.assertEqual(cluster.result(cluster.client().get(b"k")), None)
                self.assertEqual(len(cluster.servers), size)

    def test_result(self) -> None:
        """
        A result is given back, and a failure is raised.
        """
        self.assertEqual(self.cluster.result(succeed(3)), 3)
        self.assertRaises(ZeroDivisionError, self.cluster.result, fail(ZeroDivisionError()))
        self.put(b"k", b"value")
        self.assertRaises(VersionMismatch, self.cluster.result, self.client.cas(b"k", 1 << 40, b"other"))

    def test_patience(self) -> None:
        """
        What does not come true within the patience is a violation, which says what it was.
        """
        before = self.cluster.timeline.seconds()
        error = self.assertRaises(Violation, self.cluster.until, lambda: False, "pigs fly", 3.0)
        self.assertEqual(str(error), "in 3 s it did not happen: pigs fly")
        self.assertTrue(before + 2.5 < self.cluster.timeline.seconds() <= before + 3)
        self.assertRaises(Violation, self.cluster.result, Deferred(), 1.0)
        for server in self.cluster.servers[:2]:
            server.kill()
        self.assertRaises(Violation, self.cluster.leader, 5.0)

    def test_until(self) -> None:
        """
        Time goes no further than it must.
        """
        seen: list[int] = []
        self.cluster.reactor.callLater(2, seen.append, 1)
        self.cluster.until(lambda: seen, "it is called")
        self.assertApproximates(self.cluster.timeline.seconds(), 2, 0.01)
        self.cluster.until(lambda: True, "nothing")
        self.assertApproximates(self.cluster.timeline.seconds(), 2, 0.01)

    def test_run(self) -> None:
        """
        So much time passes, also when nothing is left to happen.
        """
        self.cluster.run(1.5)
        self.assertEqual(self.cluster.timeline.seconds(), 1.5)
        for server in self.cluster.servers:
            server.kill()
        self.cluster.run(1000)
        self.assertEqual(self.cluster.timeline.seconds(), 1001.5)

    def test_application(self) -> None:
        """
        What a user builds on the cluster runs on hosts of its own.
        """
        process = self.cluster.process("application")
        server = self.cluster.config.servers[0]
        connecting = connectProtocol(TCP4ClientEndpoint(process, server.hostname, server.clientPort), Protocol())
        protocol = self.cluster.result(connecting)
        assert protocol.transport is not None
        self.assertEqual(protocol.transport.getHost().host, "application")
        self.assertIn("application", self.cluster.clientHosts)

    def test_story(self) -> None:
        """
        The story tells who did what and when.
        """
        story: list[str] = []
        with SimulatedCluster(3, seed=7, tell=story.append) as cluster:
            leader = cluster.leader()
            leader.pause()
        self.assertIn("    0.000 s  server0    starts", story)
        self.assertTrue(story[-1].endswith(f"{leader.name}    is paused"))
        self.assertTrue(any(leader.name in line and "leads" in line for line in story))


class SeedTests(SynchronousTestCase):
    """
    Tests for what is drawn from the seed.
    """

    def digest(self, seed: int) -> str:
        """
        Have something happen.

        @return: the digest of all of it.
        """
        with SimulatedCluster(3, seed=seed) as cluster:
            faults = disturb(cluster, 3.0)
            client = cluster.client()
            for number in range(10):
                client.set(b"k", b"%d" % number).addErrback(lambda failure: None)
            cluster.run(4)
            faults.mend()
            return cluster.trace.digest

    def test_seed(self) -> None:
        """
        The same seed gives the same run; another one gives another.
        """
        first = self.digest(7)
        gc.collect()
        self.assertEqual(self.digest(7), first)
        self.assertNotEqual(self.digest(8), first)


class NetworkTests(ClusterCase):
    """
    Tests for what can be done to the network.
    """

    def test_partition(self) -> None:
        """
        The larger group leads on. When the partition heals, all follow.
        """
        old = self.cluster.leader()
        rest = [server for server in self.cluster.servers if server is not old]
        self.cluster.partition([old.id], [server.id for server in rest])
        self.cluster.until(lambda: any(server.leads for server in rest), "one of the others leads")
        new = self.cluster.leader()
        self.assertIsNot(new, old)
        self.cluster.until(lambda: new.raft.commitIndex > old.raft.commitIndex, "it commits something")
        self.cluster.heal()
        self.converge()

    def test_noMajority(self) -> None:
        """
        Who is in no group reaches nobody, so that nobody leads, until the servers are divided in another way.
        """
        self.cluster.partition()
        self.assertRaises(Violation, self.cluster.leader, 5.0)
        self.cluster.partition([0, 1])
        self.assertIn(self.cluster.leader().id, (0, 1))
        self.cluster.heal()
        self.cluster.heal()
        self.converge()
        self.cluster.partition()
        self.cluster.run(5)
        self.assertRaises(Violation, self.cluster.leader, 5.0)


class ViolationTests(ClusterCase):
    """
    Tests for what must not happen.
    """

    def test_fail(self) -> None:
        """
        Whoever finds something wrong stops the run, and what was found first is what is said.
        """
        self.cluster.leader()
        self.cluster.fail("the first")
        self.cluster.fail("the second")
        for step in (self.cluster.step, self.cluster.check):
            error = self.assertRaises(Violation, step)
            self.assertEqual(str(error), "the first")

    def test_traceback(self) -> None:
        """
        An error that a server only logs is a violation.
        """
        self.cluster.leader()
        try:
            raise ZeroDivisionError
        except ZeroDivisionError:
            Logger("replkv.node.node").failure("it broke")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertIn("ZeroDivisionError", str(self.assertRaises(Violation, self.cluster.run, 1)))

    def test_closed(self) -> None:
        """
        When the cluster is closed, what is logged is no concern of its.
        """
        story: list[str] = []
        with SimulatedCluster(1, tell=story.append) as cluster:
            cluster.leader()
        count = len(story)
        Logger("replkv.node.node").info("later")
        self.assertEqual(len(story), count)

    def test_differentStores(self) -> None:
        """
        Servers that hold different things after the same entry are found.
        """
        self.put(b"k", b"value")
        self.converge()
        store = self.follower().store
        store.write({b"planted": b"here"})
        self.client.set(b"k", b"other")
        self.assertRaises(Violation, self.cluster.run, 5)

    def test_forgottenWrite(self) -> None:
        """
        A leader that has lost what it had on its disk is found.
        """
        self.put(b"k", b"value")
        for server in self.cluster.servers:
            server.kill()
            server.files = type(server.files)()
        with self.assertRaises(Violation):
            for server in self.cluster.servers:
                server.start()
            self.cluster.run(10)
