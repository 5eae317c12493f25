"""
Tests for expiry: decided by the log.
"""

from __future__ import annotations

from replkv.commands.results import Deleted, Found, Redirected, Stored
from tests.node.cluster import Client, stopTicks
from tests.node.expiring import NOT_FOUND, ExpiryTests


class ClockEntryTests(ExpiryTests):
    """
    Tests for the entries that only tell the time.
    """

    def test_idle(self) -> None:
        """
        A key is freed on all servers soon after its time, without anyone asking for it; and then nothing more happens.
        """
        self.client.set(b"k", b"v", 1)
        self.cluster.run(0.9)
        self.assertEqual([server.machine.keys for server in self.cluster.servers], [1, 1, 1])
        self.cluster.run(0.2)
        self.assertEqual([server.machine.keys for server in self.cluster.servers], [0, 0, 0])
        self.assertEqual(self.leader.raft.log.lastIndex, 4)
        self.cluster.run(1)
        self.assertEqual(self.leader.raft.log.lastIndex, 4)

    def test_oneAtATime(self) -> None:
        """
        While a clock entry is under way, no tick proposes another one.
        """
        self.client.set(b"k", b"v", 1)
        self.cluster.settle()
        self.cluster.hold(self.followers)
        self.cluster.run(2)
        self.assertEqual(self.leader.raft.log.lastIndex, 4)

    def test_manyKeys(self) -> None:
        """
        Where one entry cannot free all the keys that have expired, more follow.
        """
        for number in range(1000):
            self.client.set(b"%d" % number, b"v", 1)
        self.cluster.settle()
        self.assertEqual(self.leader.machine.keys, 1000)
        self.cluster.run(1.2)
        self.assertEqual(self.leader.machine.keys, 0)

    def test_setAgain(self) -> None:
        """
        A key that is set again has its new time alone.
        """
        self.client.set(b"k", b"v", 1)
        self.client.set(b"k", b"w", 3)
        self.cluster.run(2)
        self.assertEqual(self.get(self.leader).value, b"w")
        self.client.set(b"k", b"x")
        self.cluster.run(2)
        self.assertEqual(self.get(self.leader).value, b"x")


class ReadTests(ExpiryTests):
    """
    Tests for reads of keys whose time is over.
    """

    def setUp(self) -> None:
        """
        A key has a second to live, and a bit of that is left; from now on, nothing is committed.
        """
        super().setUp()
        self.write = self.client.set(b"k", b"v", 1)
        self.cluster.run(0.95)
        self.assertEqual(self.write.result, Stored(2))
        self.cluster.hold(self.followers)

    def goOn(self) -> None:
        """
        Entries are committed again.
        """
        self.cluster.hold(self.followers, False)
        self.cluster.settle()

    def test_waitsForTheLog(self) -> None:
        """
        That the key is gone is not told before the log says so: until then another leader could find it.
        """
        self.assertEqual(self.get(self.leader).value, b"v")
        read = self.get(self.leader)
        self.assertIsNone(read.result)
        self.cluster.run(0.5)
        self.assertIsNone(read.result)
        self.goOn()
        self.assertEqual(read.result, NOT_FOUND)

    def test_withoutTick(self) -> None:
        """
        A read does not wait for a tick to propose the clock entry.
        """
        self.goOn()
        stopTicks(self.leader)
        self.cluster.run(0.06)
        self.assertEqual(self.leader.raft.log.lastIndex, 3)
        read = self.client.get(b"k")
        self.cluster.settle()
        self.assertEqual(read.result, NOT_FOUND)
        self.assertEqual(self.leader.raft.log.lastIndex, 4)

    def test_manyReads(self) -> None:
        """
        Many reads share a clock entry.
        """
        self.cluster.run(0.1)
        reads = [Client(self.leader).get(b"k") for _ in range(100)]
        self.cluster.run(0.1)
        self.goOn()
        self.assertEqual([read.result for read in reads], [NOT_FOUND] * len(reads))
        self.assertLess(self.leader.raft.log.lastIndex, 6)

    def test_otherKeysDoNotWait(self) -> None:
        """
        A read of another key does not wait for it.
        """
        self.cluster.run(0.1)
        read = Client(self.leader).get(b"other")
        self.cluster.run(0.06)
        self.assertEqual(read.result, NOT_FOUND)

    def test_casBefore(self) -> None:
        """
        A cas that came in time and is not yet committed succeeds; a read from after the key's time is answered as what
        follows on that, and not as if the key had been gone before.
        """
        cas = Client(self.leader).cas(b"k", 2, b"w")
        self.cluster.run(0.06)
        read = self.get(self.leader)
        self.goOn()
        self.assertEqual(cas.result, Stored(4))
        self.assertEqual(read.value, b"w")

    def test_deleteBefore(self) -> None:
        """
        A delete that came in time and is not yet committed finds the key; the read comes after it.
        """
        delete = Client(self.leader).delete(b"k")
        self.cluster.run(0.06)
        read = self.get(self.leader)
        self.goOn()
        self.assertEqual((delete.result, read.result), (Deleted(), NOT_FOUND))

    def test_setAfter(self) -> None:
        """
        While a read waits for the log, it is not overtaken by the write that its connection sent after it.
        """
        self.cluster.run(0.06)
        read, write, later = self.client.get(b"k"), self.client.set(b"k", b"w"), self.client.get(b"k")
        self.cluster.run(0.1)
        self.assertIsNone(read.result)
        self.goOn()
        self.assertEqual(read.result, NOT_FOUND)
        self.assertIsInstance(write.result, Stored)
        self.assertEqual(later.value, b"w")

    def test_casAfter(self) -> None:
        """
        What is told of the read holds for the cas behind it.
        """
        self.cluster.run(0.06)
        read, cas = self.client.get(b"k"), self.client.cas(b"k", 2, b"w")
        self.cluster.run(0.1)
        self.goOn()
        self.assertEqual((read.result, cas.result), (NOT_FOUND, NOT_FOUND))

    def test_expiredBeforeCommitted(self) -> None:
        """
        A key whose write takes longer to be committed than it has to live is gone for a read that came after its time.
        """
        short = Client(self.leader).set(b"k", b"w", 1)
        self.cluster.run(1.1)
        read = self.get(self.leader)
        self.goOn()
        self.assertEqual(short.result, Stored(4))
        self.cluster.run(0.1)
        self.assertEqual(read.result, NOT_FOUND)

    def test_againWithoutTick(self) -> None:
        """
        A read that has to be submitted again, since what it waited for was over when it arrived, does not wait for a
        tick either.
        """
        write = self.client.set(b"other", b"w", 1)
        for server in self.cluster.servers:
            stopTicks(server)
        self.cluster.run(1.1)
        read = self.client.get(b"other")
        self.goOn()
        self.assertEqual(write.result, Stored(4))
        self.assertEqual(read.result, NOT_FOUND)
        self.assertEqual(self.leader.raft.log.lastIndex, 5)

    def test_expiredInTheMillisecond(self) -> None:
        """
        A key is gone in the very millisecond in which its time is over. There is no second left of it then, and 0 would
        mean that it never expires.
        """
        client = Client(self.leader)
        client.set(b"other", b"w", 1)
        self.cluster.run(1.0)
        read = client.getm(b"other")
        self.goOn()
        self.cluster.run(0.1)
        self.assertEqual(read.result, NOT_FOUND)

    def test_deposed(self) -> None:
        """
        A read that waits for a clock entry when its leader is deposed goes to the next one.
        """
        self.cluster.run(0.06)
        read = self.client.get(b"k")
        self.cluster.run(0.06)
        self.cluster.part(0)
        self.cluster.hold(self.followers, False)
        self.cluster.run(1)
        self.assertFalse(self.leader.leads)
        self.assertIsNone(read.result)
        self.cluster.heal()
        self.cluster.run(0.1)
        self.assertEqual(read.result, Redirected("server2", 9000))


class SecondsTests(ExpiryTests):
    """
    Tests for the time that C{getm} tells.
    """

    def test_roundedUp(self) -> None:
        """
        It is told in seconds, rounded up.
        """
        self.client.set(b"k", b"v", 4)
        self.assertEqual(self.seconds(), 4)
        self.cluster.run(0.5)
        self.assertEqual(self.seconds(), 4)
        self.cluster.run(0.499)
        self.assertEqual(self.seconds(), 4)
        self.cluster.run(0.002)
        self.assertEqual(self.seconds(), 3)
        self.cluster.run(2.9)
        self.assertEqual(self.seconds(), 1)

    def test_never(self) -> None:
        """
        A key that never expires has 0, and one that does has at least 1, up to its end.
        """
        self.client.set(b"k", b"v")
        self.assertEqual(self.seconds(), 0)

    def seconds(self) -> int:
        """
        What C{getm} tells.
        """
        request = self.client.getm(b"k")
        self.cluster.settle()
        assert isinstance(request.result, Found)
        self.assertEqual(request.result.value, b"v")
        return request.result.left
