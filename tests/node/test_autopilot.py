"""
Tests for L{replkv.node.autopilot}.
"""

from __future__ import annotations

from typing import cast

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from replkv.node.autopilot import Autopilot
from replkv.node.roster import Roster
from replkv.raft.configuration import Configuration
from replkv.raft.core import Raft
from replkv.raft.limits import RAFT_LIMITS
from replkv.raft.member import Kind, Member
from replkv.raft.progress import Progress, ProgressStatus
from tests.node.test_memberchanges import members

PATIENCE = 60.0


class Leading:
    """
    The core of server 0, which leads, and its roster.

    @ivar configuration: who the members are.
    @ivar silent: since when servers do not answer, by id.
    """

    commitIndex = 100

    def __init__(self, clock: Clock, configuration: Configuration) -> None:
        self.configuration = configuration
        self.silent: dict[int, float] = {}
        self._clock = clock
        self.matchIndex = 100

    def progressOf(self, server: int) -> ProgressStatus:
        """
        All peers have as much.
        """
        progress = Progress(1, RAFT_LIMITS)
        progress.matched(self.matchIndex)
        return progress.status

    def hears(self, server: int) -> bool:
        """
        See L{Roster.hears}.
        """
        return server not in self.silent

    def heardAt(self, server: int) -> float | None:
        """
        See L{Roster.heardAt}.
        """
        return self.silent.get(server, self._clock.seconds())


class AutopilotTests(SynchronousTestCase):
    """
    Three voters, and a spare.
    """

    def setUp(self) -> None:
        """
        All are there.
        """
        self.clock = Clock()
        self.spare = Member(3, Kind.SPARE, "folder 3")
        self.leading = Leading(self.clock, Configuration([*members(3).members, self.spare]))
        self.autopilot = self.make(PATIENCE)

    def make(self, patience: float | None) -> Autopilot:
        """
        Make one.
        """
        return Autopilot(cast(Raft, self.leading), cast(Roster, self.leading), self.clock, patience)

    def step(self, since: float = 0.0) -> str | None:
        """
        Do what is to be done now, if it is anything.

        @return: why.
        """
        step = self.autopilot.next(since)
        if step is None:
            return None
        self.leading.configuration = step.configuration
        return step.reason

    def lose(self, server: int) -> None:
        """
        A server does not answer, for as long as it is waited for.
        """
        self.leading.silent[server] = self.clock.seconds()
        self.clock.advance(PATIENCE)

    def test_takesItsPlace(self) -> None:
        """
        One that is gone for so long loses its vote, and then its place: there are as many voters as before.
        """
        self.leading.silent[2] = 0.0
        self.clock.advance(PATIENCE - 1)
        self.assertIsNone(self.step())
        self.clock.advance(1)
        self.assertEqual(self.step(), "server 2 has not answered for 60 s: it has no vote any more")
        self.assertEqual(self.leading.configuration.voters, (0, 1))
        self.assertEqual(self.step(), "server 2 has not answered for 60 s: server 3 takes its place")
        self.assertEqual(self.leading.configuration.voters, (0, 1, 3))
        self.assertIsNone(self.leading.configuration.member(2))
        self.assertIsNone(self.step())

    def test_comesBack(self) -> None:
        """
        One that comes back before its place is taken keeps it.
        """
        self.lose(2)
        self.step()
        self.leading.silent.clear()
        self.assertIsNone(self.step())
        self.assertEqual(self.leading.configuration.ids, (0, 1, 2, 3))

    def test_off(self) -> None:
        """
        Nothing is done where it is off.
        """
        self.autopilot = self.make(None)
        self.lose(2)
        self.assertIsNone(self.step())

    def test_newLeader(self) -> None:
        """
        Who has just come to lead has not missed anybody yet.
        """
        self.lose(2)
        self.assertIsNone(self.step(since=1.0))

    def test_noSpare(self) -> None:
        """
        Where no spare is there with all that is committed, a member that is gone keeps its vote.
        """
        self.lose(2)
        self.leading.matchIndex = 99
        self.assertIsNone(self.step())
        self.leading.matchIndex = 100
        self.leading.silent[3] = 0.0
        self.assertIsNone(self.step())

    def test_majority(self) -> None:
        """
        Where two of three are gone, there is no majority to change anything by, and it is not looked for.
        """
        self.lose(2)
        self.leading.silent[1] = self.clock.seconds()
        self.assertIsNone(self.step())

    def test_waitsToBeReplaced(self) -> None:
        """
        A member of which an operator waits for another folder is not taken for gone.
        """
        waiting = Member(2, Kind.LEARNER, former="folder 2")
        self.leading.configuration = Configuration([*members(2).members, waiting, self.spare])
        self.lose(2)
        self.assertIsNone(self.step())
