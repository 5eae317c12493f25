"""
The judge on members that come and go.
"""

from __future__ import annotations

from replkv.raft.changes import added, demoted, promoted, removed
from replkv.raft.configuration import Configuration
from replkv.raft.entry import Entry
from replkv.raft.member import Kind, Member
from replkv.raft.membership import encode
from replkv.raft.outputs import Ready
from replkv.testing import rare
from replkv.testing.judges.members import tookOver
from replkv.testing.outcome import Violation
from tests.raft.network import ELECTION_TICKS, THREE
from tests.testing.judged import JudgeTests

FOUR = added(THREE, 3, None)


class MembersTests(JudgeTests):
    """
    What servers go by, and how a leader changes it.
    """

    def change(self, *configurations: Configuration) -> None:
        """
        The leader has these in its log, one after the other, whatever it should do.
        """
        state = self.raft(0).state
        for configuration in configurations:
            state.append([Entry(state.log.lastIndex + 1, state.currentTerm, encode(configuration))])

    def test_oneStep(self) -> None:
        """
        One that comes after the other is right, and is counted.
        """
        self.change(FOUR)
        self.network.judge.check(self.network.seen[0], Ready())
        self.assertEqual(self.network.rare[rare.MEMBERS_CHANGED], 1)

    def test_twoSteps(self) -> None:
        """
        Two voters at once are none.
        """
        self.change(Configuration.ofVoters([0]))
        self.assertViolation(0, Ready(), "goes from voter 0, voter 1, voter 2 to voter 0")

    def test_twoAbsent(self) -> None:
        """
        Nobody takes more than one vote from those that are gone.
        """
        gone = Configuration([Member(0), *(Member(server, Kind.ABSENT) for server in (1, 2))])
        self.change(gone)
        self.assertViolation(0, Ready(), "takes more than one vote by itself: voter 0, absent 1, absent 2")

    def test_takesOver(self) -> None:
        """
        A spare that has the vote of one that is gone is counted; one that has none yet is not.
        """
        spare = Member(3, Kind.SPARE, "folder 3")
        for before in (Configuration([*THREE.members, spare]), demoted(THREE, 2)):
            self.assertFalse(tookOver(before, removed(before, 2)))
        before = demoted(Configuration([*THREE.members, spare]), 2)
        self.assertFalse(tookOver(before, promoted(before, 3)))
        self.assertTrue(tookOver(before, removed(promoted(before, 3), 2)))

    def test_tooSoon(self) -> None:
        """
        One that comes before the last is committed is wrong.
        """
        self.change(FOUR, removed(FOUR, 3))
        self.assertViolation(0, Ready(), "the change before that is not committed")

    def test_otherThanTheLog(self) -> None:
        """
        Who goes by something else than its log says is wrong.
        """
        self.raft(1).state.configuration = FOUR
        self.raft(1).state.commit(self.raft(1).commitIndex + 1)
        self.assertViolation(1, Ready(), "goes by voter 0, voter 1, voter 2, learner 3, and its log says voter 0")

    def test_leadsOn(self) -> None:
        """
        A leader that has no vote any more must not lead for long.
        """
        raft, judge = self.raft(0), self.network.judge
        raft.state.configurations.restart(removed(THREE, 0), raft.commitIndex)
        # Alone: who is not answered leads on for too long too.
        look, view = judge._members.ticked, judge._views[0]
        for _ in range(2 * ELECTION_TICKS):
            look(view)
        error = self.assertRaises(Violation, look, view)
        self.assertIn("is no voter, and leads on", str(error))
