"""
Tests for L{replkv.testing.cluster.statehash}, and for records that rot in a store.
"""

from __future__ import annotations

from dataclasses import replace

from twisted.internet.defer import succeed

from replkv.kv.records import Records
from replkv.node.installer import Installer
from replkv.node.limits import NODE_LIMITS
from replkv.node.node import Node
from replkv.service.limits import SERVER_LIMITS
from replkv.testing import SimulatedCluster, rare
from replkv.testing.cluster.diskkinds import rottenRecord, wrongState
from replkv.testing.cluster.statehash import StateHashes
from replkv.testing.faults import WRONG_STATE, Fault
from replkv.testing.outcome import Violation
from tests.compiled import requireReplaceable
from tests.testing.cluster.clusters import ClusterCase

LIMITS = replace(SERVER_LIMITS, node=replace(NODE_LIMITS, auditSeconds=0.5))


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
        requireReplaceable(Records)
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

    def setUp(self) -> None:
        """
        Have a cluster on whose disks something may rot.
        """
        super().setUp()
        for server in self.cluster.servers:
            server.isFrail = True

    def test_found(self) -> None:
        """
        A leader that reads what has rotted tells it nobody, and takes itself out; the next one has it. It is right
        again when it has a snapshot.
        """
        self.put(b"a", b"one")
        leader = self.cluster.leader()
        rottenRecord(self.cluster, [leader], Fault(0, "rotten record", 0.0, 1.0, (0, 1, 2), True, 0.5))
        self.assertEqual(self.cluster.result(self.client.get(b"a")), b"one")
        self.assertFalse(leader.leads)
        self.converge()
        self.assertFalse(leader.store.isRotten)
        self.assertEqual(self.cluster.rare[rare.ROTTEN_RECORD], 1)
        self.assertEqual(self.cluster.rare[rare.STATE_REPLACED], 1)

    def test_sound(self) -> None:
        """
        Disks that are no worse than others do not rot.
        """
        self.put(b"a", b"one")
        server = self.cluster.servers[0]
        server.isFrail = False
        fault = Fault(0, "rotten record", 0.0, 1.0, (0, 1, 2), True, 0.5)
        self.assertIsNone(rottenRecord(self.cluster, [server, server], fault))

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


class WrongStateTests(ClusterCase):
    """
    Tests for L{wrongState}, and for what watches over it.
    """

    fault = Fault(0, WRONG_STATE, 0.0, 1.0, (0, 1, 2), True, 1.0)

    def setUp(self) -> None:
        """
        Have a cluster that holds something, and one server that may be wrong.
        """
        self.cluster = SimulatedCluster(3, seed=7, limits=LIMITS)
        self.addCleanup(self.cluster.close)
        self.cluster.start()
        self.client = self.cluster.client()
        self.put(b"a", b"one")
        self.server = self.follower()
        self.server.isFrail = True

    def test_replaced(self) -> None:
        """
        The judge has nothing to say of a server that comes to be wrong, as long as it takes itself out for that.
        """
        wrongState(self.cluster, [self.server], self.fault)
        self.assertTrue(self.server.store.isWrong)
        self.put(b"a", b"two")
        self.cluster.run(2)
        self.converge()
        self.assertEqual(self.cluster.rare[rare.WRONG_STATE_FOUND], 1)
        self.assertEqual(self.cluster.rare[rare.STATE_REPLACED], 1)

    def test_killed(self) -> None:
        """
        In some runs it is killed before it has a snapshot, and goes on where it was.
        """
        wrongState(self.cluster, [self.server], replace(self.fault, amount=0.001))
        self.cluster.run(2)
        self.converge()
        self.assertEqual(self.cluster.rare[rare.WRONG_STATE_KILLED], 1)
        self.assertFalse(self.server.store.isWrong)

    def test_right(self) -> None:
        """
        The judge finds a server that takes itself out though its state is right.
        """
        self.server.node.distrust("it is a test")
        with self.assertRaisesRegex(Violation, "takes itself out, and its state is right"):
            self.cluster.run(1)

    def test_forgotten(self) -> None:
        """
        And one that has forgotten, when it starts, that it is wrong.
        """
        self.patch(Installer, "fetch", lambda installer, fetch: succeed(False))
        wrongState(self.cluster, [self.server], self.fault)
        self.cluster.run(2)
        self.server.kill()
        self.patch(Node, "distrust", lambda node, reason: None)
        self.server.start()
        with self.assertRaisesRegex(Violation, "goes on with a state that it knows to be wrong"):
            self.cluster.run(1)

    def test_twice(self) -> None:
        """
        What is wrong already is left alone, and so is a server whose disk is no worse than others.
        """
        self.assertIsNotNone(wrongState(self.cluster, [self.server], self.fault))
        self.assertIsNone(wrongState(self.cluster, [self.server], self.fault))
        self.assertIsNone(wrongState(self.cluster, [self.cluster.leader()], self.fault))
