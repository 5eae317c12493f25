"""
A visit to one server of a cluster in which all is well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.python.failure import Failure

from replkv.protocol.commands import KeyCommand
from replkv.testing.cluster.process import Process
from replkv.testing.cluster.session import Session
from replkv.testing.history import History, Operation


class Visit:
    """
    Sends some commands at once, and takes note of what comes.

    @ivar redirects: where the server sent this client for each command that it did not carry out.
    @ivar isOver: whether all was answered, or the connection lost.
    @ivar unanswered: whether the server could not carry out one of them, or the connection was lost.
    """

    def __init__(
        self,
        process: Process,
        history: History,
        connection: int,
        commands: Sequence[KeyCommand],
        misled: Callable[[str], None],
        tell: Callable[[str], None],
    ) -> None:
        """
        @param connection: the number of this connection in the history.
        """
        self.misled = misled
        self.tell = tell
        self.redirects: list[str] = []
        self.unanswered = False
        self._commands = commands
        self._process = process
        self._session = Session(self, history, process.seconds, connection)
        self._sent = False

    @property
    def isOver(self) -> bool:
        """
        See the class.
        """
        return self.unanswered or (self._sent and not self._session.outstanding)

    def begin(self, host: str, port: int) -> None:
        """
        Connect.
        """
        self._session.connect(self._process, host, port, self._unreached)

    def end(self) -> None:
        """
        Disconnect.
        """
        self._session.abort()

    def opened(self) -> None:
        """
        See L{replkv.testing.cluster.session.Owner.opened}.
        """
        self._sent = True
        self._session.send(self._commands)

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

    def closed(self) -> None:
        """
        See L{replkv.testing.cluster.session.Owner.closed}.
        """
        self.unanswered = self.unanswered or not self._sent

    def _unreached(self, failure: Failure) -> None:
        self.unanswered = True
