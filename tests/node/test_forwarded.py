"""
Tests for the leader's side of what followers pass on.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from replkv.commands.append import Append
from replkv.commands.auth import Auth
from replkv.commands.command import Command
from replkv.commands.extras import Stats
from replkv.commands.get import Get
from replkv.commands.gets import Gets
from replkv.commands.results import Found, NotFound, Stored, Unavailable
from replkv.commands.set import Set
from replkv.frontends.request import Request
from replkv.node.forwarded import Forwarded
from replkv.node.limits import NodeLimits
from replkv.peers.forwards import NONE_TAKEN, Forward, ForwardReplies
from replkv.users.user import Login
from replkv.wire.encoding import encodeCommand
from replkv.wire.forwarding import MAX_FORWARDED, encodeLogins, encodeResult
from tests.node.leading import LeaderTests


class Recorder:
    """
    Keeps the requests that it is given.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []

    def submit(self, request: Request) -> None:
        """
        See L{replkv.frontends.request.Backend.submit}.
        """
        self.requests.append(request)

    def admits(self, request: Request) -> bool:
        """
        See L{replkv.frontends.request.Backend.admits}.
        """
        raise AssertionError("only who answers by itself asks that")


class ForwardedTests(LeaderTests):
    """
    Tests for L{Forwarded}.
    """

    def setUp(self) -> None:
        """
        Server 0 leads, and server 2 has a connection to it.
        """
        super().setUp()
        self.clock = Clock()
        self.backend = Recorder()
        self.limited(NodeLimits())

    def limited(self, limits: NodeLimits) -> None:
        """
        It has these limits.
        """
        self.forwarded = Forwarded(self.leader.raft, self.backend, self.clock, 1000, limits)
        self.peer = self.forwarded.open(2)

    def forward(self, *commands: Command, number: int = 1, term: int = 1) -> Deferred[ForwardReplies]:
        """
        Pass commands on.
        """
        written = b"".join(map(encodeCommand, commands))
        return self.peer.take(Forward(term, number, encodeLogins([None] * len(commands)), written))

    def assertImpossible(self, forward: Forward) -> None:
        """
        Nothing comes of it.
        """
        before = len(self.backend.requests)
        with self.assertRaises(ValueError):
            self.peer.take(forward)
        self.assertEqual(len(self.backend.requests), before)

    def test_inOrder(self) -> None:
        """
        Commands are submitted in their order, and the replies come in it, in whatever order they are there.
        """
        commands = [Set(b"k", 0, b"v", True), Get(b"k"), Gets(tuple(b"%0250d" % number for number in range(128)))]
        told = self.forward(*commands)
        requests = self.backend.requests
        self.assertEqual([request.command for request in requests], commands)
        self.assertFalse(any(request.mayForward for request in requests))
        self.assertEqual(len({request.session for request in requests}), 1)
        results = [Stored(2), Found(2, 9, b"v"), NotFound()]
        for place in (1, 2, 0):
            self.assertNoResult(told)
            requests[place].answer(results[place])
        self.assertEqual(self.successResultOf(told), ForwardReplies(b"".join(map(encodeResult, results)), True))
        self.peer.close()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_oneSession(self) -> None:
        """
        A server that has connected anew goes on with the same session; another one has another.
        """
        self.forward(Get(b"k"))
        self.peer.close()
        self.peer = self.forwarded.open(2)
        self.forward(Get(b"k"))
        self.peer = self.forwarded.open(1)
        self.forward(Get(b"k"))
        first, second, other = (request.session for request in self.backend.requests)
        self.assertIs(first, second)
        self.assertIsNot(first, other)

    def test_logins(self) -> None:
        """
        Each is carried out in the name in which it was asked for.
        """
        logins = [Login(b"alice", 7), Login(b"alice", 7), None, Login(b"bob", None)]
        self.peer.take(Forward(1, 1, encodeLogins(logins), 4 * b"get k\r\n"))
        self.assertEqual([request.login for request in self.backend.requests], logins)

    def test_otherTerm(self) -> None:
        """
        What was for the leader of another term is not taken, though it is the same server.
        """
        for term in (2, 1 << 61):
            self.assertEqual(self.successResultOf(self.forward(Get(b"k"), term=term)), NONE_TAKEN)
        self.assertEqual(self.backend.requests, [])

    def test_notLeading(self) -> None:
        """
        Nor does a server take anything that does not lead.
        """
        self.forwarded.raft = self.followers[0].raft
        self.assertEqual(self.successResultOf(self.forward(Get(b"k"))), NONE_TAKEN)
        self.assertEqual(self.backend.requests, [])

    def test_longest(self) -> None:
        """
        What a value may be made is the leader's to say.
        """
        self.forward(Append(b"k", b"v", False))
        [request] = self.backend.requests
        assert isinstance(request.command, Append)
        self.assertEqual(request.command.most, 1000)

    def test_parts(self) -> None:
        """
        Where there are many bytes of replies, the next ones are given when they are asked for.
        """
        self.limited(NodeLimits(forwardReplyBytes=200))
        told = self.forward(*[Get(b"k")] * 5)
        value = Found(1, 0, bytes(120))
        for request in self.backend.requests[:2]:
            request.answer(value)
        reply = encodeResult(value)
        self.assertEqual(self.successResultOf(told), ForwardReplies(2 * reply, False))
        for request in self.backend.requests[2:]:
            request.answer(value)
        self.assertEqual(self.successResultOf(self.peer.take(Forward(1, 1))), ForwardReplies(2 * reply, False))
        self.assertEqual(self.successResultOf(self.peer.take(Forward(1, 1))), ForwardReplies(reply, True))
        self.assertEqual(self.peer.held, 0)
        self.assertImpossible(Forward(1, 1))

    def test_slow(self) -> None:
        """
        Whoever waits is told in time that there is nothing yet, as often as that takes.
        """
        told = self.forward(Get(b"a"), Get(b"b"), Get(b"c"))
        first, second, third = self.backend.requests
        first.answer(NotFound())
        third.answer(NotFound())
        self.clock.advance(1)
        self.assertNoResult(told)
        self.clock.advance(1)
        reply = encodeResult(NotFound())
        self.assertEqual(self.successResultOf(told), ForwardReplies(reply, False))
        told = self.peer.take(Forward(1, 1))
        self.clock.pump([1, 1, 1])
        self.assertEqual(self.successResultOf(told), ForwardReplies(b"", False))
        told = self.peer.take(Forward(1, 1))
        second.answer(NotFound())
        self.assertEqual(self.successResultOf(told), ForwardReplies(2 * reply, True))
        self.clock.advance(1)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_held(self) -> None:
        """
        Where there are too many bytes of replies, reads are answered with an error. Writes never are.
        """
        self.limited(NodeLimits(forwardHeldBytes=300))
        told = self.forward(*[Get(b"k")] * 3, Set(b"k", 0, b"v", False))
        value = Found(1, 0, bytes(120))
        for request in self.backend.requests[:3]:
            request.answer(value)
        self.backend.requests[3].answer(Stored(2**62))
        results = [value, value, Unavailable(), Stored(2**62)]
        self.assertEqual(self.successResultOf(told), ForwardReplies(b"".join(map(encodeResult, results)), True))

    def test_lost(self) -> None:
        """
        When the connection is lost, the commands are carried out, and nobody is told.
        """
        told = self.forward(Get(b"k"))
        self.peer.close()
        self.backend.requests[0].answer(NotFound())
        self.successResultOf(told)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_impossible(self) -> None:
        """
        What is no such question has no effect.
        """
        get = encodeCommand(Get(b"k"))
        for commands in (
            b"nonsense\r\n",
            encodeCommand(Stats()),
            encodeCommand(Auth(b"alice", b"alice")),
            get[:-1],
            get + get,
            get + b"get",
            get + b"set k 0 0\r\n",
            b"set k 0 1\r\nv",
            b"set k 0 1\r\nvw\r\n",
            b"get " + 70_000 * b"k" + b"\r\n",
        ):
            self.assertImpossible(Forward(1, 1, b"1", commands))
        for logins in (b"", b"0", b"2", b"1\n", b"\n1", b"-1", b"1 ", b"1 alice x", b"1 alice 7 8", b"1\n1", b"one"):
            self.assertImpossible(Forward(1, 1, logins, get))
        many = MAX_FORWARDED + 1
        self.assertImpossible(Forward(1, 1, b"%d" % many, many * get))
        self.assertImpossible(Forward(1, 1, many * (b"1 %b\n" % (64 * b"a")), many * get))
        self.assertImpossible(Forward(1, 1, b"\n".join(many * [b"1"]), many * get))

    def test_numbers(self) -> None:
        """
        Nor has what is asked twice, or for the rest of nothing, or of too much.
        """
        self.assertImpossible(Forward(1, 1))
        self.forward(Get(b"k"))
        self.assertImpossible(Forward(1, 1))
        self.assertImpossible(Forward(1, 1, b"1", b"get k\r\n"))
        for number in range(2, 257):
            self.forward(Get(b"k"), number=number)
        self.assertImpossible(Forward(1, 257, b"1", b"get k\r\n"))
