"""
Tests for disks that fill, and for L{replkv.testing.cluster.fulldisks}.
"""

from __future__ import annotations

import contextlib

from replkv.client.errors import ClientError
from replkv.commands.results import Unavailable
from replkv.frontends.request import Request
from replkv.node.diskspace import DiskSpace
from replkv.node.executor import Executor
from replkv.node.shortages import Shortages
from replkv.storage.files import Space
from replkv.testing import rare
from replkv.testing.cluster.diskkinds import nearlyFullDisk
from replkv.testing.cluster.faults import Faults
from replkv.testing.cluster.troubled import troubled
from replkv.testing.faults import NEARLY_FULL, Fault
from replkv.testing.outcome import Violation
from tests.testing.cluster.clusters import ClusterCase

ALL = 0.99
ONE = 0.0


class FullDiskTests(ClusterCase):
    """
    Tests for L{nearlyFullDisk}, and for the judge of what servers make of it.
    """

    def setUp(self) -> None:
        """
        A value is stored.
        """
        super().setUp()
        self.put(b"k", b"v")
        self.cluster.run(3)

    def fault(self, amount: float) -> Fault:
        """
        Disks that fill.
        """
        return Fault(0, NEARLY_FULL, 0.0, 1.0, (0, 1, 2), True, amount)

    def test_all(self) -> None:
        """
        Where all fill, writes are refused until there is room, and the judge has nothing to say. What is rare is
        counted.
        """
        servers = self.cluster.servers
        self.assertEqual(troubled(servers, self.fault(ALL)), [0, 1, 2])
        undo = nearlyFullDisk(self.cluster, servers, self.fault(ALL))
        assert undo is not None
        self.cluster.run(3)
        with self.assertRaises(ClientError):
            self.put(b"k", b"w")
        self.expect(b"k", b"v")
        for server in servers:
            server.losePower()
            server.start()
        self.cluster.run(3)
        with self.assertRaises(ClientError):
            self.put(b"k", b"w")
        undo()
        self.cluster.run(3)
        self.put(b"k", b"w")
        seen = self.cluster.rare
        self.assertEqual((seen[rare.FULL_REFUSED], seen[rare.FULL_EMPTIED]), (2, 3))

    def test_toAndFro(self) -> None:
        """
        Where all fill at once, a leader may hand over to one that finds that a moment later. That ends soon.
        """
        nearlyFullDisk(self.cluster, self.cluster.servers, self.fault(ALL))
        self.cluster.run(3)
        term = self.cluster.leader().raft.currentTerm
        self.cluster.run(8)
        self.assertEqual(self.cluster.leader().raft.currentTerm, term)
        self.assertLess(self.cluster.rare[rare.FULL_RELIEVED], 3)

    def test_leader(self) -> None:
        """
        Where the leader's fills, another one leads.
        """
        leader = self.cluster.leader()
        undo = Faults(self.cluster, []).begin(self.fault(ONE))
        assert undo is not None
        self.cluster.run(3)
        self.assertFalse(leader.leads)
        self.put(b"k", b"w")
        self.assertEqual(self.cluster.rare[rare.FULL_RELIEVED], 1)
        undo()

    def finds(self, what: str) -> None:
        """
        The judge finds something when all disks fill and are emptied, of servers that are as they are now.
        """

        def happen() -> None:
            for server in self.cluster.servers:
                server.kill()
                server.start()
            undo = nearlyFullDisk(self.cluster, self.cluster.servers, self.fault(ALL))
            assert undo is not None
            self.cluster.run(3)
            self.expect(b"k", b"v")
            with contextlib.suppress(ClientError):
                self.put(b"k", b"w")
            undo()
            self.cluster.run(3)

        with self.assertRaisesRegex(Violation, what):
            happen()

    def test_takesWrites(self) -> None:
        """
        It finds a leader that knows that its disk is nearly full, and takes a write.
        """
        self.patch(Shortages, "takesWrites", True)
        self.finds("leader . knows that its disk is nearly full, and has taken a write")

    def test_refusesReads(self) -> None:
        """
        It finds one that refuses reads.
        """
        carryOut = Executor._carryOut

        def refuse(executor: Executor, request: Request) -> None:
            if executor._shortages.takesWrites:
                carryOut(executor, request)
            else:
                request.answer(Unavailable())

        self.patch(Executor, "_carryOut", refuse)
        self.finds("leader . has refused a read at once")

    def test_notNoticed(self) -> None:
        """
        It finds one that does not notice that its disk fills.
        """
        self.patch(DiskSpace, "_found", lambda space, found: setattr(space, "reserve", 1 << 30))
        self.finds("server . has 1048576 bytes on its disk, and does not take it for full")

    def test_forGood(self) -> None:
        """
        It finds one that does not notice that there is room again.
        """
        found = DiskSpace._found

        def never(space: DiskSpace, answer: Space) -> None:
            if not space.isFull:
                found(space, answer)

        self.patch(DiskSpace, "_found", never)
        self.finds(r"server . has 1099511627776 bytes on its disk, and takes it for full")
