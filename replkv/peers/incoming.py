"""
The end of a connection that answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IConsumer, IDelayedCall, IPushProducer, ITCPTransport
from twisted.protocols import amp
from twisted.protocols.amp import AmpBox
from twisted.python.failure import Failure
from zope.interface import implementer

from replkv.peers.appendboxes import decodeRequest, encodeReply, isRequest
from replkv.peers.commands import (
    CompareStateCommand,
    ForwardCommand,
    Hello,
    InstallSnapshotCommand,
    NotIntroduced,
    ReadSnapshotCommand,
    Refused,
    RequestVoteCommand,
    StateHashCommand,
    TakeSnapshotCommand,
    TimeoutNowCommand,
    isKnown,
)
from replkv.peers.connection import PeerConnection
from replkv.peers.forwards import Forward, Forwarding
from replkv.peers.receiver import Timed
from replkv.raft.messages import AppendEntriesReply, InstallSnapshot, RequestVote, TimeoutNow
from replkv.raft.validity import check
from replkv.sending import send

if TYPE_CHECKING:
    from replkv.peers.listener import PeerListener

HELLO_TIMEOUT: Final = 5.0
"""
Seconds within which the other side must have said who it is.
"""

MAX_UNANSWERED: Final = 256
"""
How many requests of one connection may be without an answer; then it is not read from. A leader has 64 under way at the
most (L{RaftLimits<replkv.raft.limits.RaftLimits>}), and some votes and questions.
"""

MAX_UNANSWERED_BYTES: Final = 32 * 1024 * 1024
"""
And how many bytes these may have, before the last one. A leader has 4 MiB and one batch under way.
"""


class _ITransport(ITCPTransport, IConsumer):
    """
    What a connection needs of its transport: all that a TCP connection of Twisted's is.
    """


@implementer(IPushProducer)
class IncomingConnection(PeerConnection):
    """
    Answers the requests of one other server.

    @ivar sender: its id, once it has said it.
    """

    factory: PeerListener
    transport: _ITransport

    def __init__(self) -> None:
        super().__init__()
        self.sender: int | None = None
        self._incarnation = ""
        self._helloCall: IDelayedCall | None = None
        self._unanswered = 0
        self._unansweredBytes = 0
        self._isUnread = False  # Its answers wait for the other side to read them.
        self._resumeCall: IDelayedCall | None = None
        self._forwarding: Forwarding | None = None

    def connectionMade(self) -> None:
        """
        Wait for the hello, but not for ever.
        """
        super().connectionMade()
        self.transport.registerProducer(self, True)
        self.factory.connections[self] = None
        self.factory.makeRoom()
        self._helloCall = self.factory.clock.callLater(HELLO_TIMEOUT, self.giveUp, "it did not say who it is")

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """
        Forget the connection.
        """
        super().connectionLost(reason)
        self.factory.connections.pop(self, None)
        self._stopWaiting()
        self.isGivenUp = True
        if self._resumeCall is not None:
            self._resumeCall.cancel()
        if self._forwarding is not None:
            self._forwarding.close()

    def locateResponder(self, name: bytes) -> Any:
        """
        Find what answers a command. One that the connection's version does not have is as unknown as it is to a server
        that speaks no later one.
        """
        return super().locateResponder(name) if self.version is None or isKnown(name, self.version) else None

    def boxReceived(self, box: dict[bytes, bytes]) -> None:
        """
        A box is whole: what a leader replicates, or AMP's.
        """
        if isRequest(box):
            self._appendEntries(box)
        else:
            super().boxReceived(box)

    def dispatchCommand(self, box: AmpBox) -> Deferred[AmpBox]:
        """
        Answer a request, and count it until that is done.
        """
        size = self.cutter.boxBytes
        self._begin(size)
        answer = super().dispatchCommand(box)
        self._look()
        return answer.addBoth(self._answered, size)

    def pauseProducing(self) -> None:
        """
        The other side does not read its answers: read none of its requests.
        """
        self._isUnread = True
        self._look()

    def resumeProducing(self) -> None:
        """
        It has read them.
        """
        self._isUnread = False
        self._look()

    def report(self, what: str) -> None:
        """
        See L{PeerConnection.report}.
        """
        self.factory.mistaken(self.sender, what)

    @property
    def peerAddress(self) -> str:
        """
        Who the other side is, and where.
        """
        address = super().peerAddress
        return address if self.sender is None else f"server {self.sender} at {address}"

    def _begin(self, size: int) -> None:
        self._unanswered += 1
        self._unansweredBytes += size

    def _answered(self, outcome: Any, size: int) -> Any:
        self._unanswered -= 1
        self._unansweredBytes -= size
        self._look()
        return outcome

    @property
    def _isBehind(self) -> bool:
        """
        Whether there is enough to be answered, or to be read on the other side.
        """
        return self._isUnread or self._unanswered >= MAX_UNANSWERED or self._unansweredBytes >= MAX_UNANSWERED_BYTES

    def _look(self) -> None:
        """
        Read no more for now, or go on. The latter in another turn: where an answer comes from, nothing that is asked
        can be begun in the same breath.
        """
        if self.isGivenUp:
            return
        if not self.paused:
            if self._isBehind:
                super().pauseProducing()
        elif self._resumeCall is None and not self._isBehind:
            self._resumeCall = self.factory.clock.callLater(0, self._goOn)

    def _goOn(self) -> None:
        self._resumeCall = None
        if not self._isBehind:
            super().resumeProducing()

    def _stopWaiting(self) -> None:
        if self._helloCall is not None and self._helloCall.active():
            self._helloCall.cancel()

    @Hello.responder
    def hello(self, **hello: Any) -> Deferred[dict[str, Any]]:
        """
        Let the other server in, or refuse it.
        """
        return Deferred.fromCoroutine(self._hello(**hello))

    async def _hello(self, **hello: Any) -> dict[str, Any]:
        identity = self.factory.identity
        try:
            if self.sender is not None:
                raise Refused(f"this connection is server {self.sender}'s")
            mistake = self.factory.security.mistake(self.transport, hello["sender"])
            if mistake is not None:
                raise Refused(f"server {hello['sender']} {mistake}")
            version = await identity.admit(**hello)
        except Refused as refused:
            self.factory.logRefusal(hello["sender"], self.peerAddress, str(refused))
            # Closed when the refusal has left; what comes before that meets NotIntroduced.
            self.factory.clock.callLater(0, self._end)
            raise
        self._stopWaiting()
        self.version = version
        self.sender = hello["sender"]
        self._incarnation = hello["incarnation"]
        self.factory.introduced(self)
        return identity.introduction()

    def _end(self) -> None:
        """
        Close the connection when what was written has left. For a producer that was paused, it would stay open.
        """
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    @RequestVoteCommand.responder
    def requestVote(self, time: int, handOver: bool | None, **fields: Any) -> Deferred[dict[str, Any]]:
        """
        A candidate asks for a vote. One that was removed, or replaced, hears no leader: it is told when it comes again.
        """
        if self.factory.identity.rolls.isStranger(self._introduced(), self._incarnation):
            self.giveUp("it is no member any more, or has a data folder that was replaced")
            raise NotIntroduced
        message = RequestVote(handOver=bool(handOver), **fields)
        check(message)
        return self._ask(Timed(message, time))

    @InstallSnapshotCommand.responder
    def installSnapshot(self, time: int, **fields: Any) -> Deferred[dict[str, Any]]:
        """
        A leader has no more what this server lacks.
        """
        message = InstallSnapshot(**fields)
        check(message)
        return self._ask(Timed(message, time))

    @TakeSnapshotCommand.responder
    def takeSnapshot(self, least: int) -> Deferred[dict[str, Any]]:
        """
        Another server needs a snapshot.
        """
        taken = self.factory.snapshots.take(self._introduced(), least)
        return taken.addCallback(lambda manifest: {"manifest": manifest.encode()})

    @ReadSnapshotCommand.responder
    def readSnapshot(self, **place: int) -> Deferred[dict[str, Any]]:
        """
        It needs a piece of it.
        """
        return self.factory.snapshots.read(self._introduced(), **place).addCallback(lambda piece: piece._asdict())

    @StateHashCommand.responder
    def stateHash(self, index: int) -> Deferred[dict[str, Any]]:
        """
        A leader wants to know whether this server holds what the others do.
        """
        return self.factory.states.stateHash(self._introduced(), index).addCallback(lambda found: {"hash": found})

    @CompareStateCommand.responder
    def compareState(self, index: int, hash: int) -> dict[str, Any]:  # noqa: A002
        """
        It says what a majority holds.
        """
        self.factory.states.compareState(self._introduced(), index, hash)
        return {}

    @ForwardCommand.responder
    def forward(self, **forward: Any) -> Deferred[dict[str, Any]]:
        """
        A server that does not lead has commands of its clients.
        """
        if self._forwarding is None:
            self._forwarding = self.factory.forwards.open(self._introduced())
        self._introduced()
        return self._forwarding.take(Forward(**forward)).addCallback(lambda replies: replies._asdict())

    @TimeoutNowCommand.responder
    def timeoutNow(self, time: int, **fields: Any) -> Deferred[dict[str, Any]]:
        """
        A leader hands over.
        """
        return self._ask(Timed(TimeoutNow(**fields), time))

    def _appendEntries(self, box: dict[bytes, bytes]) -> None:
        """
        A leader replicates entries.
        """
        tag, size = box[amp.ASK], self.cutter.boxBytes
        self._begin(size)
        answer: Deferred[Timed]
        try:
            request = decodeRequest(box)
            answer = self.factory.receiver.requested(self._introduced(), request)
        except (ValueError, KeyError, TypeError, NotIntroduced):
            answer = fail()
        self._look()
        answer.addCallbacks(self._accept, self._refuse, (tag, size), errbackArgs=(tag, size))
        answer.addErrback(self.unhandledError)

    def _accept(self, reply: Timed, tag: bytes, size: int) -> None:
        self._answered(None, size)
        message = cast(AppendEntriesReply, reply.message)
        send(self.transport, encodeReply(tag, message, reply.time, reply.isFull))

    def _refuse(self, failure: Failure, tag: bytes, size: int) -> None:
        self._answered(None, size)
        code, reason = b"NOT_INTRODUCED", ""
        if not failure.check(NotIntroduced):
            code, reason = amp.UNKNOWN_ERROR_CODE, self.giveUpFor(failure)
        box = {amp.ERROR: tag, amp.ERROR_CODE: code, amp.ERROR_DESCRIPTION: reason.encode("utf-8", "replace")}
        self.sendBox(AmpBox(box))

    def _ask(self, request: Timed) -> Deferred[dict[str, Any]]:
        return self.factory.receiver.requested(self._introduced(), request).addCallback(_asdict)

    def _introduced(self) -> int:
        """
        Who asks.
        """
        if self.sender is None or self.factory.identity.acquaintances.condemned.get(self.sender) == self._incarnation:
            raise NotIntroduced
        return self.sender


def _asdict(reply: Timed) -> dict[str, Any]:
    return {**reply.message._asdict(), "time": reply.time}
