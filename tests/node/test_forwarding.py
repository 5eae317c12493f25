"""
Tests for commands that a follower passes on to the leader.
"""

from __future__ import annotations

from functools import partial

from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol
from twisted.trial.unittest import FailTest

from replkv.commands.append import Append
from replkv.commands.gets import Gets
from replkv.commands.incr import Incr
from replkv.commands.members import Members
from replkv.commands.passwd import Passwd
from replkv.commands.results import (
    Counted,
    Found,
    Item,
    Items,
    NotAllowed,
    NotFound,
    Redirected,
    Stored,
    Unavailable,
)
from replkv.peers.forwards import Forward, ForwardReplies
from replkv.peers.link import PeerLink
from replkv.testing import SimulatedServer
from replkv.testing.cluster.forwarding import FORWARDING_STEP
from replkv.versions import Versions
from tests.frontends.asked import Asked
from tests.node.accesscase import READ, WRITE, AccessTests
from tests.node.cluster import Client, Cluster, valueAt
from tests.node.leading import LeaderTests
from tests.users.people import secretOf


class ForwardingTests(LeaderTests):
    """
    What these tests begin with.
    """

    def setUp(self) -> None:
        """
        Server 0 leads, and there is a client of server 1, which may forward.
        """
        super().setUp()
        self.follower = self.followers[0]
        self.forwarding = Client(self.follower, mayForward=True)


class ForwardedTests(ForwardingTests):
    """
    What comes of them.
    """

    def test_forwarded(self) -> None:
        """
        Writes and reads are carried out by the leader, and answered with all that it tells.
        """
        client = self.forwarding
        asked = [
            client.set(b"k", b"v", 100),
            client.getm(b"k"),
            client.get(b"k"),
            client.get(b"none"),
            client.ask(Append(b"k", b"w", True)),
            client.ask(Gets((b"none", b"k"))),
            client.set(b"n", b"1", noreply=True),
            client.ask(Incr(b"n", 4)),
        ]
        self.cluster.settle()
        self.assertEqual(
            [request.result for request in asked],
            [
                Stored(2),
                Found(2, 100, b"v"),
                Found(2, 100, b"v"),
                NotFound(),
                Stored(3),
                Items((Item(b"k", 0, 3, 100_000, b"vw"),)),
                Stored(4),
                Counted(5, 5),
            ],
        )
        self.assertEqual(valueAt(self.leader, b"k"), b"vw")
        self.assertEqual(self.follower.service.assembly.statistics.values()["forwarded"], "8")
        self.assertEqual(self.leader.service.assembly.statistics.values()["forwarded"], "0")

    def test_notAsked(self) -> None:
        """
        Who has not asked for it is redirected; and so is what is no command on keys.
        """
        host, port = self.leader.address.host, self.leader.address.clientPort
        plain = Client(self.follower).get(b"k")
        members = self.forwarding.ask(Members())
        self.cluster.settle()
        self.assertEqual([plain.result, members.result], [Redirected(host, port)] * 2)

    def test_atLeader(self) -> None:
        """
        The leader carries out by itself what it might forward.
        """
        asked = Client(self.leader, mayForward=True).set(b"k", b"v")
        self.cluster.settle()
        self.assertEqual(asked.result, Stored(2))
        self.assertEqual(self.leader.service.assembly.statistics.values()["forwarded"], "0")

    def test_unavailable(self) -> None:
        """
        What the leader cannot tell is told so.
        """
        self.cluster.part(0)
        asked = self.forwarding.set(b"k", b"v")
        self.cluster.run(6)
        self.assertEqual(asked.result, Unavailable())

    def test_together(self) -> None:
        """
        All that comes in one turn goes in one box, whoever asks.
        """
        boxes: list[Forward] = []
        forward = PeerLink.forward

        def watched(link: PeerLink, asked: Forward) -> Deferred[ForwardReplies]:
            boxes.append(asked)
            return forward(link, asked)

        self.patch(PeerLink, "forward", watched)
        clients = [Client(self.follower, mayForward=True) for _ in range(20)]
        asked = [client.set(b"%d" % number, b"v") for number, client in enumerate(clients)]
        self.cluster.settle()
        self.assertEqual([request.result for request in asked], [Stored(2 + number) for number in range(20)])
        self.assertEqual(len(boxes), 1)

    def test_large(self) -> None:
        """
        Values may be as large as any, in both directions, and many of them.
        """
        values = [bytes([number]) * (1 << 20) for number in range(24)]
        for number, value in enumerate(values):
            self.forwarding.set(b"%d" % number, value)
        self.cluster.run(1)
        asked = [self.forwarding.get(b"%d" % number) for number in range(24)]
        self.cluster.run(1)
        self.assertEqual([request.value for request in asked], values)

    def test_impossible(self) -> None:
        """
        Where the leader's answer makes no sense, its connection is closed, and it is not known what came of a write.
        """
        self.patch(PeerLink, "forward", lambda link, asked: succeed(ForwardReplies(b"nonsense\r\n", True)))
        asked = self.forwarding.set(b"k", b"v")
        with self.assertRaisesRegex(FailTest, "does not believe server 0: its answer makes no sense"):
            self.cluster.settle()
        self.assertEqual(asked.result, Unavailable())


class LeaderChangeTests(ForwardingTests):
    """
    What comes of commands that are under way when another server comes to lead.
    """

    def counted(self, server: SimulatedServer) -> bytes | None:
        """
        What the counter has come to.
        """
        asked = Client(server).get(b"n")
        self.cluster.until(lambda: asked.isAnswered, "it is known")
        return asked.value

    def begun(self) -> tuple[Asked, Asked]:
        """
        A write and, on another connection, a read reach the leader, whose disk stands still, as those of the others do.
        """
        self.client.set(b"n", b"5")
        self.cluster.run(0.1)
        self.cluster.hold(self.cluster.servers)
        write = self.forwarding.ask(Incr(b"n", 1))
        self.cluster.settle()
        read = Client(self.follower, mayForward=True).get(b"n")
        self.cluster.settle()
        return write, read

    def test_killed(self) -> None:
        """
        The leader is gone: what came of the write is not known, and it is not carried out twice. The read is asked of
        the next leader.
        """
        write, read = self.begun()
        self.leader.kill()
        self.cluster.hold(self.cluster.servers, False)
        leader = self.cluster.leader()
        self.cluster.run(0.1)
        self.assertEqual(write.result, Unavailable())
        self.assertIn(read.value, (b"5", b"6"))
        self.assertEqual(self.counted(leader), read.value)

    def test_cut(self) -> None:
        """
        The connection to the leader is lost, and it leads on: the write is carried out once. The read is asked again.
        """
        write, read = self.begun()
        self.cluster.network.reset(self.leader.name, self.follower.name)
        self.cluster.settle()
        self.assertEqual(write.result, Unavailable())
        self.cluster.hold(self.cluster.servers, False)
        self.cluster.run(1)
        self.assertIn(read.value, (b"5", b"6"))
        self.assertEqual(self.counted(self.cluster.leader()), b"6")

    def test_handedOver(self) -> None:
        """
        What a leader has not begun, since it hands over, is carried out by the next one, in its order, be that the
        server which has passed it on or another.
        """
        for server in (self.followers[1], self.follower):
            leader = self.cluster.leader()
            # Its connections to it are there, and so no time passes.
            self.cluster.run(0.1)
            client = Client(server, mayForward=True)
            handed = leader.node.handOver("the test wants it")
            first = client.set(b"n", b"1")
            second = client.ask(Incr(b"n", 1))
            third = client.get(b"n")
            self.cluster.until(partial(getattr, handed, "called"), "another one leads")
            self.cluster.run(1)
            self.assertNotEqual(self.successResultOf(handed), leader.id)
            self.assertIsInstance(first.result, Stored)
            self.assertIsInstance(second.result, Counted)
            self.assertEqual(third.value, b"2")

    def test_noLeader(self) -> None:
        """
        What has waited for a leader is passed on to it.
        """
        self.leader.kill()
        self.cluster.until(lambda: self.follower.raft.leaderId is None, "nobody is known to lead")
        asked = [Client(server, mayForward=True).set(b"k", b"v") for server in self.followers]
        self.cluster.leader()
        self.cluster.run(0.2)
        for request in asked:
            self.assertIsInstance(request.result, Stored)

    def test_notConnected(self) -> None:
        """
        What comes while the leader is known, and not connected, goes when it is.
        """
        self.cluster.network.reset(self.leader.name, self.follower.name)
        self.cluster.settle()
        self.assertEqual(self.follower.raft.leaderId, 0)
        asked = self.forwarding.set(b"k", b"v")
        self.cluster.settle()
        self.assertIsNone(asked.result)
        self.cluster.run(0.3)
        self.assertEqual(asked.result, Stored(2))

    def test_timeout(self) -> None:
        """
        Nothing waits longer than any command does, and what comes of it then is told to nobody.
        """
        self.cluster.hold(self.followers)
        asked = self.forwarding.set(b"k", b"v")
        late = [server.node.executor.pending for server in self.cluster.servers]
        self.cluster.settle()
        self.cluster.run(self.cluster.config.requestTimeout + 0.1)
        self.assertEqual(late, [0, 1, 0])
        self.assertEqual(asked.result, Unavailable())
        self.cluster.hold(self.followers, False)
        self.cluster.run(1)
        self.assertEqual(self.follower.node.executor.pending, 0)

    def test_stops(self) -> None:
        """
        A follower that stops waits for what it has passed on.
        """
        received: list[bytes] = []
        protocol = Protocol()
        protocol.dataReceived = received.append  # type: ignore[assignment,method-assign]
        config = self.follower.config
        port = config.clientPort + FORWARDING_STEP
        endpoint = TCP4ClientEndpoint(self.cluster.process("client"), config.hostname, port)
        connectProtocol(endpoint, protocol)
        self.cluster.settle()
        self.cluster.hold([self.leader, self.followers[1]])
        protocol.transport.write(b"set k 0 1\r\nv\r\n")  # type: ignore[union-attr]
        self.cluster.settle()
        self.follower.stop()
        self.cluster.run(1.5)
        self.assertEqual(received, [])
        self.cluster.hold(self.cluster.servers, False)
        self.cluster.run(0.1)
        self.assertEqual(received, [b"OK 2\r\n"])


class TooOldTests(LeaderTests):
    """
    Where the leader is of an earlier version.
    """

    def test_tooOld(self) -> None:
        """
        Clients are told who leads.
        """
        cluster = Cluster(versions=Versions(3, 3))
        self.addCleanup(cluster.close)
        leader = cluster.leader()
        cluster.run(0.2)
        follower = next(server for server in cluster.servers if server is not leader)
        asked = Client(follower, mayForward=True).get(b"k")
        cluster.settle()
        self.assertEqual(asked.result, Redirected(leader.address.host, leader.address.clientPort))


class RightsTests(AccessTests):
    """
    Who may have what done through another server.
    """

    def test_rights(self) -> None:
        """
        The leader decides, by what it knows of the user, as for clients of its own.
        """
        self.cluster.run(0.1)
        alice = Client(self.followers[0], mayForward=True)
        self.assertEqual(self.outcome(alice, Append(b"n", b"", False)), NotAllowed())
        alice.session.login = self.alice.session.login
        self.assertEqual(self.outcome(alice, Append(b"n", b"", False)), NotAllowed())
        self.give(WRITE, b"n")
        self.assertEqual(self.outcome(alice, Append(b"n", b"", False)), NotFound())
        self.assertEqual(alice.get(b"n").result, None)
        self.cluster.settle()
        self.assertEqual(self.outcome(alice, Gets((b"n",))), NotAllowed())
        self.give(READ, b"")
        self.assertEqual(self.outcome(alice, Gets((b"n",))), Items(()))
        self.take(WRITE, b"n")
        self.assertEqual(self.outcome(alice, Append(b"n", b"", False)), NotAllowed())

    def test_loginOver(self) -> None:
        """
        A login that is over counts no more.
        """
        self.give(WRITE, b"")
        self.cluster.run(0.1)
        alice = Client(self.followers[0], mayForward=True)
        alice.session.login = self.alice.session.login
        self.assertIsInstance(self.outcome(alice, Append(b"n", b"", False)), NotFound)
        self.outcome(self.root, Passwd(b"alice", secretOf(b"other")))
        self.assertEqual(self.outcome(alice, Append(b"n", b"", False)), NotAllowed())
