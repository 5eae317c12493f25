"""
Tests for L{replkv.raft.changes}.
"""

from __future__ import annotations

from itertools import combinations

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.changes import (
    CannotChange,
    added,
    demoted,
    isOneStep,
    isReplaced,
    moved,
    named,
    promoted,
    removed,
    replaced,
    started,
)
from replkv.raft.configuration import Configuration
from replkv.raft.member import Address, Kind, Member
from replkv.raft.membership import MAX_MEMBERS
from tests.raft.network import THREE

HERE = Address("here", 9000, 10000)


class ChangesTests(SynchronousTestCase):
    """
    What a change makes of a configuration, or why there is none.
    """

    def refuses(self, why: str, *change: object) -> None:
        """
        A change is none, for this reason.
        """
        function, *arguments = change
        assert callable(function)
        error = self.assertRaises(CannotChange, function, *arguments)
        self.assertEqual(str(error), why)

    def test_added(self) -> None:
        """
        Who comes is a learner.
        """
        after = added(THREE, 7, HERE)
        self.assertEqual(after.member(7), Member(7, Kind.LEARNER, "", HERE))
        self.assertEqual((after.ids, after.voters), ((0, 1, 2, 7), (0, 1, 2)))
        self.refuses("server 1 is a member", added, THREE, 1, HERE)

    def test_most(self) -> None:
        """
        There are no more than there can be.
        """
        full = Configuration.ofVoters(range(MAX_MEMBERS))
        self.refuses(f"there are {MAX_MEMBERS} members, which is the most", added, full, MAX_MEMBERS, None)

    def test_removed(self) -> None:
        """
        Who goes is none any more; but there has to be a voter.
        """
        self.assertEqual(removed(THREE, 1).members, (Member(0), Member(2)))
        self.refuses("server 7 is no member", removed, THREE, 7)
        alone = added(Configuration.ofVoters([0]), 1, None)
        self.refuses("server 0 is the only voter", removed, alone, 0)
        self.assertEqual(removed(alone, 1), Configuration.ofVoters([0]))

    def test_replaced(self) -> None:
        """
        Who is replaced has no vote with its new folder, and the same address.
        """
        after = replaced(named(THREE, 1, "old", HERE), 1)
        self.assertEqual(after.member(1), Member(1, Kind.LEARNER, "", HERE, "old"))
        self.assertEqual(after.voters, (0, 2))
        self.assertEqual(replaced(after, 1), after)
        self.refuses("server 7 is no member", replaced, THREE, 7)
        self.refuses("server 0 is the only voter", replaced, Configuration.ofVoters([0]), 0)

    def test_promoted(self) -> None:
        """
        A learner becomes a voter, once.
        """
        new = added(THREE, 7, HERE)
        self.refuses("server 7 has not come yet", promoted, new, 7)
        after = promoted(named(new, 7, "f00", None), 7)
        self.assertEqual(after.member(7), Member(7, Kind.VOTER, "f00", HERE))
        self.refuses("server 7 is a voter", promoted, after, 7)
        self.refuses("server 8 is no member", promoted, after, 8)

    def test_named(self) -> None:
        """
        A data folder is told once: for another one, the server is replaced.
        """
        after = named(THREE, 2, "f00", HERE)
        self.assertEqual(after.member(2), Member(2, Kind.VOTER, "f00", HERE))
        self.refuses("server 2 has a data folder", named, after, 2, "bar", None)
        self.refuses("server 7 is no member", named, THREE, 7, "f00", None)

    def test_demoted(self) -> None:
        """
        A vote is taken from a server that keeps its data folder; but there has to be a voter.
        """
        before = named(THREE, 2, "f00", HERE)
        after = demoted(before, 2)
        self.assertEqual((after.ids, after.voters), ((0, 1, 2), (0, 1)))
        member = after.member(2)
        assert member is not None
        self.assertEqual((member.incarnation, member.address), ("f00", HERE))
        self.assertEqual(promoted(after, 2), before)
        self.refuses("server 7 is no member", demoted, THREE, 7)
        self.refuses("server 2 is the only voter, or is none", demoted, after, 2)
        self.refuses("server 0 is the only voter, or is none", demoted, Configuration.ofVoters([0]), 0)

    def test_started(self) -> None:
        """
        A later start is written down, and no earlier one. With the next data folder, it begins anew.
        """
        after = started(named(THREE, 2, "f00", HERE), 2, 3, "third")
        self.assertEqual(after.member(2), Member(2, Kind.VOTER, "f00", HERE, "", 3, "third"))
        for start in (3, 2):
            self.refuses("start 3 of server 2 is known", started, after, 2, start, "another")
        self.refuses("server 7 is no member", started, THREE, 7, 1, "first")
        self.assertEqual(replaced(after, 2).member(2), Member(2, Kind.LEARNER, "", HERE, "f00"))

    def test_isReplaced(self) -> None:
        """
        A member is replaced that has another data folder, whoever else comes and goes; not one that has just come, or
        is none any more.
        """
        before = named(named(THREE, 1, "one", HERE), 2, "two", HERE)
        after = removed(added(replaced(before, 2), 7, HERE), 0)
        self.assertEqual([server for server in range(8) if isReplaced(before, after, server)], [2])
        self.assertFalse(isReplaced(before, started(before, 2, 3, "third"), 2))
        self.assertFalse(isReplaced(before, moved(demoted(before, 2), 2, HERE), 2))

    def test_moved(self) -> None:
        """
        An address changes nothing else.
        """
        self.assertEqual(moved(THREE, 2, HERE).members, (Member(0), Member(1), Member(2, address=HERE)))
        self.refuses("server 7 is no member", moved, THREE, 7, HERE)

    def test_oneStep(self) -> None:
        """
        Whatever is one step has majorities that meet, all of them; two voters at once are no step.
        """
        before = Configuration.ofVoters(range(4))
        steps = [added(before, 7, None), removed(before, 3), replaced(before, 0), named(before, 0, "f00", None)]
        steps.append(promoted(named(steps[0], 7, "f00", None), 7))
        for after in steps:
            self.assertTrue(isOneStep(before, after), repr(after))
            for some in combinations(range(8), 3):
                for others in combinations(range(8), 3):
                    if before.isQuorum(set(some)) and after.isQuorum(set(others)):
                        self.assertTrue(set(some) & set(others))
        self.assertFalse(isOneStep(before, Configuration.ofVoters([0, 1])))
        self.assertFalse(isOneStep(before, Configuration.ofVoters([0, 1, 2, 4])))
