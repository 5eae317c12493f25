"""
What the tests of the connections between servers stand on: TCP connections in memory, and the servers at their ends.
"""

from __future__ import annotations

from collections.abc import Callable
from errno import ECONNREFUSED
from random import Random
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import (
    ConnectionAborted,
    ConnectionDone,
    ConnectionLost,
    ConnectionRefusedError,  # noqa: A004
)
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from replkv.lives import Life, Past
from replkv.peers.identity import Identity
from replkv.peers.link import PeerLink
from replkv.peers.listener import PeerListener
from replkv.peers.receiver import Timed
from replkv.raft.entry import NO_ENTRIES
from replkv.raft.messages import AppendEntries, AppendEntriesReply, RequestVote, RequestVoteReply
from tests.patience import patiently

VOTE = Timed(RequestVote(term=3, lastLogIndex=7, lastLogTerm=2, preVote=False), 1_700_000_000_001)
VOTED = Timed(RequestVoteReply(term=3, granted=True, preVote=False), 0)
HEARTBEAT = Timed(
    AppendEntries(term=3, prevLogIndex=7, prevLogTerm=2, leaderCommit=5, readRound=4, batch=NO_ENTRIES),
    1_700_000_000_002,
)
HEARD = Timed(AppendEntriesReply.accepted(term=3, matchIndex=7, prevLogIndex=7, readRound=4), 1_700_000_000_003)


def fields(timed: Timed) -> dict[str, Any]:
    """
    What a message has in AMP's boxes.
    """
    return {**timed.message._asdict(), "time": timed.time}


class End(StringTransport):
    """
    One end of a connection: what is written stays in it until it is carried.

    @ivar options: the socket's options that were set.
    """

    def __init__(self, port: int) -> None:
        super().__init__(peerAddress=IPv4Address("TCP", "127.0.0.1", port))
        self.options: set[str] = set()

    def setTcpNoDelay(self, enabled: bool) -> None:
        """
        Take note of it.
        """
        self.options.add("nodelay")

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """
        Take note of it.
        """
        self.options.add("keepalive")


class Wire:
    """
    A connection.

    @ivar clock: runs the calls that are due when something is carried.
    @ivar stopped: whether the process at the accepting end is stopped: it neither reads nor writes.
    @ivar isUp: whether the connection is there.
    """

    def __init__(self, clock: Clock, connecting: IProtocol, accepting: IProtocol) -> None:
        self.clock = clock
        self.stopped = False
        self.isUp = True
        self.connecting = End(10001)
        self.accepting = End(40001)
        self._ends = [(self.connecting, connecting), (self.accepting, accepting)]
        for end, protocol in reversed(self._ends):
            protocol.makeConnection(end)

    def carry(self) -> None:
        """
        Carry what is written until there is nothing more.
        """
        for _ in patiently("all is carried"):
            self.clock.advance(0)
            if not self._carryOnce():
                break

    def cut(self) -> None:
        """
        The network loses the connection.
        """
        self._lose(ConnectionLost(), ConnectionLost())

    def _carryOnce(self) -> bool:
        (mine, protocol), (its, other) = self._ends
        if not self.isUp:
            return False
        if mine.disconnected:
            self._lose(ConnectionAborted(), ConnectionLost())
        elif its.disconnected:
            self._lose(ConnectionLost(), ConnectionAborted())
        elif self.stopped:
            return False
        elif mine.value() or its.value():
            sent, answered = mine.value(), its.value()
            mine.clear()
            its.clear()
            if sent:
                other.dataReceived(sent)
            if answered and not mine.disconnected:
                protocol.dataReceived(answered)
        elif mine.disconnecting or its.disconnecting:
            self._lose(ConnectionDone(), ConnectionDone())
        else:
            return False
        return True

    def _lose(self, *reasons: Exception) -> None:
        self.isUp = False
        for (_, protocol), reason in zip(self._ends, reasons, strict=True):
            protocol.connectionLost(Failure(reason))


@implementer(IStreamClientEndpoint)
class Door:
    """
    An endpoint whose attempts to connect wait for the test.

    @ivar attempts: those that wait.
    """

    def __init__(self) -> None:
        self.attempts: list[tuple[IProtocolFactory, Deferred[IProtocol]]] = []

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        Begin an attempt.
        """
        result: Deferred[IProtocol] = Deferred(lambda _: self.attempts.clear())
        self.attempts.append((protocolFactory, result))
        return result

    def refuse(self) -> None:
        """
        The attempt that waits fails.
        """
        self.attempts.pop()[1].errback(Failure(ConnectionRefusedError(osError=ECONNREFUSED)))

    def open(self, clock: Clock, accepting: IProtocol) -> Wire:
        """
        The attempt that waits succeeds.

        @param accepting: who is at the other end.
        """
        factory, result = self.attempts.pop()
        protocol = factory.buildProtocol(IPv4Address("TCP", "127.0.0.1", 10001))
        assert protocol is not None
        wire = Wire(clock, protocol, accepting)
        result.callback(protocol)
        return wire


class MemoryFolder:
    """
    A data folder that remembers as long as the test runs.

    @ivar past: this server's.
    @ivar known: the servers that were met.
    """

    def __init__(self, incarnation: str) -> None:
        self.past = Past(incarnation, 1, ("first",))
        self.known: dict[int, Life] = {}

    def restart(self, name: str) -> None:
        """
        A process is started on it.
        """
        self.past = Past(self.past.incarnation, self.past.starts + 1, (name, *self.past.names))

    def peer(self, serverId: int) -> Life | None:
        """
        See L{replkv.peers.identity.Memory.peer}.
        """
        return self.known.get(serverId)

    def rememberPeer(self, serverId: int, life: Life) -> None:
        """
        See L{replkv.peers.identity.Memory.rememberPeer}.
        """
        self.known[serverId] = life


class Recorder:
    """
    Takes note of what other servers ask.

    @ivar asked: the requests, with what fires with their replies.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[int, Timed, Deferred[Timed]]] = []

    def requested(self, sender: int, request: Timed) -> Deferred[Timed]:
        """
        See L{replkv.peers.receiver.Receiver.requested}.
        """
        reply: Deferred[Timed] = Deferred()
        self.asked.append((sender, request, reply))
        return reply


class Disk:
    """
    The thread in which folders are written.

    @ivar holding: whether calls wait for the test.
    """

    def __init__(self) -> None:
        self.holding = False
        self._held: list[tuple[Callable[[], None], Deferred[None]]] = []

    def run(self, function: Callable[[], None]) -> Deferred[None]:
        """
        Call C{function} when it is its turn.
        """
        if not self.holding:
            try:
                function()
            except OSError:
                result: Deferred[None] = Deferred()
                result.errback(Failure())
                return result
            return succeed(None)
        self._held.append((function, Deferred()))
        return self._held[-1][1]

    def finish(self) -> None:
        """
        Make the calls that wait; their callers learn of it when all are made.
        """
        held, self._held = self._held, []
        for function, _ in held:
            function()
        for _, result in held:
            result.callback(None)


class Peer:
    """
    A server as the others see it.
    """

    def __init__(
        self,
        clock: Clock,
        serverId: int,
        cluster: str = "replkv",
        members: tuple[int, ...] = (0, 1, 2),
        folder: MemoryFolder | None = None,
    ) -> None:
        self.clock = clock
        self.folder = folder or MemoryFolder(f"folder {serverId}")
        self.disk = Disk()
        self.identity = Identity(serverId, cluster, members, self.folder, self.disk.run)
        self.receiver = Recorder()
        self.listener = PeerListener(clock, self.identity, self.receiver)
        self.door = Door()

    def link(self, to: int) -> PeerLink:
        """
        Make this server's way to another one, and start it.
        """
        link = PeerLink(self.clock, Random(1), self.door, to, self.identity)
        link.startService()
        return link

    def accept(self) -> Protocol:
        """
        Make the end of a connection that this server accepts.
        """
        return accepted(self.listener)


def accepted(factory: ServerFactory) -> Protocol:
    """
    Make the end of a connection that C{factory} accepts.
    """
    protocol = factory.buildProtocol(IPv4Address("TCP", "127.0.0.1", 40001))
    assert isinstance(protocol, Protocol)
    return protocol
