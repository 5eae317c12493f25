"""
The connection of one client: commands in, replies out, in the same order, and no more in memory than is allowed. What
commands and replies look like is its L{Dialect}'s to know.

A connection is in one of three phases:

  - C{OPEN}: it takes commands, as long as there is room for them (L{ConnectionLimits
    <replkv.frontends.limits.ConnectionLimits>}) and the client reads its replies. Otherwise it leaves them where
    they are, in the parser and in the socket.
  - C{FINISHING}: it takes no more commands, after C{quit}, input that cannot be made sense of, the end of the input,
    or because the server stops. It closes when what it took is answered.
  - C{CLOSED}: its last reply is on its way, or the client has gone.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IHalfCloseableProtocol, IPullProducer, ISSLTransport
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from replkv.commands.command import Command, LoggedCommand, ReadCommand
from replkv.commands.extras import Quit
from replkv.commands.results import BadCommand, Result, Unavailable
from replkv.frontends.asked import Asked
from replkv.frontends.certified import certifiedLogin
from replkv.frontends.dialect import Dialect
from replkv.frontends.replies import Replies
from replkv.frontends.request import FOR_BACKEND, Request
from replkv.frontends.serving import Server
from replkv.frontends.session import Session
from replkv.frontends.transport import ITransport
from replkv.wire.lasting import Lasting
from replkv.wire.settled import Settled

# So long a reply is sent whatever waits to be read: to refuse it would make little difference.
_ALWAYS_BYTES: Final = 64

EXTRA_PLACES: Final = 16
"""
As how many commands one counts that every server answers by itself: C{stats} takes about as long.
"""

# How long a closing connection waits for the client to close its side too.
LINGER_SECONDS: Final = 1.0


class _Phase(Enum):
    OPEN = auto()
    FINISHING = auto()
    CLOSED = auto()


# By name, since Python 3.11 takes long to find a member in its class, and each command asks for two.
_OPEN, _FINISHING, _CLOSED = _Phase


@implementer(IHalfCloseableProtocol, IPullProducer)
class ClientConnection(LineReceiver):
    """
    The connection of one client.

    It stays in raw mode and feeds one parser: going back and forth between line and raw mode copies what has arrived
    each time.

    @ivar session: what the node keeps of the client.
    @ivar host: where the client is.
    @ivar replies: what the client is owed.
    @ivar _asked: the commands in there.
    @ivar _arriving: how many bytes there are of a value that has not arrived whole.
    @ivar _waiting: how many bytes were read and wait to be taken.
    @ivar _heardAt: at which look of the watch something has arrived.
    @ivar _holding: what has to be answered before anything else is taken.
    @ivar _next: what is to be done before that.
    @ivar _lasting: of what that is a step; C{None} where it is none.
    @ivar _full: whether there is no room for another command.
    @ivar _ready: whether it is in the outbox.
    @ivar _waits: whether it waits for its turn to take commands.
    @ivar _ahead: whether more has arrived meanwhile.
    @ivar _reading: whether the transport reads.
    @ivar _inputEnded: whether the client has shut down its writing side.
    @ivar _lingering: ends the wait for the client to close.
    """

    transport: ITransport

    def __init__(self, server: Server, dialect: Dialect, host: str) -> None:
        self.session: Final = Session(host)
        self.host: Final = host
        self._server: Final = server
        self._dialect: Final = dialect
        self._outbox: Final = server.outbox
        self._budget: Final = server.budget
        self._watch: Final = server.watch
        self._intake: Final = server.intake
        self._limits: Final = server.limits
        self._parser: Final = dialect.parser()
        self.replies: Final = Replies(server.budget, server.watch, server.limits)
        self._asked: Final = self.replies.asked
        self._arriving = self._waiting = 0
        self._heardAt = server.watch.now
        self._phase: _Phase = _OPEN
        self._holding: Asked | None = None
        self._next: Lasting | None = None
        self._lasting: Lasting | None = None
        self._full = False
        self._ready = False
        self._waits = self._ahead = False
        self._reading = True
        self._inputEnded = False
        self._lingering: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """
        The client is there.
        """
        self.setRawMode()
        self.session.login = certifiedLogin(self.transport)
        self.transport.setTcpNoDelay(True)
        self.transport.setTcpKeepAlive(True)
        # One that pulls is told each time when the system has all that was written.
        self.transport.registerProducer(self, False)
        self._server.connectionOpened(self)

    def connectionLost(self, reason: Failure | None = None) -> None:
        """
        The client is gone. Answers that are still to come are of no interest to anyone.
        """
        self._phase = _CLOSED
        self.session.isOver = True
        self.replies.forget()
        if self._lasting is not None:
            self._lasting.cut()
        self._count(0, 0)
        if self._lingering is not None and self._lingering.active():
            self._lingering.cancel()
        self._server.connectionClosed(self)

    def rawDataReceived(self, data: bytes) -> None:
        """
        Input has arrived.
        """
        if self._phase is _OPEN:
            self._heardAt = self._watch.now
            self._parser.feed(data)
            self._ahead = self._waits
            self._takeCommands()
            self._outbox.flush()

    # LineReceiver's own does but this in raw mode.
    dataReceived = rawDataReceived

    def readConnectionLost(self) -> None:
        """
        The client sends nothing more, but may still read: what it sent is answered, then the connection closes.
        """
        self._inputEnded = True
        if self._phase is _CLOSED:
            self.transport.loseConnection()
        else:
            self._takeCommands()
            self._outbox.flush()

    def writeConnectionLost(self) -> None:
        """
        The last reply has gone out; the client is given a while to close its side.
        """

    def resumeProducing(self) -> None:
        """
        The system has all that the transport was given.
        """
        replies = self.replies
        wasBehind = replies.isBehind
        replies.taken()
        if wasBehind or self._phase is _FINISHING:
            self.writeReplies()
            self._outbox.flush()

    def answered(self, request: Request, result: Result) -> None:
        """
        Take the answer to a request of this connection. What waits is the reply alone, so that a large value is not
        held twice.
        """
        if self._phase is _CLOSED:
            return
        assert isinstance(request, Asked)
        reply = request.told(result)
        following = request.next() if request.holds else None
        if len(reply) > _ALWAYS_BYTES and not self._budget.mayHold(len(reply)):
            # The server is overloaded, since its clients do not read what it has for them. What was written is written,
            # though: to say that nothing was done would be wrong.
            wrote = isinstance(request.command, LoggedCommand)
            reply = request.told(Unavailable()) if wrote else self._dialect.refusal.reply or b""
            following = None
        request.reply = reply
        if request is self._holding:
            self._holding = None
            self._next = self._lasting = following
        self._replied(reply)

    def _replied(self, reply: bytes) -> None:
        """
        There is a reply, which is to be written.
        """
        self.replies.hold(reply)
        if not self._ready:
            self._ready = True
            self._outbox.add(self)

    def writeReplies(self) -> None:
        """
        Write the replies whose turn it is, and go on with the commands for which there is room now.
        """
        self._ready = False
        self.replies.giveTo(self.transport)
        if not self._reading:  # As long as it reads, no commands were left.
            self._takeCommands()

    def refuseValue(self) -> None:
        """
        See L{replkv.frontends.arrivals.Receiver.refuseValue}. All that came before it has its place among the replies,
        so this is the next one. Of what takes several steps, no more than the next one is done.
        """
        self._arriving = 0
        if self._lasting is not None:
            self._lasting.cut()
        elif self._phase is not _CLOSED and self._parser.dropValue():
            self._refuse(self._dialect.refusal)

    def look(self) -> None:
        """
        The watch looks at this connection: close it if its client is waited for in vain.
        """
        watch, replies = self._watch, self.replies
        if replies.isUnread(watch.unreadLooks):
            self.giveUp("UnreadTimeoutMs")
        elif watch.now - self._heardAt > watch.idleLooks and self._phase is _OPEN and replies.isOver:
            self.finish()

    def giveUp(self, why: str) -> None:
        """
        Close now, since replies have waited for too long.

        @param why: in a few words.
        """
        self._server.report("unread", f"{self.host} {self.replies.delay}, and is disconnected ({why})")
        self.abort()

    def takeTurn(self) -> None:
        """
        See L{replkv.frontends.intake.Taker.takeTurn}.
        """
        self._waits = False
        self._takeCommands()

    def finish(self) -> None:
        """
        Take no more commands, and close when those that were taken are answered.
        """
        if self._phase is _OPEN:
            self._phase = _FINISHING
            self._takeCommands()

    def abort(self) -> None:
        """
        Close now, whatever has not been answered or written.
        """
        self.transport.abortConnection()

    def _takeCommands(self) -> None:
        """
        Take commands out of the parser as long as there is room for them, then read on, or wait, or close. Of a client
        that has gone, nothing counts any more.
        """
        if self._phase is _CLOSED:
            return
        waiting = 0
        while (self._phase is _OPEN or self._next) and self._hasRoom() and not self._waits and not self._holding:
            if not self._intake.left:
                self._waits = True
                self._intake.wait(self)
            elif (following := self._next) is not None:
                self._next = None
                self._begin(following)
            elif (command := self._parser.nextCommand()) is not None:
                self._commandReceived(command)
            elif self._inputEnded:
                self._phase = _FINISHING
            else:
                self._ahead = False
                break
        else:
            waiting = self._parser.buffered
        arriving = self._parser.unfinished if self._lasting is None else self._lasting.kept
        if self._arriving != arriving or self._waiting != waiting:
            self._count(arriving, waiting)
        self._pace()
        if self._phase is _FINISHING and self.replies.isOver and self._next is None:
            self._close()

    def _count(self, arriving: int, waiting: int) -> None:
        """
        There are so many bytes of a value that has not arrived whole, or are kept for later steps, and so many that
        were read and wait to be taken.
        """
        self._server.backlog.hold(waiting - self._waiting)
        self._arriving, self._waiting = arriving, waiting
        self._server.arrivals.hold(self, arriving)

    def _hasRoom(self) -> bool:
        """
        Whether another command may be taken. When it once was not, half of what is pending has to go first.
        """
        share = 2 if self._full else 1
        limits, pending = self._limits, len(self._asked)
        self._full = (
            pending * share >= limits.pendingCommands
            or self.replies.pendingBytes * share >= limits.pendingBytes
            or (pending > 0 and self._budget.isSpent)
        )
        return not self._full and not self.replies.isBehind

    def _commandReceived(self, command: Command) -> None:
        """
        Give a command its place among the replies, and have it answered.
        """
        if isinstance(command, Quit):
            self._phase = _FINISHING
            return
        if self._intake.refuses and (refused := self._dialect.refused(command)) is not None:
            self._intake.refused()
            self._refuse(refused)
        else:
            self._begin(command)

    def _begin(self, command: Command) -> None:
        replies = self.replies
        request = self._dialect.ask(command, self.session, self)
        command = request.command
        if isinstance(command, ReadCommand):
            request.room = replies.readBytes
        replies.asked.append(request)
        replies.pendingBytes += request.room
        self._budget.reserve(request.room)
        if isinstance(command, FOR_BACKEND):
            self._intake.took()
            if request.holds:
                self._holding = request
                self._lasting = request.lasting
            self._server.backend.submit(request)
        elif isinstance(command, Settled):
            self._intake.took()
            request.answer(BadCommand())
            if command.close:
                self._phase = _FINISHING
        else:
            self._intake.took(EXTRA_PLACES)
            self._server.extras.answer(request)

    def _refuse(self, refused: Asked) -> None:
        """
        Have what was refused take its place among the replies.
        """
        self._asked.append(refused)
        self._replied(refused.reply or b"")

    def _pace(self) -> None:
        """
        Read from the socket only while commands are taken.
        """
        if self._phase is not _CLOSED:
            waits = self._full or self.replies.isBehind or self._ahead or self._inputEnded or self._holding is not None
            self._setReading(self._phase is _OPEN and not waits)

    def _setReading(self, reading: bool) -> None:
        """
        Have the transport read, or not. It is never told to read on after the end of the input, for it would find that
        end again.
        """
        if reading != self._reading:
            self._reading = reading
            if reading:
                self.transport.resumeProducing()
            else:
                self.transport.pauseProducing()

    def _close(self) -> None:
        """
        Close after the last reply.

        Closing a socket that holds unread input resets the connection, and a reset may overtake the replies that are
        on their way. So the client is told that there is no more, and what it still sends is read and dropped, until
        it closes too or its time is over.
        """
        self._phase = _CLOSED
        self.transport.unregisterProducer()
        if self._inputEnded:
            self.transport.loseConnection()
        elif ISSLTransport.providedBy(self.transport):
            # TLS says by itself that there is no more, and has no half of a connection. The rest is as below.
            self.transport.loseConnection()
            self._lingering = self._server.clock.callLater(LINGER_SECONDS, self.transport.abortConnection)
        else:
            self.transport.loseWriteConnection()
            self._setReading(True)
            self._lingering = self._server.clock.callLater(LINGER_SECONDS, self.transport.loseConnection)
