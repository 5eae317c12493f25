"""
What was asked about users and what was told, written by hand.
"""

from __future__ import annotations

from math import inf

from replkv.commands.command import KeyCommand
from replkv.testing.history import Answer, History, Operation
from replkv.testing.users.record import Change, Fate, Given, Gone, Login, Named, Right, Taken, What

READ, WRITE = Right("read", b""), Right("write", b"")
EVERYTHING = Right("admin", b"")
NAMED, GONE = Named(b"token"), Gone()


def gives(word: str, prefix: bytes = b"") -> Given:
    """
    A user has a right.
    """
    return Given(Right(word, prefix))


def takes(word: str, prefix: bytes = b"") -> Taken:
    """
    A user has it no longer.
    """
    return Taken(Right(word, prefix))


class Told:
    """
    A history. Unless it is said otherwise, all is about the user C{ann}, and was done.
    """

    def __init__(self) -> None:
        self.history = History()
        self.users = self.history.users

    def change(
        self,
        what: What,
        invoked: float,
        ended: float | None,
        fate: Fate = Fate.DONE,
        user: bytes = b"ann",
        by: Login | None = None,
        connection: int | None = None,
    ) -> Change:
        """
        A user was to be changed.

        @param ended: C{None} if nobody knows what came of it.
        @param connection: one of its own if none is given.
        """
        number = len(self.users.changes) + 1000 if connection is None else connection
        change = self.users.wants(user, what, by, invoked, number)
        if ended is not None:
            change.end(fate, ended)
        return change

    def login(
        self, invoked: float, ended: float | None, fate: Fate = Fate.DONE, token: bytes = b"token", user: bytes = b"ann"
    ) -> Login:
        """
        Somebody tried to log in.
        """
        login = self.users.tries(user, token, invoked, 1)
        if ended is not None:
            login.end(fate, ended)
        return login

    def root(self) -> Login:
        """
        There is somebody who may do everything, from 0 s on, and is logged in.
        """
        self.change(Named(b"secret"), -3, -2, user=b"root")
        self.change(Given(EVERYTHING), -2, -1, user=b"root")
        return self.login(-1, -0.5, token=b"secret", user=b"root")

    def asked(
        self, command: KeyCommand, login: Login | None, invoked: float, ended: float = inf, answer: Answer | None = None
    ) -> Operation:
        """
        Something was asked, and answered or not.
        """
        operation = self.history.invoke(command, invoked, 1)
        if login is not None:
            self.users.names[operation.number] = login
        if answer is not None:
            self.history.answered(operation, answer, ended)
        return operation

    def refused(self, command: KeyCommand, login: Login | None, invoked: float, ended: float) -> Operation:
        """
        Something was asked, and refused.
        """
        operation = self.asked(command, login, invoked)
        self.users.refused.add(operation.number)
        self.history.failed(operation, ended)
        return operation
