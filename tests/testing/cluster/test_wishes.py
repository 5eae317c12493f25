"""
Tests for L{replkv.testing.cluster.wishes}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.members import (
    MemberAdd,
    MemberCommand,
    MemberPromote,
    MemberRemove,
    MemberReplace,
    MemberUpdate,
)
from replkv.raft.changes import added, moved, named, promoted, removed, replaced
from replkv.raft.configuration import Configuration
from replkv.raft.member import Address
from replkv.testing.cluster.wishes import isGranted

HERE = Address("server3", 9000, 10000)
THERE = Address("server3", 9001, 10001)
THREE = Configuration.ofVoters(range(3))
FOUR = named(added(THREE, 3, HERE), 3, "folder", None)


class WishTests(SynchronousTestCase):
    """
    Tests for L{isGranted}.
    """

    def assertGrants(self, before: Configuration, command: MemberCommand, after: Configuration) -> None:
        """
        The later of two configurations has what a command asks for, and the other one has not.
        """
        self.assertFalse(isGranted(command, [before]))
        self.assertTrue(isGranted(command, [before, after, THREE]))

    def test_each(self) -> None:
        """
        Each has what it asks for, and nothing else.
        """
        self.assertGrants(removed(THREE, 2), MemberAdd(3, *HERE, False, False), FOUR)
        self.assertGrants(Configuration([FOUR.members[3]]), MemberRemove(3, False), THREE)
        self.assertGrants(FOUR, MemberReplace(3, False), replaced(FOUR, 3))
        self.assertGrants(FOUR, MemberUpdate(3, *THERE, False), moved(FOUR, 3, THERE))
        self.assertGrants(FOUR, MemberPromote(3), promoted(FOUR, 3))

    def test_nowhereElse(self) -> None:
        """
        A server that is a member at another address was not added.
        """
        self.assertFalse(isGranted(MemberAdd(3, *THERE, False, False), [FOUR]))

    def test_gone(self) -> None:
        """
        To have one promoted that is gone was in vain.
        """
        self.assertFalse(isGranted(MemberPromote(3), [THREE]))
