"""
Tests for what can be done to the machines that simulated servers run on.
"""

from __future__ import annotations

import errno

from replkv.storage.start import LogStart, writeStart
from tests.testing.cluster.clusters import ClusterCase


class MachineTests(ClusterCase):
    """
    Tests for L{SimulatedMachine<replkv.testing.cluster.machine.SimulatedMachine>}.
    """

    def test_hangingDisk(self) -> None:
        """
        A majority answers while the disk of one server hangs.
        """
        server = self.follower()
        goOn = server.pace.hang()
        self.put(b"k", b"value")
        self.assertTrue(server.isWriting)
        goOn()
        self.converge()

    def test_clock(self) -> None:
        """
        Keys do not expire by wall clocks, whoever comes to lead, nor when a server is started again.
        """
        self.cluster.result(self.client.set(b"k", b"value", 100))
        self.expect(b"k", b"value")
        for server in self.cluster.servers:
            server.resetClock(200.0)
        self.expect(b"k", b"value")
        leader = self.cluster.leader()
        leader.kill()
        self.expect(b"k", b"value")
        leader.start()
        self.cluster.leader().kill()
        self.expect(b"k", b"value")

    def test_rate(self) -> None:
        """
        Servers whose clocks go wrong, each in its own way, keep together.
        """
        for server, rate in zip(self.cluster.servers, (0.93, 1.0, 1.07), strict=True):
            server.kill()
            server.rate = rate
            server.start()
        leader = self.cluster.leader()
        self.put(b"k", b"value")
        self.cluster.run(5)
        self.assertIs(self.cluster.leader(), leader)

    def test_copy(self) -> None:
        """
        A copy of a server that runs is what its folder holds at that moment, and stays so.
        """
        self.put(b"k", b"value")
        server = self.follower()
        copy, before = server.copy(), server.files.contents()
        self.assertEqual((copy.contents, copy.word), (before, server.word))
        for _ in range(10):
            self.put(b"k", b"other")
        self.assertEqual(copy.contents, before)
        self.assertNotEqual(server.files.contents(), before)

    def test_copyOfFailing(self) -> None:
        """
        It can be copied also where its process is refused all that it opens.
        """
        server = self.follower()
        writeStart(server.files, f"{server.path}/log", LogStart())
        server.failing = lambda kind, path: errno.EMFILE if kind == "open" else 0
        self.assertEqual(server.copy().contents, server.files.contents())

    def test_word(self) -> None:
        """
        What a server gives its word for changes with its vote, and with whom it meets; not with entries.
        """
        leader = self.cluster.leader()
        self.put(b"k", b"value")
        other = next(server for server in self.cluster.servers if server not in (leader, self.follower()))
        server = self.follower()
        word = server.word
        self.put(b"k", b"other")
        self.assertEqual(server.word, word)
        other.kill()
        other.start()
        self.cluster.until(lambda: server.met.knows(other.id, other.met.life), "it has met the next process")
        self.assertNotEqual(server.word.others, word.others)
        leader.kill()
        self.cluster.leader()
        self.assertGreater(server.word.term, word.term)
