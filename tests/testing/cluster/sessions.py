"""
An open session of a simulated client, for tests.
"""

from __future__ import annotations

from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.command import KeyCommand
from replkv.testing.cluster.session import Session
from replkv.testing.history import History, Operation, Status, Told
from replkv.testing.users.record import Asked


class Owner:
    """
    @ivar events: what the session has told.
    """

    def __init__(self) -> None:
        self.events: list[object] = []

    def tell(self, what: str) -> None:
        """
        Leave the story alone.
        """

    def opened(self) -> None:
        """
        Write it down.
        """
        self.events.append("opened")

    def redirected(self, host: str, port: int) -> None:
        """
        Write it down.
        """
        self.events.append(f"redirected to {host}:{port}")

    def answered(self, operation: Operation) -> None:
        """
        Write it down.
        """
        self.events.append(operation.number)

    def settled(self, asked: Asked) -> None:
        """
        Write it down.
        """
        self.events.append(f"settled {asked.number}")

    def closed(self) -> None:
        """
        Write it down.
        """
        self.events.append("closed")

    def cutShort(self) -> None:
        """
        Write it down.
        """
        self.events.append("cut short")

    def misled(self, what: str) -> None:
        """
        Write it down.
        """
        self.events.append("misled")


class SessionCase(SynchronousTestCase):
    """
    An open session.
    """

    def setUp(self) -> None:
        """
        Open it.
        """
        self.owner = Owner()
        self.history = History()
        self.time = 1.0
        self.transport = StringTransport()
        self.session = Session(self.owner, self.history, lambda: self.time, 9)
        self.session.makeConnection(self.transport)
        self.owner.events.clear()

    def send(self, *commands: KeyCommand | None) -> None:
        """
        Send commands at 1 s. What happens next happens at 2 s.
        """
        self.time = 1.0
        self.session.send(commands)
        self.time = 2.0

    def replied(self, *lines: bytes) -> None:
        """
        Replies have come.
        """
        self.session.dataReceived(b"".join(line + b"\r\n" for line in lines))

    def lose(self) -> None:
        """
        The connection is lost.
        """
        self.session.connectionLost(Failure(ConnectionDone()))

    def expect(self, *outcomes: Status | Told) -> None:
        """
        This has become of the commands, in order: of those that were answered, what they were told.
        """
        found = [
            operation.answer.told if operation.answer else operation.status for operation in self.history.operations
        ]
        self.assertEqual(found, list(outcomes))

    @property
    def given_up(self) -> list[int]:
        """
        The operations of which nothing more will be known.
        """
        return [event.operation.number for event in self.history.events if event.type == Status.UNKNOWN.value]
