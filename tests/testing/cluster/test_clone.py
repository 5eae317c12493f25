"""
Tests for servers that run twice.
"""

from __future__ import annotations

import replkv.peers.acquaintances
from replkv.testing.cluster.clone import runTwice
from replkv.testing.faults import Fault, Undo
from replkv.testing.health import Settling
from replkv.testing.outcome import Violation
from replkv.testing.rare import CLONED
from tests.testing.cluster.clusters import ClusterCase

FAULT = Fault(3, "", 0.0, 1.0, (), False, 0.5)


class CloneTests(ClusterCase):
    """
    Tests for L{runTwice}.
    """

    def setUp(self) -> None:
        """
        Server 0 may lose what it has.
        """
        self.story: list[str] = []
        super().setUp()
        self.patch(self.cluster.trace, "tell", lambda time, who, what: self.story.append(f"{who} {what}"))
        self.server = self.cluster.servers[0]
        self.server.isFrail = True
        self.put(b"k", b"value")

    def begin(self) -> Undo:
        """
        Let it begin, and wait for the clone.
        """
        undo = runTwice(self.cluster, self.cluster.servers, FAULT)
        assert undo is not None
        self.cluster.until(lambda: self.cluster.rare[CLONED], "the clone runs")
        return undo

    def test_clone(self) -> None:
        """
        All others refuse the clone, and the server itself goes on, well as before.
        """
        self.cluster.health.settling = Settling(1.0, 1.0)
        end = self.begin()
        self.put(b"k", b"other")
        self.cluster.run(5)
        for peer in (1, 2):
            [line, *_] = [line for line in self.story if line.startswith(f"server{peer} refused a connection from")]
            self.assertIn("clone3", line)
            self.assertIn("server 0 runs twice", line)
        self.assertIsNotNone(self.server.raft.leaderId)
        self.assertEqual(self.server.links, [1, 2])
        self.assertIsNotNone(self.cluster.health.wellSince(0))
        end()
        self.assertEqual(self.story[-1], "clone3 is killed")
        self.cluster.run(2)
        self.converge()
        self.expect(b"k", b"other")

    def test_notMet(self) -> None:
        """
        There is no clone as long as some have not met the server's next process: they could not tell.
        """
        self.cluster.partition((1, 2))
        undo = runTwice(self.cluster, self.cluster.servers, FAULT)
        assert undo is not None
        self.cluster.run(2)
        self.assertEqual(self.cluster.rare[CLONED], 0)
        undo()
        self.cluster.heal()
        self.cluster.run(2)
        self.assertEqual(self.cluster.rare[CLONED], 0)

    def test_notFrail(self) -> None:
        """
        Only what is a minority may run twice.
        """
        self.assertIsNone(runTwice(self.cluster, self.cluster.servers[1:], FAULT))

    def test_letIn(self) -> None:
        """
        Whoever lets a clone in is found.
        """
        self.patch(replkv.peers.acquaintances, "contradiction", lambda server, known, told: None)
        self.begin()
        error = self.assertRaises(Violation, self.cluster.run, 2)
        self.assertRegex(str(error), "server [12] lets in a clone of server 0")
