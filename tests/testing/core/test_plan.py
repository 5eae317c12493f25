"""
What seeds stand for.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.limits import RAFT_LIMITS
from replkv.testing.core.cluster import Cluster
from replkv.testing.core.faults import KINDS
from replkv.testing.core.plan import Plan, draw
from replkv.testing.faults import HAND_OVER, LOG_ROT

LASTS = {name: kind.lasts for name, kind in KINDS.items()}


class PlanTests(SynchronousTestCase):
    """
    Plans.
    """

    def test_same(self) -> None:
        """
        A seed has one plan.
        """
        for seed in range(20):
            self.assertEqual(draw(seed, LASTS), draw(seed, LASTS))
        self.assertNotEqual(draw(1, LASTS), draw(2, LASTS))

    def test_varied(self) -> None:
        """
        Among a few hundred seeds are all sizes and all kinds of faults; each seed has some kinds only.
        """
        plans = [draw(seed, LASTS) for seed in range(300)]
        self.assertEqual({plan.servers for plan in plans}, set(range(1, 8)))
        self.assertEqual({fault.kind for plan in plans for fault in plan.faults}, set(KINDS))
        self.assertTrue(all(len({fault.kind for fault in plan.faults} - {HAND_OVER, LOG_ROT}) <= 6 for plan in plans))
        self.assertEqual({len(plan.clients) for plan in plans}, {1, 2, 3, 4})
        self.assertIn(0, {len(plan.faults) for plan in plans})
        changing = [plan.members for plan in plans if plan.members is not None]
        self.assertTrue(60 < len(changing) < 180)
        self.assertEqual({members.operators for members in changing}, {1, 2})

    def test_faults(self) -> None:
        """
        Faults are numbered in the order in which they begin, but for hand-overs, which come after them, and for logs
        that rot, which come last; all of them begin before the end, and each names all servers.
        """
        for seed in range(50):
            plan: Plan = draw(seed, LASTS)
            self.assertEqual([fault.number for fault in plan.faults], list(range(len(plan.faults))))
            order = [(fault.kind == LOG_ROT, fault.kind == HAND_OVER, fault.at) for fault in plan.faults]
            self.assertEqual(order, sorted(order))
            self.assertTrue(all(0 < time < plan.seconds for *_, time in order))
            for fault in plan.faults:
                self.assertEqual(sorted(fault.servers), list(range(plan.servers)))

    def test_limits(self) -> None:
        """
        A plan's limits are those of the servers' cores.
        """
        plan = draw(1, LASTS)
        cluster = Cluster(1, plan, None)
        cluster.start()
        self.assertNotEqual(plan.limits, RAFT_LIMITS)
        self.assertEqual([server.raft.config.limits for server in cluster.servers], [plan.limits] * plan.servers)
