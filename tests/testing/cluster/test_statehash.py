"""
Tests for L{replkv.testing.cluster.statehash}, and for records that rot in a store.
"""

from __future__ import annotations

from replkv import exits
from replkv.kv.records import Records
from replkv.testing.cluster.diskkinds import rottenRecord
from replkv.testing.cluster.statehash import StateHashes
from replkv.testing.faults import Fault
from replkv.testing.outcome import Violation
from tests.testing.cluster.clusters import ClusterCase


class StateHashTests(ClusterCase):
    """
    Tests for L{StateHashes}.
    """

    def test_right(self) -> None:
        """
        It has nothing to say of a cluster that does what it must, whatever becomes of keys.
        """
        self.put(b"a", b"one")
        self.cluster.result(self.client.set(b"b", b"two", 1))
        self.cluster.result(self.client.touch(b"a", 1))
        self.put(b"c", b"three")
        self.cluster.result(self.client.delete(b"c"))
        self.cluster.run(2)
        self.converge()
        self.assertEqual(self.cluster.leader().machine.keys, 0)

    def test_wrong(self) -> None:
        """
        It finds a store that tells another hash than its records have.
        """
        self.patch(Records, "_takeBack", lambda records, head, key: None)
        self.put(b"a", b"one")
        with self.assertRaisesRegex(Violation, r"the store of server \d tells the hash [0-9a-f]{16}, and its records"):
            self.put(b"a", b"two")
            self.cluster.run(0.1)

    def test_changedStore(self) -> None:
        """
        It looks at a store whenever something was written into it.
        """
        self.put(b"a", b"one")
        store = self.follower().store
        judge = StateHashes(self.cluster.servers)
        judge.look()
        store.write({b"ka": store.get(b"m")})
        self.assertRaises(Violation, judge.look)


class RottenRecordTests(ClusterCase):
    """
    Tests for L{rottenRecord}.
    """

    def test_found(self) -> None:
        """
        A leader that reads what has rotted tells it nobody, and stops; the next one has it. When that is over, it can
        go on.
        """
        self.put(b"a", b"one")
        leader = self.cluster.leader()
        undo = rottenRecord(self.cluster, [leader], Fault(0, "rotten record", 0.0, 1.0, (0, 1, 2), True, 0.5))
        assert undo is not None
        read = self.client.get(b"a")
        self.cluster.until(lambda: leader.status == exits.DISK, "it stops")
        self.assertIn("the store's record of the key a does not fit its checksum", leader.complaint)
        self.assertEqual(self.cluster.result(read), b"one")
        undo()
        self.converge()

    def test_notOnDisk(self) -> None:
        """
        So it is with what was not on its disk, and is made again from the log.
        """
        self.put(b"a", b"one")
        leader = self.cluster.leader()
        leader.store.flushRate = 0.0
        self.put(b"a", b"two")
        rottenRecord(self.cluster, [leader], Fault(0, "rotten record", 0.0, 1.0, (0, 1, 2), True, 0.5))
        read = self.client.get(b"a")
        self.cluster.until(lambda: leader.status == exits.DISK, "it stops")
        self.assertEqual(self.cluster.result(read), b"two")
        self.converge()

    def test_nothing(self) -> None:
        """
        Where there is no record, nothing goes wrong.
        """
        leader = self.cluster.leader()
        fault = Fault(0, "rotten record", 0.0, 1.0, (0, 1, 2), True, 0.5)
        self.assertIsNone(rottenRecord(self.cluster, [leader], fault))
        self.assertFalse(leader.hadBadDisk)

    def test_notInCopies(self) -> None:
        """
        A copy of the data folder is made of what was written.
        """
        self.put(b"a", b"one")
        server = self.follower()
        self.cluster.run(1)
        server.store.flush()
        rottenRecord(self.cluster, [server], Fault(0, "rotten record", 0.0, 1.0, (0, 1, 2), True, 0.5))
        copy = server.copy()
        self.assertFalse(copy.store.isRotten)
        self.assertEqual(copy.store.digest, server.store.digest)
        self.assertTrue(server.store.isRotten)

    def test_checkpoint(self) -> None:
        """
        A simulated server makes checkpoints on its own disk.
        """
        self.put(b"a", b"one")
        server = self.follower()
        server.machine.checkpoint(f"/{server.id}/copy")
        self.assertIn(f"/{server.id}/copy/values", server.files.contents())
