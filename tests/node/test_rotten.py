"""
Tests for servers with records that have rotted.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv import exits
from replkv.commands.results import Found, Touched, Unavailable
from replkv.testing.cluster.diskkinds import rottenRecord
from replkv.testing.faults import Fault
from tests.logged import logged
from tests.node.cluster import Client, Cluster, valueAt


class RottenTests(SynchronousTestCase):
    """
    Records that have rotted.
    """

    def setUp(self) -> None:
        """
        Have three servers, the first of which leads with a rotten record.
        """
        self.lines = logged(self)
        self.begin(3)

    def begin(self, size: int) -> None:
        """
        Have a cluster.
        """
        self.cluster = Cluster(size)
        self.addCleanup(self.cluster.close)
        self.leader = self.cluster.leader()
        self.client = Client(self.leader)
        self.client.set(b"key", b"value")
        self.cluster.run(0.5)
        self.leader.isFrail = True
        rottenRecord(self.cluster, [self.leader], Fault(0, "rotten record", 0.0, 1.0, (0,), True, 0.5))

    def assertReplaced(self) -> None:
        """
        The server takes itself out, and comes back with the record.
        """
        self.cluster.until(lambda: not self.leader.raft.isDistrusted, "it has a snapshot")
        self.cluster.run(0.5)
        self.assertEqual(valueAt(self.leader, b"key"), b"value")
        self.assertTrue(self.leader.isRunning)
        [line] = [line for line in self.lines if "this server's state is wrong" in line]
        self.assertIn("the store's record of the key key does not fit its checksum", line)
        self.assertEqual(self.client.get(b"key").result, None if self.leader.leads else self.redirect())

    def redirect(self) -> object:
        """
        What a client is told by a server that does not lead.
        """
        return Client(self.leader).get(b"key").result

    def test_read(self) -> None:
        """
        Who reads it is told that there is an error, and no value; then another server leads, and this one is mended.
        """
        read = self.client.get(b"key")
        waits = self.client.get(b"other")
        self.cluster.settle()
        self.assertEqual(read.result, Unavailable())
        self.assertTrue(self.leader.raft.isDistrusted)
        self.cluster.run(3.0)
        self.assertIsNotNone(waits.result)
        self.assertReplaced()

    def test_touched(self) -> None:
        """
        So it is with a command that has to read it. What came of it is not known, but by another server.
        """
        touched = self.client.touch(b"key", 1000)
        after = self.client.set(b"after", b"")
        self.cluster.settle()
        self.assertEqual((touched.result, after.result), (Unavailable(), Unavailable()))
        self.assertReplaced()
        other = self.cluster.leader()
        again = Client(other).getm(b"key")
        self.cluster.settle()
        assert isinstance(again.result, Found)
        self.assertGreater(again.result.left, 0)
        self.assertFalse(isinstance(touched.result, Touched))

    def test_expiring(self) -> None:
        """
        So it is where the leader looks whether a key has expired before it asks the others.
        """
        self.client.set(b"dies", b"", 1)
        self.cluster.settle()
        self.cluster.hold(self.cluster.servers)
        self.cluster.run(1.1)
        read = self.client.get(b"key")
        self.cluster.hold(self.cluster.servers, held=False)
        self.cluster.settle()
        self.assertEqual(read.result, Unavailable())
        self.assertReplaced()

    def test_alone(self) -> None:
        """
        A server that is alone stops, and says what to do.
        """
        self.begin(1)
        self.client.get(b"key")
        self.cluster.until(lambda: self.leader.status == exits.DISK, "it stops", 10.0)
        self.assertIn("does not fit its checksum", self.leader.complaint)
        self.assertIn("restore a backup", self.leader.complaint)
