"""
Tests for data folders that are wiped or put back.
"""

from __future__ import annotations

import replkv.peers.acquaintances
from replkv.peers.identity import Identity
from replkv.peers.roll import Roll
from replkv.testing.cluster.loss import putBack, wipe
from replkv.testing.cluster.server import SimulatedServer
from replkv.testing.faults import Fault, Undo
from replkv.testing.outcome import Violation
from replkv.testing.rare import PUT_BACK, WIPED
from tests.testing.cluster.clusters import ClusterCase

FAULT = Fault(0, "", 0.0, 1.0, (), False, 0.5)


class LossTests(ClusterCase):
    """
    Tests for L{wipe} and L{putBack}.
    """

    def setUp(self) -> None:
        """
        Server 0 may lose what it has, and all others have met it.
        """
        super().setUp()
        self.server = self.cluster.servers[0]
        self.server.isFrail = True
        self.cluster.leader()
        self.cluster.until(self.isMet, "all have met server 0")

    def isMet(self) -> bool:
        """
        Whether all others have met the last process of server 0.
        """
        return all(other.met.knows(0, self.server.met.life) for other in self.cluster.servers[1:])

    def begin(self, kind: object, *servers: SimulatedServer) -> Undo | None:
        """
        Let it begin.
        """
        assert callable(kind)
        undo: Undo | None = kind(self.cluster, list(servers), FAULT)
        return undo

    def assertOut(self) -> None:
        """
        The others go on, and do not let server 0 in.
        """
        self.assertTrue(self.server.hasForgotten)
        # It is the first that a new client was told of, and cannot tell what came of a write.
        self.client = self.cluster.client()
        self.put(b"k", b"value")
        self.cluster.run(5)
        self.assertTrue(self.server.isServing)
        self.assertIsNone(self.server.raft.leaderId)
        self.expect(b"k", b"value")

    def test_wipe(self) -> None:
        """
        A server that was wiped is not let in, nor when it is started again.
        """
        end = self.begin(wipe, *self.cluster.servers)
        assert end is not None
        end()
        self.assertEqual(self.cluster.rare[WIPED], 1)
        self.assertOut()
        self.server.kill()
        self.server.revive()
        self.assertOut()

    def test_putBack(self) -> None:
        """
        Nor is one with an older copy.
        """
        end = self.begin(putBack, *self.cluster.servers)
        assert end is not None
        self.assertTrue(self.server.isRunning)
        self.cluster.until(self.isMet, "all have met it again")
        end()
        self.assertEqual(self.cluster.rare[PUT_BACK], 1)
        self.assertOut()

    def test_nothingLost(self) -> None:
        """
        A copy is not put back where some have not met what it lacks: they could not tell.
        """
        self.cluster.partition((1, 2))
        end = self.begin(putBack, *self.cluster.servers)
        assert end is not None
        end()
        self.cluster.heal()
        self.assertFalse(self.server.hasForgotten)
        self.assertEqual(self.cluster.rare[PUT_BACK], 0)
        self.cluster.until(lambda: self.server.raft.leaderId is not None, "it follows")

    def test_notStarted(self) -> None:
        """
        Nor is it where the next process could not begin: then there is nothing that the copy lacks.
        """
        self.cluster.network.starve(self.server.name)
        end = self.begin(putBack, *self.cluster.servers)
        assert end is not None
        self.cluster.run(0.1)
        self.assertFalse(self.server.isServing)
        end()
        self.assertFalse(self.server.hasForgotten)

    def test_notFrail(self) -> None:
        """
        Only what is a minority may lose anything.
        """
        for kind in (wipe, putBack):
            self.assertIsNone(self.begin(kind, *self.cluster.servers[1:]))

    def test_believed(self) -> None:
        """
        The judge believes such a server nothing more: if the others do, it says so.
        """
        self.patch(replkv.peers.acquaintances, "contradiction", lambda server, known, told: None)
        self.patch(Identity, "_incarnation", lambda identity, peer: "")
        self.patch(Roll, "objection", lambda *_: None)
        self.cluster.until(lambda: self.cluster.servers[1].raft.configuration.members[0].incarnation, "it is named")
        end = self.begin(wipe, *self.cluster.servers)
        assert end is not None
        end()
        error = self.assertRaises(Violation, self.assertOut)
        self.assertRegex(str(error), "to be on the disk of server 0|which is on 1 disks of 3")

    def test_forgotten(self) -> None:
        """
        A server that no longer remembers whom it has met is found out, if it has no reason to.
        """
        self.server.kill()
        files = self.server.files
        files.put("/0/peers.json", 0, b"{}".ljust(len(files.contents()["/0/peers.json"])))
        self.server.revive()
        error = self.assertRaises(Violation, self.cluster.run, 1)
        self.assertEqual(str(error), "server 0 has forgotten that it has met server 1")
