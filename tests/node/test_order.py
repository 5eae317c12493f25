"""
Tests for what one connection sees of the commands of others: its own take effect in the order in which they were sent.
"""

from __future__ import annotations

from replkv.commands.results import NotFound, Unavailable
from tests.node.cluster import Client, startTicks, stopTicks
from tests.node.leading import LeaderTests


class ReadOrderTests(LeaderTests):
    """
    Two keys are read, one behind the other, while another client writes both in the other order. Where the first read
    has to wait until the log says that a key has expired, the second must not overtake it.
    """

    def setUp(self) -> None:
        """
        A cluster in which the second key has a value.
        """
        super().setUp()
        self.other = Client(self.leader)
        self.other.set(b"second", b"old")
        self.cluster.run(0.06)

    def stall(self, seconds: float) -> None:
        """
        Time passes in which no disk finishes and nobody ticks.
        """
        self.cluster.hold(self.cluster.servers)
        for server in self.cluster.servers:
            stopTicks(server)
        self.cluster.settle()
        self.cluster.settle()
        self.cluster.run(seconds)

    def resume(self) -> None:
        """
        All goes on.
        """
        self.cluster.settle()
        for server in self.cluster.servers:
            startTicks(server)
        self.cluster.run(0.06)
        self.cluster.hold(self.cluster.servers, False)
        self.cluster.run(0.2)

    def test_readBehindClockEntry(self) -> None:
        """
        The first key has expired by the leader's time, but not yet by the log.
        """
        self.other.set(b"first", b"old", 1)
        self.cluster.run(0.06)
        self.stall(1.1)
        self.other.set(b"second", b"new")
        self.other.set(b"first", b"new")
        first, second = self.client.get(b"first"), self.client.get(b"second")
        self.resume()
        self.assertEqual(first.value, b"new")
        self.assertEqual(second.value, b"new")

    def test_readOfLateEntry(self) -> None:
        """
        The first key is written by an entry that is applied only when its time is over: the read that meets it is told
        nothing, since another one has come behind it.
        """
        self.stall(0)
        self.client.set(b"first", b"short", 1)
        self.cluster.run(1.5)
        first, second = self.client.get(b"first"), self.client.get(b"second")
        self.cluster.settle()
        self.other.set(b"second", b"new")
        self.other.set(b"first", b"new")
        self.resume()
        self.assertEqual(first.result, Unavailable())
        self.assertEqual(second.value, b"old")

    def test_lastReadOfLateEntry(self) -> None:
        """
        Where none has come behind it, it waits for the log.
        """
        self.stall(0)
        self.client.set(b"first", b"short", 1)
        self.cluster.run(1.5)
        first = self.client.get(b"first")
        self.resume()
        self.assertEqual(first.result, NotFound())
