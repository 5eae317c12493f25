"""
Tests for the commands that wait for their answers.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.results import Deleted, NotFound, Stored, Unavailable, VersionMismatch
from replkv.commands.set import Set
from replkv.node.limits import NODE_LIMITS, NodeLimits
from replkv.node.pending import Deadlines, Proposals
from replkv.raft.entry import Entry
from tests.frontends.asked import Asked


def store(size: int = 1) -> Asked:
    """
    A command that waits, with a value of so many bytes.
    """
    return Asked(Set(b"k", 0, bytes(size), False))


class ProposalsTests(SynchronousTestCase):
    """
    Tests for L{Proposals}.
    """

    def setUp(self) -> None:
        """
        Two writes of term 3 wait for the entries 5 and 6.
        """
        self.begin(NODE_LIMITS)

    def begin(self, limits: NodeLimits) -> None:
        """
        Begin anew, with these limits.
        """
        self.proposals = Proposals(limits)
        self.first, self.second = store(), store()
        self.proposals.add(5, 3, self.first)
        self.proposals.add(6, 3, self.second)

    def test_applied(self) -> None:
        """
        Each is answered by what came of its own entry; the version is that entry's index.
        """
        entries = [Entry(4, 2, b"x"), Entry(5, 3, b"x")]
        self.proposals.applied(entries, [Stored(4), Stored(5)])
        self.assertEqual((self.first.result, self.second.result), (Stored(5), None))
        self.proposals.applied([Entry(6, 3, b"x")], [VersionMismatch()])
        self.assertEqual(self.second.result, VersionMismatch())

    def test_results(self) -> None:
        """
        What came of an entry is told as it is.
        """
        self.proposals.applied([Entry(5, 3, b"x"), Entry(6, 3, b"x")], [Deleted(), NotFound()])
        self.assertEqual((self.first.result, self.second.result), (Deleted(), NotFound()))

    def test_otherLeadersEntry(self) -> None:
        """
        Another leader's entry at the index is not the one that was proposed, whatever came of it.
        """
        self.proposals.applied([Entry(5, 4, b"x"), Entry(6, 4, b"x")], [Stored(5), Deleted()])
        self.assertEqual((self.first.result, self.second.result), (Unavailable(), Unavailable()))

    def test_abandon(self) -> None:
        """
        A leader that is deposed does not know what becomes of them; nor do they get a second answer.
        """
        self.proposals.abandon(4)
        self.assertEqual((self.first.result, self.second.result), (Unavailable(), Unavailable()))
        self.proposals.applied([Entry(5, 3, b"x")], [Stored(5)])
        self.assertEqual(self.first.result, Unavailable())

    def test_abandonUncommitted(self) -> None:
        """
        What is committed by then will be applied, and then it is known what came of it.
        """
        self.proposals.abandon(5)
        self.assertEqual((self.first.result, self.second.result), (None, Unavailable()))
        self.proposals.applied([Entry(5, 3, b"x"), Entry(6, 4, b"x")], [Stored(5), Deleted()])
        self.assertEqual((self.first.result, self.second.result), (Stored(5), Unavailable()))

    def test_skip(self) -> None:
        """
        What has come with a snapshot was carried out, or was not, and nobody here knows.
        """
        self.proposals.skip(5)
        self.assertEqual((self.first.result, self.second.result), (Unavailable(), None))
        self.proposals.applied([Entry(6, 3, b"x")], [Stored(6)])
        self.assertEqual(self.second.result, Stored(6))

    def test_answeredBefore(self) -> None:
        """
        What was answered by its time-out gets no second answer, neither by its entry nor at the end.
        """
        self.first.answer(Unavailable())
        self.second.answer(Unavailable())
        self.proposals.applied([Entry(5, 3, b"x")], [Stored(5)])
        self.proposals.abandon(4)
        self.assertEqual((self.first.result, self.second.result), (Unavailable(), Unavailable()))

    def test_full(self) -> None:
        """
        Their number is bounded, and an answer by time-out makes no room: the entry is still in the log.
        """
        self.begin(NodeLimits(commands=3))
        self.assertFalse(self.proposals.isFullFor(1))
        self.proposals.add(7, 3, store())
        self.first.answer(Unavailable())
        self.assertTrue(self.proposals.isFullFor(1))
        self.proposals.applied([Entry(5, 3, b"x")], [Stored(5)])
        self.assertFalse(self.proposals.isFullFor(1))

    def test_fullOfBytes(self) -> None:
        """
        So are the bytes of their values.
        """
        self.begin(NodeLimits(commandBytes=100))
        self.proposals.add(7, 3, store(98))
        self.assertTrue(self.proposals.isFullFor(1))
        self.proposals.applied([Entry(5, 3, b"x")], [Stored(5)])
        self.assertFalse(self.proposals.isFullFor(1))
        self.proposals.add(8, 3, store(98))
        self.assertTrue(self.proposals.isFullFor(1))
        self.proposals.abandon(4)
        self.assertFalse(self.proposals.isFullFor(1))


class DeadlinesTests(SynchronousTestCase):
    """
    Tests for L{Deadlines}.
    """

    def setUp(self) -> None:
        """
        A command may wait for five seconds.
        """
        self.deadlines = Deadlines(5.0, NODE_LIMITS)

    def test_timeOut(self) -> None:
        """
        A command is answered when its time is up, and not before.
        """
        first, second = store(), store()
        self.deadlines.add(10.0, first)
        self.deadlines.add(11.0, second)
        self.deadlines.sweep(14.999)
        self.assertIsNone(first.result)
        self.deadlines.sweep(15.0)
        self.assertEqual((first.result, second.result), (Unavailable(), None))
        self.assertEqual(self.deadlines.count, 1)

    def test_answered(self) -> None:
        """
        What was answered is forgotten, and not answered again.
        """
        request = store()
        self.deadlines.add(10.0, request)
        request.answer(Stored(7))
        self.deadlines.sweep(10.0)
        self.assertEqual(self.deadlines.count, 0)
        self.assertEqual(request.result, Stored(7))

    def test_full(self) -> None:
        """
        There is room for so many commands, and for so many bytes of values.
        """
        self.deadlines = Deadlines(5.0, NodeLimits(commands=2, commandBytes=1000))
        self.deadlines.add(10.0, store(400))
        self.assertFalse(self.deadlines.isFullFor(1))
        self.deadlines.add(10.0, store(400))
        self.assertTrue(self.deadlines.isFullFor(1))
        self.deadlines.sweep(15.0)
        self.assertFalse(self.deadlines.isFullFor(1))
        self.deadlines.add(20.0, store(1000))
        self.assertTrue(self.deadlines.isFullFor(1))

    def test_bytesGivenBack(self) -> None:
        """
        All the bytes of a command are given back, whether it was answered or its time is up: to the last byte there is
        as much room as before.
        """
        self.deadlines = Deadlines(5.0, NodeLimits(commandBytes=1000))
        answered = store(400)
        self.deadlines.add(10.0, answered)
        self.deadlines.add(10.0, store(300))
        answered.answer(Stored(7))
        self.deadlines.sweep(15.0)
        self.deadlines.add(20.0, store(999))
        self.assertFalse(self.deadlines.isFullFor(1))
        self.assertEqual(len(self.deadlines.takeAll()), 1)
        self.deadlines.add(20.0, store(999))
        self.assertFalse(self.deadlines.isFullFor(1))

    def test_takeAll(self) -> None:
        """
        All can be taken out, in their order; what was answered meanwhile too.
        """
        requests = [store() for _ in range(3)]
        for request in requests:
            self.deadlines.add(10.0, request)
        self.assertEqual(list(self.deadlines.takeAll()), requests)
        self.assertEqual(self.deadlines.count, 0)
        self.assertFalse(self.deadlines.isFullFor(1))


class PaceTests(SynchronousTestCase):
    """
    Tests for how many commands are taken where answers are slow to come.
    """

    def begin(self, limits: NodeLimits, timeout: float = 5.0) -> None:
        """
        A command is not to wait for longer than a second.
        """
        self.deadlines = Deadlines(timeout, limits)
        self.waiting: list[Asked] = []

    def add(self, now: float, count: int) -> None:
        """
        So many commands come.
        """
        for _ in range(count):
            self.waiting.append(store())
            self.deadlines.add(now, self.waiting[-1])

    def answer(self, now: float, count: int) -> None:
        """
        So many are answered.
        """
        for request in self.waiting[:count]:
            request.answer(Deleted())
        del self.waiting[:count]
        self.deadlines.sweep(now)

    def test_inTime(self) -> None:
        """
        As long as answers come in time, as many are taken as there is memory for.
        """
        self.begin(NodeLimits(queuedCommands=2))
        self.add(10.0, 100)
        self.deadlines.sweep(11.0)
        self.assertFalse(self.deadlines.isFullFor(1))

    def test_slow(self) -> None:
        """
        Where they do not, no more may wait than were answered in that time; until they come in time again.
        """
        self.begin(NodeLimits(queuedCommands=2))
        self.add(10.0, 100)
        self.answer(11.2, 40)
        self.assertTrue(self.deadlines.isFullFor(1))
        self.answer(11.3, 20)
        self.assertFalse(self.deadlines.isFullFor(1))
        self.add(11.3, 20)
        self.assertTrue(self.deadlines.isFullFor(1))
        # What was answered long ago says nothing.
        self.answer(14.0, 50)
        self.answer(15.0, 0)
        self.assertTrue(self.deadlines.isFullFor(1))
        self.answer(15.0, 10)
        self.add(15.0, 100)
        self.deadlines.sweep(15.1)
        self.assertFalse(self.deadlines.isFullFor(1))

    def test_few(self) -> None:
        """
        A few are taken in any case: where all stands still for a moment, nobody is refused who can wait.
        """
        self.begin(NodeLimits(queuedCommands=3))
        self.add(10.0, 2)
        self.deadlines.sweep(14.0)
        self.assertFalse(self.deadlines.isFullFor(1))
        self.add(14.0, 1)
        self.assertTrue(self.deadlines.isFullFor(1))

    def test_noTime(self) -> None:
        """
        A timeout of no time at all is one too.
        """
        self.begin(NODE_LIMITS, timeout=0.0)
        self.add(10.0, 1)
        self.deadlines.sweep(10.0)
        self.assertEqual(self.waiting[0].result, Unavailable())
