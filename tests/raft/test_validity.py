"""
Tests for what a message can be at all.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.entry import Batch, Entry
from replkv.raft.messages import AppendEntriesReply, InstallSnapshot, Message, RequestVote
from replkv.raft.validity import GREATEST, Impossible, check
from tests.raft.servers import appendEntries, heartbeat


class ValidityTests(SynchronousTestCase):
    """
    Tests for messages by themselves.
    """

    def assertRefused(self, message: Message, reason: str) -> None:
        """
        It makes no sense.
        """
        self.assertIn(reason, str(self.assertRaises(Impossible, check, message)))

    def test_sound(self) -> None:
        """
        What servers send makes sense.
        """
        for message in (
            heartbeat(1),
            heartbeat(3, 7, 3),
            appendEntries(3, 0, 0, 1, 1, 2, 3),
            appendEntries(3, 7, 2, 2, 3),
            RequestVote(term=1, lastLogIndex=0, lastLogTerm=0, preVote=True),
            # A server has gone on from a snapshot of a later term than it has seen.
            RequestVote(term=4, lastLogIndex=9, lastLogTerm=5, preVote=True),
            InstallSnapshot(term=3, lastIncludedIndex=7, lastIncludedTerm=3, readRound=0),
            AppendEntriesReply.rejected(term=3, prevLogIndex=7, conflictIndex=8),
        ):
            check(message)

    def test_termsOfEntries(self) -> None:
        """
        Terms do not go down along a log, are not later than the leader's, and none is 0.
        """
        self.assertRefused(appendEntries(3, 7, 2, 3, 2), "entry 9 has term 2, after an entry of term 3")
        self.assertRefused(appendEntries(3, 7, 2, 1), "entry 8 has term 1, after an entry of term 2")
        self.assertRefused(appendEntries(3, 7, 2, 3, 4), "an entry of term 4, from the leader of term 3")
        self.assertRefused(appendEntries(3, 0, 0, 0, 1), "an entry of term 0")
        self.assertRefused(heartbeat(3, 7, 4), "an entry of term 4, from the leader of term 3")

    def test_places(self) -> None:
        """
        Entries follow the one that is named before them, which has a term, unless it is before the first.
        """
        astray = appendEntries(3, 7, 2, 3)._replace(prevLogIndex=6)
        self.assertRefused(astray, "1 entries that begin at 8, after entry 6")
        far = heartbeat(3, GREATEST, 2)._replace(batch=Batch([Entry(GREATEST + 1, 3, b"")]))
        self.assertRefused(far, "entries that begin at")
        self.assertRefused(heartbeat(3, 0, 2), "no entry 0 has term 2")
        self.assertRefused(heartbeat(3, 7, 0), "no entry 7 has term 0")
        vote = RequestVote(term=1, lastLogIndex=3, lastLogTerm=0, preVote=False)
        self.assertRefused(vote, "no entry 3 has term 0")

    def test_snapshots(self) -> None:
        """
        A leader's log begins after an entry, of a term that is not later than its own.
        """
        offer = InstallSnapshot(term=3, lastIncludedIndex=7, lastIncludedTerm=4, readRound=0)
        self.assertRefused(offer, "a snapshot up to entry 7 of term 4, in term 3")
        self.assertRefused(offer._replace(lastIncludedIndex=0, lastIncludedTerm=0), "a snapshot up to entry 0")

    def test_conflicts(self) -> None:
        """
        A conflict is found where the leader has looked, or before.
        """
        rejected = AppendEntriesReply.rejected(term=3, prevLogIndex=7, conflictIndex=9)
        self.assertRefused(rejected, "a conflict at entry 9, after entry 7")
