"""
Tests for L{replkv.testing.quorums}.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.changes import added, promoted, removed
from replkv.raft.configuration import Configuration
from replkv.raft.member import Kind, Member
from replkv.testing.judge import Judge
from replkv.testing.quorums import Leading, Quorums

THREE = Configuration.ofVoters(range(3))
FOUR = Configuration([*THREE.members, Member(3, Kind.LEARNER, "folder 3")])


class QuorumsTests(SynchronousTestCase):
    """
    Tests for L{Quorums}, in a cluster that begins with three servers.
    """

    def setUp(self) -> None:
        """
        Nothing has happened yet.
        """
        self.lost: set[int] = set()
        self.judge = SimpleNamespace(committedConfigurations=[], openConfigurations=[])
        self.servers = [SimpleNamespace(leads=False, raft=None) for _ in range(5)]
        self.quorums = Quorums(
            cast("list[Leading]", self.servers),
            THREE,
            cast(Judge, self.judge),
            lambda member: member.id not in self.lost,
        )

    def test_one(self) -> None:
        """
        One of three can be spared, and then no other one.
        """
        self.assertTrue(self.quorums.canSpare(0))
        self.lost.add(1)
        self.assertEqual([self.quorums.canSpare(server) for server in range(3)], [False, True, False])

    def test_open(self) -> None:
        """
        What may yet be committed counts too, and what a leader is about to write.
        """
        two = removed(THREE, 2)
        self.assertTrue(self.quorums.canSpare(0))
        self.judge.openConfigurations = [two]
        self.assertFalse(self.quorums.canSpare(0))
        self.judge.openConfigurations = []
        self.servers[1] = SimpleNamespace(leads=True, raft=SimpleNamespace(configuration=two))
        self.assertFalse(self.quorums.canSpare(0))

    def test_leaving(self) -> None:
        """
        As long as somebody may be removed, those that would be left have to do without another one.
        """
        over = self.quorums.leave(2)
        self.assertFalse(self.quorums.canSpare(0))
        over()
        self.assertTrue(self.quorums.canSpare(0))

    def test_learner(self) -> None:
        """
        A learner that is lost may yet be given its vote by a leader that does not know that.
        """
        self.judge.committedConfigurations = [FOUR]
        self.lost.add(3)
        self.assertFalse(self.quorums.canSpare(0))
        self.lost.clear()
        self.assertTrue(self.quorums.canSpare(0))

    def test_toCome(self) -> None:
        """
        One that is yet to come can be spared whatever else there is.
        """
        self.judge.committedConfigurations = [added(THREE, 3, None)]
        self.lost |= {1, 3}
        self.assertEqual([self.quorums.canSpare(server) for server in range(4)], [False, False, False, True])

    def test_autopilot(self) -> None:
        """
        Where any one may lose its vote, those that would be left have to do without it.
        """
        self.judge.committedConfigurations = [promoted(FOUR, 3)]
        for hasAutopilot, begins in ((True, THREE), (False, THREE)):
            quorums = Quorums(
                cast("list[Leading]", self.servers),
                begins,
                cast(Judge, self.judge),
                lambda member: member.id not in self.lost,
                hasAutopilot,
            )
            self.assertTrue(quorums.canSpare(0))
            self.judge.openConfigurations = [THREE]
            self.assertEqual(quorums.canSpare(0), not hasAutopilot)
            self.judge.openConfigurations = []

    def test_latest(self) -> None:
        """
        What is committed takes the place of what was before.
        """
        self.judge.committedConfigurations = [FOUR, promoted(FOUR, 3)]
        self.assertEqual(self.quorums.latest.voters, (0, 1, 2, 3))
        self.assertFalse(self.quorums.wasRemoved(0))
        self.judge.committedConfigurations = [removed(THREE, 0), added(removed(THREE, 0), 0, None)]
        self.assertTrue(self.quorums.wasRemoved(0))

    def test_majorities(self) -> None:
        """
        Something may hold of a majority by one configuration, and not by another.
        """
        self.judge.openConfigurations = [promoted(FOUR, 3)]
        two = {0, 1}
        self.assertTrue(self.quorums.couldBe(lambda server: server in two))
        self.assertFalse(self.quorums.isCertain(lambda server: server in two))
        self.assertTrue(self.quorums.isCertain(lambda server: server in {0, 1, 2}))
