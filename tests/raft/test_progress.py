"""
What a leader knows of one peer: nextIndex and matchIndex of figure 2 of the Raft paper.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.entry import NO_ENTRIES, Batch
from replkv.raft.limits import RAFT_LIMITS
from replkv.raft.progress import Progress, ProgressState
from tests.raft.network import entriesOf


def streamingTo(*ends: int) -> Progress:
    """
    A peer that matched nothing so far, and was sent batches that end at C{ends}.
    """
    progress = Progress(1, RAFT_LIMITS)
    progress.matched(0)
    entries = entriesOf(*[1] * ends[-1]) if ends else []
    start = 0
    for end in ends:
        progress.sent(Batch(entries[start:end]))
        start = end
    return progress


class ProgressTests(SynchronousTestCase):
    """
    L{Progress}.
    """

    def test_begins(self) -> None:
        """
        A new leader assumes nothing: matchIndex is 0, and a probe is due.
        """
        progress = Progress(8, RAFT_LIMITS)
        self.assertEqual((progress.matchIndex, progress.nextIndex), (0, 8))
        self.assertTrue(progress.probeDue)
        self.assertFalse(progress.maySendEntries)

    def test_sendingGoesOn(self) -> None:
        """
        What was sent is not sent again.
        """
        self.assertEqual(streamingTo(3, 5).nextIndex, 6)

    def test_matchIndexNeverGoesBack(self) -> None:
        """
        Late answers never lower matchIndex, nor put nextIndex at or below it.
        """
        progress = streamingTo(3, 5)
        for answer, expected in ((3, 3), (1, 3), (5, 5), (3, 5), (0, 5)):
            progress.matched(answer)
            self.assertEqual((progress.matchIndex, progress.nextIndex), (expected, 6))

    def test_rejectedWhileStreaming(self) -> None:
        """
        A rejection behind matchIndex is old; one after it stops the stream and probes further back.
        """
        progress = streamingTo(3, 5)
        progress.matched(3)
        progress.rejected(3, 1)
        self.assertIs(progress.state, ProgressState.REPLICATE)
        progress.rejected(5, 2)
        self.assertEqual((progress.state, progress.probeDue, progress.nextIndex), (ProgressState.PROBE, True, 4))

    def test_rejectedWhileProbing(self) -> None:
        """
        Only the answer to the last probe moves nextIndex, and always back.
        """
        progress = Progress(10, RAFT_LIMITS)
        progress.sent(NO_ENTRIES)
        progress.rejected(7, 3)
        self.assertEqual((progress.nextIndex, progress.probeDue), (10, False))
        progress.rejected(9, 50)
        self.assertEqual((progress.nextIndex, progress.probeDue), (9, True))
        progress.rejected(9, 4)
        self.assertEqual(progress.nextIndex, 9)
        progress.rejected(8, 0)
        self.assertEqual(progress.nextIndex, 1)

    def test_hasRegressed(self) -> None:
        """
        Whether a rejection shows that the peer lacks what it had acknowledged: only where it was probed for just that.
        """
        progress = streamingTo(3, 5)
        progress.matched(3)
        self.assertFalse(progress.hasRegressed(3), "an old answer")
        progress.unreachable()
        self.assertFalse(progress.hasRegressed(3), "an old answer: the probe is at 5")
        progress.rejected(5, 4)
        self.assertTrue(progress.hasRegressed(3))
        self.assertFalse(progress.hasRegressed(2))
        self.assertFalse(Progress(1, RAFT_LIMITS).hasRegressed(0), "every log has what comes before its first entry")

    def test_unreachable(self) -> None:
        """
        A loss stops the stream until a probe is answered, and forgets what was on its way.
        """
        progress = streamingTo(3, 5)
        progress.unreachable()
        self.assertEqual((progress.state, progress.probeDue), (ProgressState.PROBE, False))
        self.assertTrue(progress.maySend)
        progress.matched(3)
        self.assertTrue(progress.maySendEntries)

    def test_messagesAreBounded(self) -> None:
        """
        No more than so many messages are without an answer; too many answers make no more room than that.
        """
        progress = streamingTo()
        for _ in range(3):
            progress.answered(0)
        for _ in range(RAFT_LIMITS.unanswered):
            self.assertTrue(progress.maySend)
            progress.sent(NO_ENTRIES)
        self.assertFalse(progress.maySend)
        progress.answered(0)
        self.assertTrue(progress.maySend)

    def test_bytesAreBounded(self) -> None:
        """
        No more than so many bytes of entries are on their way, and the answer to a batch gives its bytes back.
        """
        large = Batch([entry._replace(data=bytes(RAFT_LIMITS.unansweredBytes // 2)) for entry in entriesOf(1, 1)])
        progress = streamingTo()
        for number in (0, 1):
            self.assertTrue(progress.maySendEntries)
            progress.sent(Batch(large.entries[number : number + 1]))
        self.assertEqual((progress.maySendEntries, progress.maySend), (False, True))
        progress.matched(1)
        self.assertTrue(progress.maySendEntries)

    def test_readRound(self) -> None:
        """
        The round of reads that was answered does not go back, and any answer shows that the peer is there.
        """
        progress = Progress(1, RAFT_LIMITS)
        self.assertFalse(progress.active)
        for answered, expected in ((3, 3), (2, 3), (4, 4)):
            progress.answered(answered)
            self.assertEqual(progress.readRound, expected)
        self.assertTrue(progress.active)
