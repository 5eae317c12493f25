"""
One connection to one server.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from typing import NamedTuple
from typing import Protocol as Interface

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime, ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from replkv.client.errors import Unavailable
from replkv.client.limits import ClientLimits
from replkv.commands.results import Result
from replkv.reasons import reasonOf
from replkv.wire.replies import lineOf
from replkv.wire.replyparser import ProtocolError, ReplyParser


class Owner(Interface):
    """
    Who sends commands on a connection.
    """

    def answered(self, connection: CommandProtocol) -> None:
        """
        Replies have come, and there is room for further commands.
        """

    def left(self, connection: CommandProtocol, reason: str | None) -> None:
        """
        The connection takes no commands any more; told once, after those that it gave up have failed.

        @param reason: what went wrong with the commands that were on it; C{None} if there were none.
        """


class _Sent(NamedTuple):
    """
    A command whose reply has not come.

    @ivar reply: has a result already if nobody waits for the reply any longer.
    """

    reply: Deferred[Result]
    size: int
    changes: bool


class CommandProtocol(Protocol):
    """
    Sends commands, as many as are wanted without waiting for answers, and hands each the reply that is its own.

    A server that sends nothing at all for as long as the patience lasts, though something was asked, is left: reads
    fail then and can be asked of another server. What changes something is waited for to the end.
    """

    transport: ITCPTransport

    def __init__(self, clock: IReactorTime, patience: float, owner: Owner, limits: ClientLimits) -> None:
        """
        @param patience: the seconds of silence after which the server is left.
        """
        self._clock = clock
        self._patience = patience
        self._owner = owner
        self._limits = limits
        self._parser = ReplyParser()
        self._sent: deque[_Sent] = deque()
        self._sentBytes = 0
        self._awaited = 0
        self._lastHeard = 0.0
        self._watch: IDelayedCall | None = None
        self._hasLeft = False
        self.hasEnded = False

    @property
    def isUsable(self) -> bool:
        """
        Whether it takes commands at all.
        """
        return not self._hasLeft

    @property
    def hasRoom(self) -> bool:
        """
        Whether a further command is not better kept back until others are answered.
        """
        limits = self._limits
        return len(self._sent) < limits.sent and self._sentBytes < limits.sentBytes and not self._hasLeft

    @property
    def isAwaited(self) -> bool:
        """
        Whether somebody waits for a reply.
        """
        return self._awaited > 0

    def connectionMade(self) -> None:
        """
        The connection stands.
        """
        self.transport.setTcpNoDelay(True)
        self.transport.setTcpKeepAlive(True)

    def send(self, command: bytes, changes: bool) -> Deferred[Result]:
        """
        Send a command that has a reply.

        To cancel the result is to wait for it no longer; the reply, when it comes, is dropped.

        @param command: the command with its line end and, where there is one, its value block.
        @param changes: whether to carry it out twice might differ from carrying it out once.
        @return: the reply. It fails with the reason if the connection is lost before it has come.
        """
        if not self._sent:
            self._lastHeard = self._clock.seconds()
            if self._watch is None:
                self._watch = self._clock.callLater(self._patience, self._look)
        reply: Deferred[Result] = Deferred(self._forget)
        self._sent.append(_Sent(reply, len(command), changes))
        self._sentBytes += len(command)
        self._awaited += 1
        self.transport.write(command)
        return reply

    def dataReceived(self, data: bytes) -> None:
        """
        Give each reply that has arrived to the command that it answers.
        """
        self._lastHeard = self._clock.seconds()
        try:
            replies = self._parser.feed(data)
            for reply in replies:
                # Nor does anything wait any more once an answer has made somebody close the connection.
                if not self._sent:
                    raise ProtocolError(f"a reply to nothing: {lineOf(reply)[:80]!r}")
                sent = self._sent.popleft()
                self._sentBytes -= sent.size
                if not sent.reply.called:
                    self._awaited -= 1
                    sent.reply.callback(reply)
        except ProtocolError:
            self._end(Failure())
            return
        self._endIfLeft()
        if replies:
            self._owner.answered(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The connection is gone, and with it the replies to all that was sent.
        """
        self._end(reason)

    def close(self) -> None:
        """
        Close the connection; what still waits for its reply fails.
        """
        self._end(Failure(Unavailable("the connection was given up")))

    def _forget(self, reply: Deferred[Result]) -> None:
        """
        Nobody waits for this reply any longer.
        """
        self._awaited -= 1
        self._endIfLeft()

    def _look(self) -> None:
        """
        See whether the server is silent.
        """
        self._watch = None
        if not self._sent:
            return
        due = self._lastHeard + self._patience
        now = self._clock.seconds()
        if now < due:
            self._watch = self._clock.callLater(due - now, self._look)
            return
        silence = Failure(Unavailable(f"no reply in {self._patience:.2g} s"))
        self._leave(silence, [sent for sent in self._sent if not sent.changes], wasUsed=True)
        self._endIfLeft()

    def _endIfLeft(self) -> None:
        if self._hasLeft and not self._awaited:
            self.close()

    def _end(self, reason: Failure) -> None:
        if self.hasEnded:
            return
        self.hasEnded = True
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        self.transport.abortConnection()
        sent, self._sent = self._sent, deque()
        self._leave(reason, sent, wasUsed=bool(sent))

    def _leave(self, reason: Failure, given: Collection[_Sent], wasUsed: bool) -> None:
        """
        Take no more commands, and wait no longer for the replies to these.
        """
        hadLeft, self._hasLeft = self._hasLeft, True
        for sent in given:
            if not sent.reply.called:
                self._awaited -= 1
                sent.reply.errback(reason)
        if not hadLeft:
            self._owner.left(self, reasonOf(reason.value) if wasUsed else None)
