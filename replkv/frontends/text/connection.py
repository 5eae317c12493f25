"""
The connection of one client: commands in, replies out, in the same order, and no more in memory than is allowed.

A connection is in one of three phases:

  - C{OPEN}: it takes commands, as long as there is room for them (L{ConnectionLimits}) and
    the client reads its replies. Otherwise it leaves them where they are, in the parser and in the socket.
  - C{FINISHING}: it takes no more commands, after C{quit}, input that cannot be made sense of, the end of the input,
    or because the server stops. It closes when what it took is answered.
  - C{CLOSED}: its last reply is on its way, or the client has gone.
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto
from typing import Final, Protocol

from twisted.internet.interfaces import (
    IConsumer,
    IDelayedCall,
    IHalfCloseableProtocol,
    IPushProducer,
    IReactorTime,
    ITCPTransport,
)
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from replkv import __version__
from replkv.commands.command import Command, KeyCommand, ReadCommand
from replkv.commands.extras import Help, Piece, Quit, Snapshot, Stats, Transfer, Version
from replkv.commands.results import BadCommand, Found, Release, Result, Statistics, Unavailable, Usage
from replkv.frontends.budget import Budget
from replkv.frontends.intake import Intake
from replkv.frontends.outbox import Outbox
from replkv.frontends.request import Backend, BackupSource, Request
from replkv.frontends.session import Session
from replkv.frontends.text.asked import REFUSAL, REFUSED, Asked
from replkv.frontends.text.limits import CONNECTION_LIMITS, ConnectionLimits
from replkv.wire.parser import CommandParser, Malformed
from replkv.wire.replies import encodeReply

# A read takes up the room that its reply may need. That is not known before, so it is as much as the last ones needed:
# at once more where one was larger, less by an eighth with each that was smaller. With the least of it, there is room
# for as many reads as for other commands.
FIRST_READ_BYTES: Final = 256 * 1024
_LEAST_READ_BYTES: Final = CONNECTION_LIMITS.pendingBytes // CONNECTION_LIMITS.pendingCommands

# How many bytes of replies are joined into one write, before the last.
_WRITE_BYTES: Final = 256 * 1024

# How long a closing connection waits for the client to close its side too.
LINGER_SECONDS: Final = 1.0


class Server(Protocol):
    """
    The server, as its connections see it.

    @ivar backend: answers the commands.
    @ivar backups: gives snapshots of its state.
    @ivar outbox: the connections that have something to write.
    @ivar clock: tells the time.
    @ivar maxValueBytes: the longest value that is taken.
    @ivar budget: what all connections may have in memory, and have.
    @ivar intake: what they may take in one turn of the reactor.
    @ivar limits: what each may have under way.
    """

    backend: Backend
    backups: BackupSource
    outbox: Outbox
    clock: IReactorTime
    maxValueBytes: int
    budget: Budget
    intake: Intake
    limits: ConnectionLimits

    def connectionOpened(self, connection: TextProtocol) -> None:
        """
        Take note of a new connection.
        """

    def connectionClosed(self, connection: TextProtocol) -> None:
        """
        Take note that a connection is gone.
        """

    def statistics(self) -> dict[str, str]:
        """
        Values for C{stats}, by name.
        """


class _ITransport(ITCPTransport, IConsumer, IPushProducer):
    """
    What a connection needs of its transport: all that a TCP connection of Twisted's is.
    """


class _Phase(Enum):
    OPEN = auto()
    FINISHING = auto()
    CLOSED = auto()


# By name, since Python 3.11 takes long to find a member in its class, and each command asks for two.
_OPEN, _FINISHING, _CLOSED = _Phase


@implementer(IHalfCloseableProtocol, IPushProducer)
class TextProtocol(LineReceiver):
    """
    The connection of one client.

    It stays in raw mode and feeds one parser: going back and forth between line and raw mode copies what has arrived
    each time.

    @ivar session: what the node keeps of the client.
    @ivar _requests: the commands whose replies have not been written, in the order in which they came.
    @ivar _pendingBytes: the bytes of the values that those hold, or are expected to be answered with.
    @ivar _readBytes: the bytes with which the next read is expected to be answered.
    @ivar _full: whether there is no room for another command.
    @ivar _ready: whether it is in the outbox.
    @ivar _waits: whether it waits for its turn to take commands.
    @ivar _ahead: whether more has arrived meanwhile.
    @ivar _reading: whether the transport reads.
    @ivar _inputEnded: whether the client has shut down its writing side.
    @ivar _lingering: ends the wait for the client to close.
    """

    transport: _ITransport

    def __init__(self, server: Server) -> None:
        self.session: Final = Session()
        self._server: Final = server
        self._outbox: Final = server.outbox
        self._budget: Final = server.budget
        self._intake: Final = server.intake
        self._limits: Final = server.limits
        self._parser: Final = CommandParser(server.maxValueBytes)
        self._requests: Final[deque[Asked]] = deque()
        self._pendingBytes = 0
        self._readBytes = FIRST_READ_BYTES
        self._phase: _Phase = _OPEN
        self._full = False
        self._ready = False
        self._waits = False
        self._ahead = False
        self._reading = True
        self._inputEnded = False
        self._lingering: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """
        The client is there.
        """
        self.setRawMode()
        self.transport.setTcpNoDelay(True)
        self.transport.setTcpKeepAlive(True)
        self.transport.registerProducer(self, True)
        self._server.connectionOpened(self)

    def connectionLost(self, reason: Failure | None = None) -> None:
        """
        The client is gone. Answers that are still to come are of no interest to anyone.
        """
        self._phase = _CLOSED
        self._budget.drop(sum(len(request.reply or b"") for request in self._requests))
        self._budget.release(self._pendingBytes)
        self._pendingBytes = 0
        self._requests.clear()
        if self._lingering is not None and self._lingering.active():
            self._lingering.cancel()
        self._server.connectionClosed(self)

    def rawDataReceived(self, data: bytes) -> None:
        """
        Input has arrived.
        """
        if self._phase is _OPEN:
            self._parser.feed(data)
            self._ahead = self._waits
            self._takeCommands()
            self._outbox.flush()

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

    def pauseProducing(self) -> None:
        """
        The client does not read its replies as fast as they come: take no more commands.
        """
        self.paused = True
        self._pace()

    def resumeProducing(self) -> None:
        """
        The client has read its replies: go on.
        """
        self.paused = False
        self.writeReplies()
        self._outbox.flush()

    def answered(self, request: Request, result: Result) -> None:
        """
        Take the answer to a request of this connection. What waits is the reply alone, so that a large value is not
        held twice.
        """
        if self._phase is _CLOSED:
            return
        if type(result) is Found and not self._budget.mayHold(len(result.value)):
            # The server is overloaded, since its clients do not read what it has for them.
            result = Unavailable()
        assert isinstance(request, Asked)
        request.reply = encodeReply(request.command, result)
        self._replied(request.reply)

    def _replied(self, reply: bytes) -> None:
        """
        There is a reply, which is to be written.
        """
        self._budget.hold(len(reply))
        if not self._ready:
            self._ready = True
            self._outbox.add(self)

    def writeReplies(self) -> None:
        """
        Write the replies whose turn it is, and go on with the commands for which there is room now.

        Small replies leave in one piece. When the transport has enough, it says so at once (L{pauseProducing}), and the
        others stay here until the client has read on: here they are counted, and in the transport they would not be.
        """
        self._ready = False
        requests = self._requests
        while not self.paused and requests and requests[0].reply is not None:
            replies = []
            size = room = 0
            while size < _WRITE_BYTES and requests and (reply := requests[0].reply) is not None:
                request = requests.popleft()
                room += request.room
                if isinstance(request.command, ReadCommand):
                    self._readBytes = max(len(reply), self._readBytes - self._readBytes // 8, _LEAST_READ_BYTES)
                size += len(reply)
                replies.append(reply)
            self._pendingBytes -= room
            self._budget.release(room)
            self._budget.drop(size)
            if size:
                self.transport.write(b"".join(replies))
        self._takeCommands()

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
        Take commands out of the parser as long as there is room for them, then read on, or wait, or close.
        """
        while self._phase is _OPEN and self._hasRoom() and not self._waits:
            if not self._intake.left:
                self._waits = True
                self._intake.wait(self)
            elif (command := self._parser.nextCommand()) is not None:
                self._commandReceived(command)
            elif self._inputEnded:
                self._phase = _FINISHING
            else:
                self._ahead = False
                break
        self._pace()
        if self._phase is _FINISHING and not self._requests:
            self._close()

    def _hasRoom(self) -> bool:
        """
        Whether another command may be taken. When it once was not, half of what is pending has to go first.
        """
        share = 2 if self._full else 1
        limits = self._limits
        self._full = (
            len(self._requests) * share >= limits.pendingCommands
            or self._pendingBytes * share >= limits.pendingBytes
            or (bool(self._requests) and self._budget.isSpent)
        )
        return not self._full and not self.paused

    def _commandReceived(self, command: Command) -> None:
        """
        Give a command its place among the replies, and have it answered.
        """
        if isinstance(command, Quit):
            self._phase = _FINISHING
            return
        if self._intake.refuses and isinstance(command, KeyCommand):
            self._intake.refused()
            self._requests.append(REFUSED)
            self._replied(REFUSAL)
            return
        room = self._readBytes if isinstance(command, ReadCommand) else None
        request = Asked(command, self.session, self, room)
        self._requests.append(request)
        self._pendingBytes += request.room
        self._budget.reserve(request.room)
        self._intake.took()
        if isinstance(command, KeyCommand | Transfer):
            self._server.backend.submit(request)
        elif isinstance(command, Malformed):
            request.answer(BadCommand())
            if command.close:
                self._phase = _FINISHING
        elif isinstance(command, Help):
            request.answer(Usage())
        elif isinstance(command, Version):
            request.answer(Release(__version__))
        elif isinstance(command, Stats):
            request.answer(Statistics(self._server.statistics()))
        elif isinstance(command, Snapshot):
            self._server.backups.describe(command.least).addCallback(self._found, request)
        elif isinstance(command, Piece):
            found = self._server.backups.piece(command.snapshot, command.file, command.offset)
            found.addCallback(self._found, request)

    def _found(self, result: Result, request: Asked) -> None:
        """
        There is something of a snapshot, or not.
        """
        request.answer(result)
        self._outbox.flush()

    def _pace(self) -> None:
        """
        Read from the socket only while commands are taken.
        """
        if self._phase is not _CLOSED:
            waits = self._full or self.paused or self._ahead or self._inputEnded
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
        self.paused = False
        if self._inputEnded:
            self.transport.loseConnection()
        else:
            self.transport.loseWriteConnection()
            self._setReading(True)
            self._lingering = self._server.clock.callLater(LINGER_SECONDS, self.transport.loseConnection)
