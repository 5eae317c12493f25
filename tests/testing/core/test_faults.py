"""
Faults: that they happen, and that they are over when they are over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from replkv.testing.core.cluster import Cluster
from replkv.testing.core.faults import KINDS, Faults
from replkv.testing.core.plan import draw
from replkv.testing.faults import HAND_OVER, Fault

BEGIN = 3.0
SECONDS = 2.0


class FaultTests(SynchronousTestCase):
    """
    One fault at a time, in a cluster of three that has elected server 1 or another.
    """

    def begin(self, kind: str, amount: float = 0.3, atLeader: bool = True) -> None:
        """
        Let a fault begin.
        """
        self.told: list[str] = []
        seed = next(seed for seed in range(100) if draw(seed, {kind: 1.0}).servers == 3)
        plan = replace(draw(seed, {kind: 1.0}), members=None)
        self.cluster = Cluster(seed, plan, self.told.append)
        self.cluster.start()
        fault = Fault(0, kind, BEGIN, SECONDS, (2, 0, 1), atLeader, amount)
        self.faults = Faults(self.cluster, [fault])
        self.cluster.run(BEGIN - 0.01)
        leader = self.cluster.leader()
        assert leader is not None
        self.leader = leader
        self.cluster.run(0.02)

    def end(self) -> None:
        """
        Let it end.
        """
        self.cluster.run(SECONDS)

    def state(self) -> list[object]:
        """
        What faults change.
        """
        servers = [
            (
                server.isRunning,
                server.isPaused,
                server.isFragile or server.raft.state.isDistrusted,
                server.rate,
                server.disk.slowness,
                server.disk.isHanging,
            )
            for server in self.cluster.servers
        ]
        return [servers, [len(way.conditions) for way in self.cluster.network.ways()]]

    def test_undone(self) -> None:
        """
        A fault changes something, and when it is over, nothing is changed any more; and so it is when all is mended
        before it is over.
        """
        for kind in KINDS:
            for finish in (self.end, lambda: self.faults.mend()):
                self.begin(kind, 0.9)
                calm: list[object] = [
                    [(True, False, False, rate, 0.0, False) for rate in self.cluster.plan.rates],
                    [0] * 6,
                ]
                if kind not in ("hunt", "flapping links", HAND_OVER):
                    # These are at rest now and then, or no fault.
                    self.assertNotEqual(self.state(), calm, kind)
                self.assertEqual(self.faults.injected, {kind: 1})
                finish()
                self.cluster.run(1.0)
                self.assertEqual(self.state(), calm, kind)

    def test_told(self) -> None:
        """
        The story has each fault, when it begins and when it is over.
        """
        for kind in KINDS:
            self.begin(kind)
            self.end()
            lines = [line for line in self.told if "fault 0" in line]
            self.assertEqual(len(lines), 2, kind)
            self.assertIn("for 2.00 s", lines[0])
            self.assertIn("is over", lines[1])

    def test_atLeader(self) -> None:
        """
        A fault is about the leader, if it is to be, and otherwise about the first of its servers.
        """
        self.begin("crash")
        self.assertFalse(self.leader.isRunning)
        self.begin("crash", atLeader=False)
        self.assertFalse(self.cluster.servers[2].isRunning)

    def lost(self, kind: str, amount: float) -> int:
        """
        On how many ways nothing arrives.
        """
        self.begin(kind, amount)
        return sum(any(condition.cuts for condition in way.conditions) for way in self.cluster.network.ways())

    def test_partitions(self) -> None:
        """
        Partitions cut some ways: all those between two groups, in one direction or in both.
        """
        for amount in (0.1, 0.9):
            self.assertEqual(self.lost("partition", amount), 4)
            self.assertEqual(self.lost("one-way partition", amount), 2)
            self.assertEqual(self.lost("isolation", amount), 4)

    def test_overlap(self) -> None:
        """
        A server that two faults have crashed runs again when both are over, and so it is with pauses.
        """
        faults: list[tuple[str, Callable[[], bool]]] = [
            ("crash", lambda: self.cluster.servers[0].isRunning),
            ("pause", lambda: not self.cluster.servers[0].isPaused),
        ]
        for kind, isWell in faults:
            self.begin(kind)
            self.end()
            Faults(
                self.cluster,
                [Fault(number, kind, number, SECONDS, (0, 1, 2), False, 0.5) for number in (0, 1)],
            )
            self.cluster.run(0.5)
            self.assertFalse(isWell())
            self.cluster.run(2)
            self.assertFalse(isWell())
            self.cluster.run(1)
            self.assertTrue(isWell())

    def test_crashOfPaused(self) -> None:
        """
        A paused server may crash; it starts again without standing still.
        """
        self.begin("pause")
        server = self.leader
        self.assertTrue(server.isPaused)
        self.cluster.crash(server.id)
        self.cluster.restart(server.id)
        self.assertEqual((server.isRunning, server.isPaused), (True, False))
        self.end()
        self.assertEqual((server.isRunning, server.isPaused), (True, False))

    def test_lackingWhilePaused(self) -> None:
        """
        A paused server whose state is wrong is one of those that may lack something, though it does not know it yet: no
        other one of three may.
        """
        self.begin("pause")
        server = self.leader
        server.distrust()
        self.assertEqual((server.raft.state.isDistrusted, server.isLacking), (False, True))
        others = tuple(other.id for other in self.cluster.servers if other is not server)
        second = Fault(1, "distrust", 0.01, 0.0, (*others, server.id), False, 0.3)
        Faults(self.cluster, [second])
        self.cluster.run(0.1)
        self.assertFalse(any(other.isLacking for other in self.cluster.servers if other is not server))
        self.end()

    def test_hunt(self) -> None:
        """
        In a hunt, leaders are lost one after the other.
        """
        self.begin("hunt")
        self.cluster.run(SECONDS - 0.1)
        self.assertFalse(self.leader.leads)
        self.assertTrue(any("crashes" in line or "cut off" in line for line in self.told if "fault" not in line))
