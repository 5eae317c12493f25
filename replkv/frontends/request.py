"""
A command that waits for its answer.
"""

from __future__ import annotations

from typing import Final, Protocol

from twisted.internet.defer import Deferred

from replkv.commands.auth import Auth
from replkv.commands.command import Command, DataCommand, LoggedCommand, ValueCommand
from replkv.commands.extras import Transfer
from replkv.commands.members import MemberCommand
from replkv.commands.results import Result
from replkv.commands.txn import Txn
from replkv.commands.users import Users
from replkv.frontends.session import Session
from replkv.users.user import Login

FOR_BACKEND: Final = (DataCommand, LoggedCommand, Auth, Users, Transfer, MemberCommand)
"""
The commands that a L{Backend} answers. The others are answered by every server by itself.
"""


class Owner(Protocol):
    """
    Where a command came from.
    """

    def answered(self, request: Request, result: Result) -> None:
        """
        Take what came of a request of its own. The request does not keep it.
        """


class Quiet:
    """
    What was written by those who do not want to be told when it is done.

    @ivar index: the index in the log of the last of that; 0 before the first.
    """

    __slots__ = ("index",)

    def __init__(self) -> None:
        self.index = 0


class Request:
    """
    A command, and its place among those of its session.

    It is answered exactly once, now or later.

    @ivar command: what the client asked for.
    @ivar session: whose command it is.
    @ivar login: in whose name it is carried out: that of the session when it came.
    @ivar owner: is told the answer.
    @ivar number: which of its session's commands it is; the node's to set.
    @ivar size: the bytes of values that are kept in memory for it.
    @ivar mayForward: whether another server may be asked, where that leads. Otherwise, and for what is no command on
        keys, the client is told which one does.
    @ivar quiet: a write is noted there when it is proposed, and a read sees all that was noted before; C{None} for one
        that has nothing to do with what other sessions write.
    @ivar isAnswered: whether it has its answer.
    """

    __slots__ = ("command", "isAnswered", "login", "mayForward", "number", "owner", "quiet", "session", "size")

    def __init__(self, command: Command, session: Session, owner: Owner, mayForward: bool = False) -> None:
        self.command = command
        self.session = session
        self.login: Login | None = session.login
        self.owner = owner
        self.mayForward = mayForward
        self.quiet: Quiet | None = None
        self.number = 0
        if isinstance(command, ValueCommand):
            self.size = len(command.value)
        else:
            self.size = command.valueBytes if isinstance(command, Txn) else 0
        self.isAnswered = False

    def answer(self, result: Result) -> None:
        """
        Tell what came of it.
        """
        assert not self.isAnswered, f"{self.command} was answered twice"
        self.isAnswered = True
        self.owner.answered(self, result)


class BackupSource(Protocol):
    """
    What answers L{replkv.commands.extras.Snapshot} and L{replkv.commands.extras.Piece}.
    """

    def describe(self, least: int) -> Deferred[Result]:
        """
        Make a snapshot of the state, or tell about the one that is there.

        @param least: it has at least the entries up to this one.
        @return: what it is, as the value of a L{replkv.commands.results.Found}, or why there is none.
        """

    def piece(self, snapshot: int, file: int, offset: int) -> Deferred[Result]:
        """
        Read a piece of it.
        """


class Backend(Protocol):
    """
    What answers the commands: the node.
    """

    def submit(self, request: Request) -> None:
        """
        Answer C{request}, whose command is one of L{FOR_BACKEND}: now or later, exactly once. Answers that come later
        reach the clients when the L{outbox<replkv.frontends.outbox.Outbox>} is flushed.
        """

    def admits(self, request: Request) -> bool:
        """
        Whether who has asked may have this done, by what this server knows of users. Other operators are told if it is
        for an operator.
        """
