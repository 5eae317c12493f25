"""
Tests for a node that hands over: what its clients are told, and its operator.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred

from replkv.commands.extras import Transfer
from replkv.commands.get import Get
from replkv.commands.results import Found, Leads, NotTransferred, Redirected, Stored
from replkv.commands.set import Set
from replkv.frontends.request import Quiet
from replkv.node.handovers import HandOverFailed
from tests.frontends.asked import Asked
from tests.logged import logged
from tests.node.cluster import Client
from tests.node.leading import LeaderTests


class HandOverTests(LeaderTests):
    """
    Server 0 of three leads, and is to hand over.
    """

    def setUp(self) -> None:
        """
        All is at rest.
        """
        super().setUp()
        self.cluster.run(0.1)
        self.lines = logged(self)

    def handOver(self, *besides: int) -> Deferred[int]:
        """
        Have it hand over.
        """
        return self.leader.node.handOver("the test wants it", besides)

    def transfer(self, to: int) -> Asked:
        """
        Have a client want it to.
        """
        request = Asked(Transfer(to), self.client.session)
        self.leader.node.submit(request)
        return request

    def test_handsOver(self) -> None:
        """
        Another server leads before any time has passed, and whoever has asked is told.
        """
        handed = self.handOver(1)
        self.cluster.settle()
        self.assertEqual(self.successResultOf(handed), 2)
        self.assertTrue(self.followers[1].leads)
        self.assertIn("handing over to server 2: the test wants it", self.lines)

    def test_inFlight(self) -> None:
        """
        What was taken before is answered with what came of it; what comes meanwhile waits, and is redirected.
        """
        self.cluster.hold(self.followers)
        before = [self.client.set(b"k", b"v"), self.client.get(b"k")]
        self.handOver(1)
        after = [self.client.set(b"k", b"w"), Client(self.leader).get(b"k")]
        self.cluster.settle()
        self.assertEqual([request.result for request in before + after], [None] * 4)
        self.cluster.hold(self.followers, False)
        self.cluster.settle()
        version = self.leader.raft.log.lastIndex - 1
        self.assertEqual([request.result for request in before], [Stored(version), Found(version, 0, b"v")])
        self.assertEqual([request.result for request in after], [Redirected("server2", 9000)] * 2)

    def test_ownDiskHangs(self) -> None:
        """
        What is committed is answered when it is applied, though another server leads by then.
        """
        self.cluster.hold([self.leader])
        write = self.client.set(b"k", b"v")
        self.cluster.settle()
        self.handOver(1)
        self.cluster.settle()
        self.assertTrue(self.followers[1].leads)
        self.assertIsNone(write.result)
        self.cluster.hold([self.leader], False)
        self.cluster.run(0.1)
        self.assertIsInstance(write.result, Stored)

    def test_failed(self) -> None:
        """
        Where nobody takes over in time, the server leads on, and carries out in their order what has waited.
        """
        self.cluster.hold(self.followers[1:])
        handed = self.handOver(1)
        self.cluster.settle()
        asked = [self.client.set(b"k", b"v"), self.client.get(b"k")]
        self.cluster.run(0.2)
        self.assertEqual([request.result for request in asked], [None, None])
        self.cluster.run(0.1)
        self.assertIsInstance(asked[0].result, Stored)
        self.assertEqual(asked[1].value, b"v")
        self.assertEqual(self.failureResultOf(handed, HandOverFailed).value.target, 2)
        self.assertIn("server 2 has not taken over: this server leads on", self.lines)

    def test_quiet(self) -> None:
        """
        What others wrote without wanting a reply is seen by a read that has waited behind it.
        """
        quiet = Quiet()
        write = Asked(Set(b"k", 0, b"v", True), self.client.session)
        read = Asked(Get(b"k"))
        write.quiet = read.quiet = quiet
        self.cluster.hold(self.followers[1:])
        handed = self.handOver(1)
        self.cluster.settle()
        for request in (write, read):
            self.leader.node.submit(request)
        self.cluster.run(0.3)
        self.failureResultOf(handed, HandOverFailed)
        self.assertEqual(read.value, b"v")

    def test_cannot(self) -> None:
        """
        Where there is nobody to hand over to, that is known at once; and who does not lead hands nothing over.
        """
        failure = self.failureResultOf(self.handOver(1, 2), HandOverFailed)
        self.assertIsNone(failure.value.target)
        self.failureResultOf(self.followers[0].node.handOver("no"), HandOverFailed)
        self.assertTrue(self.leader.leads)
        self.assertEqual(self.lines, [])

    def test_transfer(self) -> None:
        """
        An operator may say who is to lead, and is told who does.
        """
        self.assertEqual(self.transfer(0).result, Leads(0))
        self.assertEqual(self.transfer(7).result, NotTransferred("there is no server 7"))
        asked, another = self.transfer(1), self.transfer(2)
        self.cluster.settle()
        self.assertEqual(asked.result, Leads(1))
        self.assertEqual(another.result, Redirected("server1", 9000))

    def test_transferFails(self) -> None:
        """
        Or why not.
        """
        self.cluster.hold(self.followers[1:])
        asked = self.transfer(2)
        self.cluster.run(0.3)
        self.assertEqual(asked.result, NotTransferred("server 2 has not taken over"))
        self.cluster.hold(self.followers[1:], False)
        self.followers[1].kill()
        self.cluster.run(0.1)
        self.assertIsInstance(self.transfer(2).result, NotTransferred)
