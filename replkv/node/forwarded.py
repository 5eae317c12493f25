"""
The commands that other servers pass on from their clients, while this server leads.
"""

from __future__ import annotations

from typing import Final, cast

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from replkv.commands.command import Command
from replkv.commands.results import Result, Unavailable
from replkv.frontends.request import Backend, Owner, Request
from replkv.frontends.session import Session
from replkv.node.limits import NodeLimits
from replkv.peers.forwards import NONE_TAKEN, Forward, ForwardReplies
from replkv.raft.core import Raft
from replkv.raft.validity import Impossible
from replkv.users.user import Login
from replkv.wire.forwarding import decodeCommands, decodeLogins, encodeResult

_MAX_BATCHES: Final = 256
"""
How many batches a server may have under way.
"""

_ALWAYS_BYTES: Final = 64
"""
So long a reply is given whatever else there is.
"""

_REFUSAL: Final = encodeResult(Unavailable())


class Forwarded:
    """
    Takes them, as if they were of clients of its own. They are passed on to nobody else.

    Each server has one session, however often it connects: the order in which it passes commands on is the order in
    which they take effect.
    """

    def __init__(
        self, raft: Raft, backend: Backend, clock: IReactorTime, maxValueBytes: int, limits: NodeLimits
    ) -> None:
        """
        @param backend: carries them out.
        @param maxValueBytes: how large values may become.
        """
        self.raft = raft
        self.backend = backend
        self.clock = clock
        self.maxValueBytes = maxValueBytes
        self.limits = limits
        self._sessions: dict[int, Session] = {}

    def open(self, sender: int) -> ForwardingPeer:
        """
        See L{replkv.peers.forwards.Forwards.open}.
        """
        session = self._sessions.setdefault(sender, Session(f"server {sender}"))
        return ForwardingPeer(self, session)


class ForwardingPeer:
    """
    A connection of a server that forwards.

    @ivar held: how many bytes of replies there are for it.
    """

    def __init__(self, forwarded: Forwarded, session: Session) -> None:
        self.held = 0
        self._forwarded = forwarded
        self._session = session
        self._batches: dict[int, _Batch] = {}
        self._look: IDelayedCall | None = None

    def take(self, forward: Forward) -> Deferred[ForwardReplies]:
        """
        See L{replkv.peers.forwards.Forwarding.take}.
        """
        batch = self._batches.get(forward.number)
        if not forward.commands:
            if batch is None:
                raise Impossible("the rest is asked for of what was not forwarded")
            return self._awaitReplies(forward.number, batch)
        if batch is not None or len(self._batches) >= _MAX_BATCHES:
            raise Impossible("too much is forwarded, or it is forwarded twice")
        forwarded = self._forwarded
        logins = decodeLogins(forward.logins)
        commands = decodeCommands(forward.commands, len(logins), forwarded.maxValueBytes)
        raft = forwarded.raft
        if raft.leaderId != raft.config.id or raft.currentTerm != forward.term:
            return succeed(NONE_TAKEN)
        batch = self._batches[forward.number] = _Batch(self, len(commands), forwarded.limits)
        replies = self._awaitReplies(forward.number, batch)
        for place, (command, login) in enumerate(zip(commands, logins, strict=True)):
            forwarded.backend.submit(_Request(command, self._session, batch, login, place))
        return replies

    def close(self) -> None:
        """
        See L{replkv.peers.forwards.Forwarding.close}.
        """
        self._batches.clear()
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _awaitReplies(self, number: int, batch: _Batch) -> Deferred[ForwardReplies]:
        if self._look is None:
            self._look = self._forwarded.clock.callLater(self._forwarded.limits.forwardPatience, self._beat)
        replies = batch.whenReplied()
        if replies is None:
            raise Impossible("the rest is asked for twice")
        return replies.addCallback(self._told, number)

    def _told(self, replies: ForwardReplies, number: int) -> ForwardReplies:
        if replies.isWhole:
            self._batches.pop(number, None)
        return replies

    def _beat(self) -> None:
        """
        Let the other side know that its commands are not forgotten. Without an answer for long, it would give up the
        connection.
        """
        self._look = None
        for batch in list(self._batches.values()):
            batch.beat()
        if self._batches and self._look is None:
            self._look = self._forwarded.clock.callLater(self._forwarded.limits.forwardPatience, self._beat)


class _Request(Request):
    """
    One of them.

    @ivar place: which one of its batch it is, from 0.
    """

    __slots__ = ("place",)

    def __init__(self, command: Command, session: Session, owner: Owner, login: Login | None, place: int) -> None:
        super().__init__(command, session, owner)
        self.login = login
        self.place = place


class _Batch:
    """
    Those that have come together, and what came of them.
    """

    def __init__(self, peer: ForwardingPeer, count: int, limits: NodeLimits) -> None:
        self._peer = peer
        self._limits = limits
        self._replies: list[bytes | None] = [None] * count
        self._given = 0  # So many of them were.
        self._ready = 0  # Up to here there are all, and of those that were not given so many bytes:
        self._bytes = 0
        self._asked: Deferred[ForwardReplies] | None = None
        self._isLate = False

    def whenReplied(self) -> Deferred[ForwardReplies] | None:
        """
        @return: fires with the next replies, as soon as there are enough; C{None} if somebody waits for them.
        """
        if self._asked is not None:
            return None
        self._isLate = False
        asked = self._asked = Deferred()
        self._tell()
        return asked

    def answered(self, request: Request, result: Result) -> None:
        """
        See L{replkv.frontends.request.Owner.answered}.
        """
        place = cast(_Request, request).place
        reply = encodeResult(result)
        if len(reply) > _ALWAYS_BYTES and self._peer.held + len(reply) > self._limits.forwardHeldBytes:
            reply = _REFUSAL
        self._peer.held += len(reply)
        replies = self._replies
        replies[place] = reply
        if place == self._ready:
            while self._ready < len(replies) and (ready := replies[self._ready]) is not None:
                self._ready += 1
                self._bytes += len(ready)
            self._tell()

    def beat(self) -> None:
        """
        Give what there is to whoever has waited since the last beat.
        """
        if self._isLate:
            self._give()
        self._isLate = self._asked is not None

    def _tell(self) -> None:
        if self._ready == len(self._replies) or self._bytes >= self._limits.forwardReplyBytes:
            self._give()

    def _give(self) -> None:
        asked, self._asked = self._asked, None
        if asked is None:
            return
        end = self._given
        size = 0
        while end < self._ready and size < self._limits.forwardReplyBytes:
            size += len(self._replies[end] or b"")
            end += 1
        told = b"".join([reply or b"" for reply in self._replies[self._given : end]])
        self._replies[self._given : end] = [None] * (end - self._given)
        self._given = end
        self._bytes -= size
        self._peer.held -= size
        asked.callback(ForwardReplies(told, end == len(self._replies)))
