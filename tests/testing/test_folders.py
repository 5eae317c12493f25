"""
Tests for L{replkv.testing.judges.folders}.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.member import Kind, Member
from replkv.testing.judges.folders import Folders
from replkv.testing.judges.view import DurableLog, Watched


class HeldDisk:
    """
    A disk that has entries of term 1.
    """

    def __init__(self, lastIndex: int, term: int) -> None:
        self.lastIndex = lastIndex
        self.term = term
        self.votedFor = None

    def has(self, index: int, term: int) -> bool:
        """
        See L{DurableLog.has}.
        """
        return term == 1 and 0 < index <= self.lastIndex

    holds = has


class FoldersTests(SynchronousTestCase):
    """
    Tests for L{Folders}, of a server that has been given two empty folders.
    """

    def setUp(self) -> None:
        """
        It had more with the one before.
        """
        disks: dict[str, DurableLog] = {"first": HeldDisk(5, 1), "second": HeldDisk(9, 3), "third": HeldDisk(2, 2)}
        self.folders = Folders([cast(Watched, SimpleNamespace(disks=disks))])

    def test_named(self) -> None:
        """
        It counts with the folder that is named, and no other.
        """
        member = Member(0, incarnation="third")
        self.assertEqual(self.folders.of(member), ["third"])
        self.assertTrue(self.folders.holds(member, 2, 1))
        self.assertFalse(self.folders.holds(member, 3, 1))
        self.assertEqual([self.folders.hasGoneOn(member, term) for term in (1, 2)], [True, False])

    def test_unknown(self) -> None:
        """
        One that it never had holds nothing.
        """
        self.assertFalse(self.folders.holds(Member(0, incarnation="another"), 1, 1))
        self.assertFalse(self.folders.holds(Member(7), 1, 1))

    def test_atFirst(self) -> None:
        """
        Where none is named, a voter counts with its first one.
        """
        self.assertEqual(self.folders.of(Member(0)), ["first"])

    def test_awaited(self) -> None:
        """
        One without a vote may come with any but that which was replaced.
        """
        self.assertEqual(self.folders.of(Member(0, Kind.LEARNER, former="second")), ["first", "third"])
