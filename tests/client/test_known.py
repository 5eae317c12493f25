"""
Tests for L{replkv.client.known}: a client that is told of one server, and learns of the others.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred

from replkv.client.client import Client
from replkv.client.errors import Closed
from replkv.client.known import KnownServers
from replkv.raft.membership import MAX_MEMBERS
from tests.client.connected import SEARCH, ClientCase, searched
from tests.client.members import LEARNER, told, voter
from tests.network import FarEnd

ALL = told(voter(1), voter(2), voter(3))


class KnownCase(ClientCase):
    """
    A client of the server on port 1.
    """

    def setUp(self) -> None:
        """
        Make it.
        """
        super().setUp()
        self.client = Client(self.reactor, [("db", 1)], timeout=1000)

    def read(self) -> Deferred[bytes | None]:
        """
        Ask for something.
        """
        return self.client.get(b"k")

    def asked(self, port: int) -> FarEnd:
        """
        Let a search reach a server.
        """
        wire = self.network.accept(port)
        self.assertEqual(wire.taken(), SEARCH)
        return wire

    def led(self, port: int, members: bytes = ALL) -> FarEnd:
        """
        Be found as the leader, and answer what was asked for.
        """
        self.asked(port).send(searched("leader", members=members))
        wire = self.network.accept(port)
        self.assertEqual(wire.taken(), b"get k\r\n")
        wire.send(b"ERRNOTFOUND\r\n")
        self.network.asked()
        return wire


class LearningTests(KnownCase):
    """
    Whom it learns of, and what of that it forgets.
    """

    def test_learned(self) -> None:
        """
        It finds the cluster by any of the members that the leader has told of, when the one that it was told of has
        died.
        """
        self.read()
        self.led(1).close()
        self.network.refuse(1)
        self.assertEqual(self.client.servers, [("db", 1), ("db", 2), ("db", 3)])
        got = self.read()
        self.assertEqual(self.network.asked(), [1, 2, 3])
        self.led(3)
        self.assertIsNone(self.successResultOf(got))

    def test_forgotten(self) -> None:
        """
        It forgets whom a leader tells of no longer, but never the one that it was told of.
        """
        self.read()
        self.led(1).close()
        self.read()
        self.network.asked()
        self.led(2, told(voter(2), voter(4))).close()
        self.read()
        self.assertEqual(self.network.asked(), [1, 2, 4])

    def test_notForgotten(self) -> None:
        """
        A leader that tells of nobody, as it is of an earlier version or tells nonsense, takes nothing away.
        """
        self.read()
        self.led(1).close()
        for members in (b"ERRCMDERR\r\n", b"VALUE 1\r\nx\r\n", b"VALUE 0\r\n\r\n"):
            self.read()
            self.assertEqual(self.network.asked(), [1, 2, 3])
            self.led(1, members).close()

    def test_learners(self) -> None:
        """
        A member that is still to catch up is one too: it will know who leads.
        """
        self.read()
        self.led(1, told(voter(1), {**LEARNER, "host": "db"}))
        self.assertEqual(self.client.servers, [("db", 1), ("db", 4)])

    def test_byWhoFollows(self) -> None:
        """
        Those of whom a server tells that knows no leader are asked at once, each once, though it be cut off from them.
        """
        got = self.read()
        self.network.asked()
        one = self.asked(1)
        one.send(searched("candidate", leader="none", members=ALL))
        self.assertEqual(self.network.asked(), [2, 3])
        two = self.asked(2)
        two.send(searched("follower", members=ALL))
        self.assertEqual(two.taken(), b"get leader\r\n")
        self.assertEqual(self.network.asked(), [])
        self.led(3)
        self.assertIsNone(self.successResultOf(got))

    def test_tooMany(self) -> None:
        """
        A server that tells of more servers than there can be has only some of them asked.
        """
        hosts = ({**voter(1), "host": f"far{number}"} for number in range(10 * MAX_MEMBERS))
        got = self.read()
        self.network.asked()
        self.asked(1).send(searched("candidate", leader="none", members=told(*hosts)))
        self.assertLess(len(self.network.attempts), MAX_MEMBERS)
        self.client.close()
        self.failureResultOf(got, Closed)


class RefreshTests(KnownCase):
    """
    A leader that leads for long.
    """

    def test_askedAgain(self) -> None:
        """
        A client that uses it asks it from time to time who the members are, before its next call.
        """
        self.read()
        wire = self.led(1)
        self.network.advance(KnownServers.REFRESH / 2)
        self.read()
        self.assertEqual(wire.taken(), b"get k\r\n")
        wire.send(b"ERRNOTFOUND\r\n")
        self.network.advance(KnownServers.REFRESH / 2)
        got = self.read()
        self.read()
        self.assertEqual(wire.taken(), b"members\r\nget k\r\nget k\r\n")
        wire.send(told(voter(1), voter(4), voter(5)) + b"ERRNOTFOUND\r\n" * 2)
        self.assertIsNone(self.successResultOf(got))
        self.assertEqual(self.client.servers, [("db", 1), ("db", 4), ("db", 5)])

    def test_inVain(self) -> None:
        """
        A leader that tells of nobody, or goes, does no harm.
        """
        self.read()
        wire = self.led(1)
        for reply in (b"ERRCMDERR\r\n", b"ERR_INTERNAL\r\n", b""):
            self.network.advance(KnownServers.REFRESH)
            got = self.read()
            self.assertEqual(wire.taken(), b"members\r\nget k\r\n")
            if reply:
                wire.send(reply + b"ERRNOTFOUND\r\n")
                self.assertIsNone(self.successResultOf(got))
        wire.close()
        self.assertEqual(self.client.servers, [("db", 1), ("db", 2), ("db", 3)])
        self.assertEqual(self.network.asked(), [1, 2, 3])
        self.led(2)
        self.assertIsNone(self.successResultOf(got))
