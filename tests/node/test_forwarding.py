"""
Tests for commands that a follower passes on to the leader.
"""

from __future__ import annotations

from replkv.commands.append import Append
from replkv.commands.gets import Gets
from replkv.commands.incr import Incr
from replkv.commands.members import Members
from replkv.commands.results import (
    Counted,
    Found,
    Item,
    Items,
    NotFound,
    Redirected,
    Stored,
    Unavailable,
)
from tests.node.cluster import Client, valueAt
from tests.node.leading import LeaderTests


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
