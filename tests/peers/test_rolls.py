"""
Tests for all that a server knows of who is a member.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.peers.roll import Roll
from replkv.peers.rolls import Rolls
from replkv.raft.changes import removed, replaced
from replkv.raft.configuration import Configuration
from replkv.raft.member import Member

UNNAMED = Roll(Configuration.ofVoters(range(3)))
THREE = Roll(Configuration(Member(server, incarnation=f"folder {server}") for server in range(3)), 10)


class RollsTests(SynchronousTestCase):
    """
    Tests for L{Rolls}, of which one is in force and not committed.
    """

    def rolls(self, settled: Roll, inForce: Configuration) -> Rolls:
        """
        A server goes by these.
        """
        rolls = Rolls("replkv", settled)
        rolls.inForce = Roll(inForce, 11)
        return rolls

    def test_replaced(self) -> None:
        """
        A folder that is replaced by what may be cut off is judged by what is certain, and the next one by what is in
        force. The answers of the old one do not count.
        """
        rolls = self.rolls(THREE, replaced(THREE.configuration, 2))
        self.assertIsNone(rolls.objection(2, "folder 2"))
        self.assertIs(rolls.judging(2, "folder 2"), rolls.settled)
        self.assertIn("was replaced", rolls.replacement(2, "folder 2") or "")
        self.assertIsNone(rolls.objection(2, "new"))
        self.assertIs(rolls.judging(2, "new"), rolls.inForce)
        self.assertIsNone(rolls.replacement(2, "new"))
        self.assertIs(rolls.judging(0, "another"), rolls.inForce)
        self.assertIn("another data folder", rolls.objection(0, "another") or "")

    def test_removed(self) -> None:
        """
        So is a server that is removed. It is not to come with another folder, so there is nothing to refuse.
        """
        rolls = self.rolls(THREE, removed(THREE.configuration, 2))
        self.assertIsNone(rolls.objection(2, "folder 2"))
        self.assertIs(rolls.judging(2, "folder 2"), rolls.settled)
        self.assertIsNone(rolls.replacement(2, "folder 2"))
        self.assertIn("server 2 is no member", rolls.objection(2, "new") or "")

    def test_unnamed(self) -> None:
        """
        Where what is certain names no folders, it has members all the same, but one that has a name has no other one.
        """
        rolls = self.rolls(UNNAMED, removed(THREE.configuration, 2))
        self.assertIsNone(rolls.objection(2, "folder 2"))
        self.assertIn("server 7 is no member", rolls.objection(7, "folder 7") or "")
        self.assertIn("another data folder", rolls.objection(0, "new") or "")

    def test_nothingNamed(self) -> None:
        """
        As long as no folder is named, there is nothing to say.
        """
        rolls = Rolls("replkv", UNNAMED)
        self.assertIsNone(rolls.objection(7, "folder 7"))
        self.assertIs(rolls.judging(7, "folder 7"), UNNAMED)
