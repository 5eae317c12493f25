"""
Tests for the follower's side of what is passed on to the leader.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from replkv.commands.command import Command
from replkv.commands.get import Get
from replkv.commands.gets import Gets
from replkv.commands.results import NotFound, Redirected, Stored, Unavailable
from replkv.commands.set import Set
from replkv.frontends.request import Request
from replkv.frontends.session import Session
from replkv.node.forwarder import Box, Forwarder
from replkv.node.limits import NodeLimits
from replkv.node.link import Link
from replkv.peers.forwards import NONE_TAKEN, Forward, ForwardReplies
from replkv.raft.validity import Impossible
from replkv.wire.encoding import encodeCommand
from replkv.wire.forwarding import encodeResult
from tests.frontends.asked import Asked
from tests.node.leading import LeaderTests

SET = Set(b"k", 0, b"v", False)
GET = Get(b"k")


class Way:
    """
    The way to the leader.
    """

    isUp = True
    canForward = True


class ForwarderTests(LeaderTests):
    """
    Tests for L{Forwarder}.
    """

    def setUp(self) -> None:
        """
        Server 0 leads, and server 1 is to pass commands on.
        """
        super().setUp()
        self.way = Way()
        self.session = Session("")
        self.limited(NodeLimits())

    def limited(self, limits: NodeLimits) -> None:
        """
        It has these limits.
        """
        links = cast("Mapping[int, Link]", {0: self.way})
        self.forwarder = Forwarder(self.followers[0].raft, links, limits)

    def take(self, *commands: Command, session: Session | None = None) -> list[Asked]:
        """
        Commands of a session come.
        """
        session = self.session if session is None else session
        taken = [Asked(command, session, True) for command in commands]
        for request in taken:
            session.submitted += 1
            request.number = session.submitted
            self.forwarder.take(request)
        return taken

    def box(self) -> Box:
        """
        The only one that goes now.
        """
        [(box, _)] = self.forwarder.asks()
        return box

    def told(self, box: Box, *results: object, isWhole: bool = True) -> list[Request]:
        """
        The leader tells these results.
        """
        replies = b"".join([encodeResult(result) for result in results])  # type: ignore[arg-type]
        return self.forwarder.told(box, ForwardReplies(replies, isWhole))

    def test_together(self) -> None:
        """
        What has come in one turn goes together, for the leader of the term that this server knows.
        """
        self.take(*[SET] * 3, GET)
        [(_, forward)] = self.forwarder.asks()
        self.assertEqual(forward, Forward(1, 1, b"4", 3 * encodeCommand(SET) + encodeCommand(GET)))
        self.assertEqual(self.forwarder.asks(), [])
        self.assertEqual(self.forwarder.count, 4)

    def test_mostCommands(self) -> None:
        """
        There are so many commands in a box, and so many boxes under way. The others go when one is done.
        """
        self.limited(NodeLimits(forwardBoxCommands=2, forwardBoxes=2))
        self.take(*[SET] * 7)
        (first, _), (second, _) = self.forwarder.asks()
        self.assertEqual((len(first.requests), len(second.requests)), (2, 2))
        self.told(first, Stored(2), Stored(3))
        third = self.box()
        self.assertEqual(self.forwarder.asks(), [])
        self.forwarder.lost(second)
        self.told(third, Stored(4), Stored(5))
        self.assertEqual(len(self.box().requests), 1)

    def test_mostBytes(self) -> None:
        """
        And so many bytes, unless there is but one command.
        """
        self.limited(NodeLimits(forwardBoxBytes=100, forwardBytes=250))
        value = Set(b"k", 0, bytes(60), False)
        self.take(value, SET, value, Set(b"k", 0, bytes(1000), False), SET)
        sizes = [len(box.requests) for box, _ in self.forwarder.asks()]
        self.assertEqual(sizes, [2, 1, 1])

    def test_mostLines(self) -> None:
        """
        Keys count as well as values.
        """
        self.limited(NodeLimits(forwardBoxBytes=60_000))
        self.take(*[Gets(tuple(b"%0250d" % number for number in range(128)))] * 4)
        self.assertEqual([len(box.requests) for box, _ in self.forwarder.asks()], [2, 2])

    def test_waits(self) -> None:
        """
        What comes while the leader is not connected goes when it is. What has waited for too long does not.
        """
        self.way.canForward = self.way.isUp = False
        first, second = self.take(SET, GET)
        self.assertEqual(self.forwarder.asks(), [])
        self.assertFalse(self.forwarder.isStuck)
        first.answer(Unavailable())
        self.forwarder.tick()
        self.way.canForward = self.way.isUp = True
        self.assertEqual(list(self.box().requests), [second])

    def test_lateInside(self) -> None:
        """
        Nor does what was answered behind something that was not.
        """
        self.way.canForward = self.way.isUp = False
        first, second = self.take(SET, GET)
        second.answer(Unavailable())
        self.forwarder.tick()
        self.way.canForward = self.way.isUp = True
        self.assertEqual(list(self.box().requests), [first])

    def test_stuck(self) -> None:
        """
        A leader that is connected, and knows no such question, is not asked.
        """
        self.way.canForward = False
        taken = self.take(SET, GET)
        self.assertEqual(self.forwarder.asks(), [])
        self.assertTrue(self.forwarder.isStuck)
        self.assertEqual(self.forwarder.takeBack(), taken)
        self.assertEqual(self.forwarder.takeBack(), [])

    def test_parts(self) -> None:
        """
        What is answered later is asked for with the same number.
        """
        first, second, third = self.take(SET, GET, SET)
        box = self.box()
        self.assertEqual(self.told(box, Stored(2), isWhole=False), [])
        self.assertEqual((first.result, second.result), (Stored(2), None))
        self.assertEqual(self.forwarder.asks(), [(box, Forward(1, 1))])
        self.told(box, isWhole=False)
        self.assertEqual(self.forwarder.asks(), [(box, Forward(1, 1))])
        self.told(box, NotFound(), Stored(3))
        self.assertEqual((second.result, third.result), (NotFound(), Stored(3)))
        self.assertEqual(self.forwarder.asks(), [])

    def test_tooLate(self) -> None:
        """
        What comes of a command whose time is over is told to nobody.
        """
        first, second = self.take(SET, SET)
        box = self.box()
        first.answer(Unavailable())
        self.told(box, Stored(2), Stored(3))
        self.assertEqual((first.result, second.result), (Unavailable(), Stored(3)))

    def test_noneTaken(self) -> None:
        """
        What the leader has not taken may be submitted again, and is not asked of it in that term once more.
        """
        taken = self.take(SET, GET)
        again = self.forwarder.told(self.box(), NONE_TAKEN)
        self.assertEqual(again, taken)
        for request in again:
            self.forwarder.take(request)
        self.assertEqual(self.forwarder.asks(), [])
        self.followers[0].raft.state.currentTerm += 1
        self.assertEqual(list(self.box().requests), taken)

    def test_redirected(self) -> None:
        """
        The same holds for what it has taken, and not carried out.
        """
        first, second, third = self.take(SET, SET, GET)
        leader = Redirected("elsewhere", 1)
        self.assertEqual(self.told(self.box(), Stored(2), leader, leader), [second, third])
        self.assertEqual(first.result, Stored(2))

    def test_overtaken(self) -> None:
        """
        But not for a command behind which its session has submitted another: that may have been carried out, or will
        be.
        """
        other = Session("")
        mine, others = self.take(SET), self.take(SET, session=other)
        box = self.box()
        [later] = self.take(GET)
        self.assertEqual(self.forwarder.told(box, NONE_TAKEN), others)
        self.assertEqual(mine[0].result, Unavailable())
        self.assertIsNone(later.result)

    def test_overtakenInside(self) -> None:
        """
        Nor for one that is before another that was carried out, or whose time is over.
        """
        first, second = self.take(SET, SET)
        self.assertEqual(self.told(self.box(), Redirected("elsewhere", 1), Stored(2)), [])
        self.assertEqual((first.result, second.result), (Unavailable(), Stored(2)))
        self.followers[0].raft.state.currentTerm += 1
        first, second = self.take(SET, GET)
        second.answer(Unavailable())
        self.assertEqual(self.forwarder.told(self.box(), NONE_TAKEN), [])
        self.assertEqual(first.result, Unavailable())

    def test_lost(self) -> None:
        """
        With the connection, it is lost what came of writes. Reads may be submitted again.
        """
        first, second = self.take(SET, GET)
        [other] = self.take(SET, session=Session(""))
        self.assertEqual(self.forwarder.lost(self.box()), [second])
        self.assertEqual((first.result, other.result), (Unavailable(), Unavailable()))

    def test_lostBetween(self) -> None:
        """
        But no read that a write was sent behind.
        """
        first, second = self.take(GET, SET)
        self.assertEqual(self.forwarder.lost(self.box()), [])
        self.assertEqual((first.result, second.result), (Unavailable(), Unavailable()))

    def test_impossible(self) -> None:
        """
        Some answers make no sense. Nothing is answered by them.
        """
        taken = self.take(SET, GET)
        box = self.box()
        stored = encodeResult(Stored(2))
        for answer in (
            ForwardReplies(b"nonsense\r\n" + stored, True),
            ForwardReplies(b"STAT a b\r\nEND\r\n" + stored, True),
            ForwardReplies(b"LEADER 1\r\n" + stored, True),
            ForwardReplies(b"\xff" * 2000, True),
        ):
            with self.assertRaises(Impossible):
                self.forwarder.told(box, answer)
        self.assertEqual([request.result for request in taken], [None, None])

    def test_wrongNumber(self) -> None:
        """
        There are as many replies as commands: fewer only where there is more to come.
        """
        stored = encodeResult(Stored(2))
        self.take(SET, GET)
        box = self.box()
        for answer in (
            ForwardReplies(stored, True),
            ForwardReplies(2 * stored, False),
            ForwardReplies(3 * stored, True),
            ForwardReplies(stored + stored[:-1], False),
        ):
            with self.assertRaises(Impossible):
                self.forwarder.told(box, answer)
            box.results = type(box.results)()
