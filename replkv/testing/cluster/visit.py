"""
A visit to one server of a cluster in which all is well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.python.failure import Failure

from replkv.commands.command import KeyCommand
from replkv.testing.cluster.process import Process
from replkv.testing.cluster.session import Session
from replkv.testing.history import History, Operation
from replkv.testing.users.record import Asked


class Visit:
    """
    Sends some commands at once, says that it will send nothing more, and takes note of what comes.

    @ivar redirects: where the server sent this client for each command that it did not carry out.
    @ivar isOver: whether the server could not be reached, or has closed the connection.
    @ivar unanswered: whether the server has not answered all, or could not carry out one of them.
    """

    def __init__(
        self,
        process: Process,
        history: History,
        connection: int,
        commands: Sequence[KeyCommand],
        misled: Callable[[str], None],
        tell: Callable[[str], None],
        quitting: bool,
    ) -> None:
        """
        @param connection: the number of this connection in the history.
        @param quitting: whether it says with a command that it will send nothing more.
        """
        self.misled = misled
        self.tell = tell
        self.redirects: list[str] = []
        self.isOver = False
        self.unanswered = False
        self._commands = commands
        self._process = process
        self._session = Session(self, history, process.seconds, connection)
        self._quitting = quitting

    def begin(self, host: str, port: int) -> None:
        """
        Connect.
        """
        self._session.connect(self._process, host, port, self._unreached)

    def opened(self) -> None:
        """
        See L{replkv.testing.cluster.session.Owner.opened}.
        """
        self._session.send(self._commands)
        self._session.part(self._quitting)

    def redirected(self, host: str, port: int) -> None:
        """
        See L{replkv.testing.cluster.session.Owner.redirected}.
        """
        self.redirects.append(host)

    def answered(self, operation: Operation) -> None:
        """
        See L{replkv.testing.cluster.session.Owner.answered}.
        """
        if operation.answer is None:
            self.unanswered = True

    def settled(self, asked: Asked) -> None:
        """
        See L{replkv.testing.cluster.session.Owner.settled}. It does not ask for any.
        """

    def closed(self) -> None:
        """
        See L{replkv.testing.cluster.session.Owner.closed}.
        """
        self.isOver = True

    def cutShort(self) -> None:
        """
        See L{replkv.testing.cluster.session.Owner.cutShort}.
        """
        self.unanswered = True

    def _unreached(self, failure: Failure) -> None:
        self.isOver = self.unanswered = True
