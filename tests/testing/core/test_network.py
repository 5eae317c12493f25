"""
The simulated network, and what can be wrong with it.
"""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.entry import NO_ENTRIES, Batch, Entry
from replkv.raft.messages import AppendEntries, AppendEntriesReply, Message, RequestVote, RequestVoteReply
from replkv.testing.core.conditions import Cut, Delaying, Holding, Lossy, OldEntriesOnly, Repeating, Slow
from replkv.testing.core.network import Condition, Folders, Network
from replkv.testing.span import Span
from replkv.testing.timeline import Timeline

REQUEST = AppendEntries(term=2, prevLogIndex=0, prevLogTerm=0, leaderCommit=0, readRound=0, batch=NO_ENTRIES)
REPLY = AppendEntriesReply.accepted(term=2, matchIndex=0, prevLogIndex=0)


class NetworkTests(SynchronousTestCase):
    """
    Messages, and who is told that they are lost.
    """

    def setUp(self) -> None:
        """
        Make a network of three servers. A message takes 1 to 2 seconds, and that one is lost is noticed 10 later.
        """
        self.timeline = Timeline()
        self.arrived: list[tuple[float, int, int, Message]] = []
        self.unreachable: list[tuple[float, int, int]] = []
        self.down: list[int] = []

        def arrive(sender: int, to: int, message: Message, folders: Folders) -> bool:
            if to not in self.down:
                self.arrived.append((self.timeline.seconds(), sender, to, message))
            return to not in self.down

        def unreachable(asker: int, other: int) -> None:
            self.unreachable.append((self.timeline.seconds(), asker, other))

        self.network = Network(self.timeline, 7, 3, Span(1.0, 2.0), 10.0, arrive, unreachable)
        self.way = self.network.way(0, 1)

    def send(self, condition: Condition | None, message: Message = REQUEST, count: int = 1) -> list[float]:
        """
        Send a message on a way with which something is wrong.

        @return: when it arrived.
        """
        if condition is not None:
            self.way.conditions.append(condition)
        for _ in range(count):
            self.way.send(message)
        self.timeline.advance(100)
        return [time for time, _, _, _ in self.arrived]

    def test_delay(self) -> None:
        """
        Messages arrive after their delays, and so they overtake each other.
        """
        for term in range(50):
            self.way.send(RequestVoteReply(term=term, granted=True, preVote=False))
        self.timeline.advance(2)
        self.assertEqual(len(self.arrived), 50)
        self.assertTrue(all(1 <= time <= 2 and (sender, to) == (0, 1) for time, sender, to, _ in self.arrived))
        terms = [message.term for _, _, _, message in self.arrived]
        self.assertNotEqual(terms, sorted(terms))

    def test_ownChance(self) -> None:
        """
        What happens on one way changes nothing on another.
        """
        before = self.send(None)
        self.setUp()
        self.network.way(1, 0).send(REQUEST)
        self.timeline.advance(100)
        self.arrived.clear()
        self.timeline.rightNow = 0.0
        self.assertEqual(self.send(None), before)

    def test_hurry(self) -> None:
        """
        The network becomes faster.
        """
        self.network.hurry(Span(0.1, 0.2))
        [time] = self.send(None)
        self.assertTrue(0.1 <= time <= 0.2)

    def test_ways(self) -> None:
        """
        Ways are found by their ends; there is none from a server to itself.
        """

        def ends(*arguments: list[int] | None) -> list[tuple[int, int]]:
            return [(way.sender, way.to) for way in self.network.ways(*arguments)]

        self.assertEqual(ends(), [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)])
        self.assertEqual(ends([0], [0, 1]), [(0, 1)])
        self.assertEqual(ends(None, [2]), [(0, 2), (1, 2)])
        self.assertEqual(ends([2], None), [(2, 0), (2, 1)])

    def test_lostRequest(self) -> None:
        """
        Who has asked is told that the other is unreachable, a while later, and once for all that was lost till then.
        """
        for message in (REQUEST, RequestVote(term=2, lastLogIndex=0, lastLogTerm=0, preVote=False)):
            self.setUp()
            self.assertEqual(self.send(Cut(), message, 3), [])
            self.assertEqual(self.unreachable, [(10.0, 0, 1)])

    def test_lostReply(self) -> None:
        """
        Who waits for an answer is told that the other is unreachable.
        """
        for message in (REPLY, RequestVoteReply(term=2, granted=True, preVote=False)):
            self.setUp()
            self.assertEqual(self.send(Cut(), message), [])
            self.assertEqual(self.unreachable, [(10.0, 1, 0)])

    def test_lostOnTheWay(self) -> None:
        """
        A cut loses what is on its way already.
        """
        self.way.send(REQUEST)
        self.way.conditions.append(Cut())
        self.timeline.advance(100)
        self.assertEqual((self.arrived, len(self.unreachable)), ([], 1))

    def test_nobodyThere(self) -> None:
        """
        What reaches a server that does not run is lost.
        """
        self.down.append(1)
        self.assertEqual(self.send(None), [])
        self.assertEqual(len(self.unreachable), 1)

    def test_toldAgain(self) -> None:
        """
        What is lost after the news is news again.
        """
        self.send(Cut())
        self.send(None)
        self.assertEqual(len(self.unreachable), 2)

    def test_lossy(self) -> None:
        """
        Some messages are lost, others arrive.
        """
        count = len(self.send(Lossy(Random(1), 0.5), count=200))
        self.assertTrue(50 < count < 150)
        self.assertTrue(self.unreachable)

    def test_repeating(self) -> None:
        """
        Some messages arrive twice, the second time later.
        """
        times = self.send(Repeating(Random(1), 0.5, 20.0), count=100)
        self.assertTrue(120 < len(times) < 180)
        self.assertGreater(max(times), 10)
        self.assertEqual(self.unreachable, [])

    def test_delaying(self) -> None:
        """
        Some messages take longer.
        """
        times = self.send(Delaying(Random(1), 0.5, 20.0), count=100)
        self.assertEqual(len(times), 100)
        self.assertTrue(20 < sum(time > 3 for time in times) < 80)

    def test_slow(self) -> None:
        """
        All messages take longer.
        """
        [time] = self.send(Slow(30.0))
        self.assertTrue(31 <= time <= 32)

    def test_heldAndDelivered(self) -> None:
        """
        Messages are held, and arrive in the end.
        """
        holding = Holding()
        self.assertEqual(self.send(holding, count=3), [])
        holding.deliver()
        self.timeline.advance(0)
        self.assertEqual((len(self.arrived), self.unreachable), (3, []))

    def test_heldAndLost(self) -> None:
        """
        Messages are held, and lost in the end.
        """
        holding = Holding()
        self.send(holding, count=3)
        self.assertEqual(self.unreachable, [])
        holding.lose()
        self.timeline.advance(10)
        self.assertEqual((self.arrived, len(self.unreachable)), ([], 1))

    def test_oldEntriesOnly(self) -> None:
        """
        Of what a leader sends, entries of its own term are lost, and only they.
        """
        old, new = Entry(1, 1, b""), Entry(2, 2, b"")
        self.way.conditions.append(OldEntriesOnly())
        for batch in (Batch([old]), Batch([old, new]), Batch([new]), NO_ENTRIES):
            self.way.send(REQUEST._replace(batch=batch))
        self.way.send(REPLY)
        self.timeline.advance(100)
        batches = [message.batch for *_, message in self.arrived if isinstance(message, AppendEntries)]
        self.assertEqual(sorted(batch.entries for batch in batches), [(), (old,), (old,)])
        self.assertEqual((len(self.arrived), len(self.unreachable)), (4, 1))
