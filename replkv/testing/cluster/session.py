"""
One connection of a simulated client, and what it makes of the replies.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from random import Random
from typing import Final, Protocol

from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import Factory
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.python.failure import Failure

from replkv.commands.auth import Auth
from replkv.commands.extras import Quit
from replkv.commands.results import (
    BadCommand,
    Found,
    NotAllowed,
    NotUpgraded,
    Redirected,
    Result,
    Unavailable,
)
from replkv.commands.usercommand import UserCommand
from replkv.testing.cluster.fates import fateOf
from replkv.testing.cluster.process import Process
from replkv.testing.cluster.question import Command, Question, ask, encoded, shown
from replkv.testing.history import Answer, History, Operation, Told
from replkv.testing.users.record import Asked, Change, Fate, Login, What
from replkv.wire.encoding import encodeCommand
from replkv.wire.replies import lineOf
from replkv.wire.replyparser import ProtocolError, ReplyParser

_CONNECT_TIMEOUT: Final = 1.0

NONSENSE: Final = b"nonsense\r\n"


class Owner(Protocol):
    """
    Whose connection it is.
    """

    def opened(self) -> None:
        """
        It is there.
        """

    def redirected(self, host: str, port: int) -> None:
        """
        The server says that another one leads.
        """

    def answered(self, operation: Operation) -> None:
        """
        There was an answer.
        """

    def settled(self, asked: Asked) -> None:
        """
        There was an answer to what is not about a key.
        """

    def closed(self) -> None:
        """
        It is lost.
        """

    def cutShort(self) -> None:
        """
        The server has closed it in order, as it does for a client that has said that it will send nothing more; and it
        has not answered all.
        """

    def misled(self, what: str) -> None:
        """
        The server sent what it must never send.
        """

    def tell(self, what: str) -> None:
        """
        Add to the story.
        """


class Session(TwistedProtocol):
    """
    Sends commands, and records what came of each.

    @ivar outstanding: what was sent and not answered, in order; C{None} is a line that is no command.
    @ivar hasParted: whether it has said that it will send nothing more.
    @ivar login: in whose name it asks; C{None} where it has not said.
    """

    transport: ITCPTransport

    def __init__(self, owner: Owner, history: History, seconds: Callable[[], float], number: int) -> None:
        """
        @param number: the number of this connection in the history.
        """
        self.outstanding: deque[Question | Asked | None] = deque()
        self.hasParted = False
        self.login: Login | None = None
        self._owner = owner
        self._history = history
        self._seconds = seconds
        self._number = number
        self._parser = ReplyParser()
        self._over = False
        self._closing = False
        self._asked = False

    @property
    def isClosing(self) -> bool:
        """
        Whether nothing more can be sent on it.
        """
        return self._over or self._closing or self.hasParted

    @property
    def waits(self) -> bool:
        """
        Whether something is sure to be answered, if the server does what it should.
        """
        return any(not _isSilent(asked) for asked in self.outstanding)

    def connectionMade(self) -> None:
        """
        Begin, unless it was given up meanwhile.
        """
        if self._over:
            self.transport.abortConnection()
        else:
            self._owner.opened()

    def connectionLost(self, reason: Failure | None = None) -> None:
        """
        What was not answered will not be answered.
        """
        if self.waits and not self._closing and reason is not None and reason.check(ConnectionDone):
            self._owner.cutShort()
        self._end()

    def connect(self, process: Process, host: str, port: int, unreached: Callable[[Failure], None]) -> None:
        """
        Connect.

        @param unreached: called if that fails.
        """
        factory = Factory.forProtocol(lambda: self)
        factory.noisy = False
        TCP4ClientEndpoint(process, host, port, _CONNECT_TIMEOUT).connect(factory).addErrback(unreached)

    def send(self, commands: Sequence[Command | None]) -> None:
        """
        Send commands, all at once; in place of C{None}, a line that is no command.
        """
        self._asked = True
        for command in commands:
            asked = None if command is None else self._invoke(command)
            self.outstanding.append(asked)
            self._owner.tell(f"asks for {'nonsense' if asked is None else asked}")
        self.transport.write(b"".join(NONSENSE if command is None else encoded(command) for command in commands))

    def logIn(self, user: bytes, token: bytes) -> None:
        """
        Say who asks from now on.
        """
        self._asked = True
        self.login = self._history.users.tries(user, token, self._seconds(), self._number)
        self.outstanding.append(self.login)
        self._owner.tell(f"logs in as {user.decode()} with {token.decode()}")
        self.transport.write(encodeCommand(Auth(user, token)))

    def change(self, command: UserCommand, what: What) -> Change:
        """
        Want a user to be changed.

        @param what: what the command makes of the user.
        """
        self._asked = True
        change = self._history.users.wants(command.user, what, self.login, self._seconds(), self._number)
        self.outstanding.append(change)
        self._owner.tell(f"asks for {encodeCommand(command).decode().strip()}")
        self.transport.write(encodeCommand(command))
        return change

    def sendPart(self, command: Command, random: Random) -> None:
        """
        Send the beginning of a command, and close. It must never be carried out.
        """
        question = self._invoke(command)
        question.fail(self._history, self._seconds())
        sent = encoded(command)
        self._owner.tell(f"begins to ask for {question}, and goes away")
        self.transport.write(sent[: random.randrange(1, len(sent))])
        self._closing = True
        self.transport.loseConnection()

    def part(self, quitting: bool) -> None:
        """
        Say that nothing more will be sent. All that was sent is answered, and then the server closes.

        @param quitting: whether that is said with a command; otherwise, the writing side is shut down.
        """
        self.hasParted = True
        self._owner.tell("quits" if quitting else "shuts down its writing side")
        if quitting:
            self.transport.write(encodeCommand(Quit()))
        else:
            self.transport.loseWriteConnection()

    def abort(self) -> None:
        """
        Close at once.
        """
        if not self._over:
            if self.connected:
                self.transport.abortConnection()
            self._end()

    def dataReceived(self, data: bytes) -> None:
        """
        Replies have come.
        """
        try:
            for reply in self._parser.feed(data):
                if not self._over:
                    self._replied(reply)
        except ProtocolError as error:
            self._owner.misled(str(error))

    def _invoke(self, command: Command) -> Question:
        question = ask(command, self._history, self._seconds(), self._number)
        if self.login is not None:
            for operation in question.operations:
                self._history.users.names[operation.number] = self.login
        return question

    def _end(self) -> None:
        if not self._over:
            self._over = True
            for question in self.outstanding:
                if isinstance(question, Question):
                    question.lose(self._history, self._seconds())
                    self._owner.tell(f"will not know what came of {question}")
            self.outstanding.clear()
            self._owner.closed()

    def _replied(self, reply: Result) -> None:
        """
        A reply belongs to the first command that is to have one. Those before it that wanted none were carried out: an
        error they would have told. But whose an error is cannot be told then.
        """
        asked = next((one for one in self.outstanding if not _isSilent(one)), None)
        line = lineOf(reply)
        words = f"is told {line.decode('ascii', 'replace')} {shown(_valueOf(reply))}".rstrip()
        self._owner.tell(f"{words}, operation {asked.operations[0].number}" if isinstance(asked, Question) else words)
        isError = isinstance(reply, Unavailable | Redirected | NotUpgraded | NotAllowed)
        silent = []
        while self.outstanding and isinstance(head := self.outstanding[0], Question) and head.isSilent:
            silent.append(head)
            self.outstanding.popleft()
        if silent and isError:
            self.outstanding.extendleft(reversed(silent))
            self.abort()
            return
        if not self.outstanding and not self._asked and isinstance(reply, Unavailable):
            # A server that stops, or has too many clients, says so to whoever connects, and closes.
            self.abort()
            return
        if not self.outstanding:
            self._owner.misled(f"a reply to nothing: {line!r}")
            return
        for carriedOut in silent:
            carriedOut.answer(self._history, [Answer(Told.CARRIED_OUT)], self._seconds())
        question = self.outstanding.popleft()
        if question is None:
            if not isinstance(reply, BadCommand):
                self._owner.misled(f"a line that is no command is answered with {line!r}")
        elif isinstance(question, Asked):
            self._settle(question, reply)
        else:
            self._take(question, reply, line)

    def _take(self, question: Question, reply: Result, line: bytes) -> None:
        """
        A reply to what is about keys.
        """
        if isinstance(reply, Redirected):
            question.fail(self._history, self._seconds())
            self._owner.redirected(reply.host, reply.port)
            return
        if isinstance(reply, Unavailable):
            question.lose(self._history, self._seconds())
        elif isinstance(reply, NotUpgraded | NotAllowed):
            if isinstance(reply, NotAllowed):
                self._history.users.refused.update(operation.number for operation in question.operations)
            question.fail(self._history, self._seconds())
        else:
            answers = question.answersTo(reply)
            if answers is None:
                self._owner.misled(f"{question.command!r:.200} is answered with {line!r}")
                return
            question.answer(self._history, answers, self._seconds())
        for operation in question.operations:
            self._owner.answered(operation)

    def _settle(self, asked: Asked, reply: Result) -> None:
        """
        A reply to what is not about a key.
        """
        asked.told = lineOf(reply).decode("ascii", "replace")
        fate = fateOf(asked, reply)
        if fate is None:
            self._owner.misled(f"this is no answer: {asked}")
            return
        if fate is not Fate.UNKNOWN:
            asked.end(fate, self._seconds())
        if isinstance(reply, Redirected):
            self._owner.redirected(reply.host, reply.port)
        self._owner.settled(asked)


def _valueOf(reply: Result) -> bytes:
    return reply.value if isinstance(reply, Found) else b""


def _isSilent(asked: Question | Asked | None) -> bool:
    return isinstance(asked, Question) and asked.isSilent
