"""
A command that waits for its answer, and the text of the answers.
"""

from __future__ import annotations

from typing import Final, Protocol

from replkv.wire.commands import Command, Get, StoreCommand

UNAVAILABLE: Final = b"ERR_INTERNAL\r\n"


class Connection(Protocol):
    """
    Where a command came from, as its request and the node see it.

    These are the node's:

    @ivar lastIndex: the index in the log of the last write that this connection proposed; 0 before the first. A read
        sees what its own connection wrote before it.
    @ivar lastRead: the index that its last read waits for: later reads see no less.
    @ivar submitted: how many commands it has submitted.
    """

    lastIndex: int
    lastRead: int
    submitted: int

    def answered(self, size: int) -> None:
        """
        Take note that a request of this connection has its reply, of C{size} bytes.
        """

    def mayHold(self, size: int) -> bool:
        """
        Whether the server has room for a reply of C{size} bytes more that waits to be written.
        """


class Request:
    """
    A command, and its place among the replies of its connection.

    Exactly one of the answers is given to it, once, now or later.

    @ivar command: what the client asked for.
    @ivar connection: the connection that it came in by.
    @ivar number: which of its connection's commands it is; the node's to set.
    @ivar reply: the text of the answer, empty where the client wants none; C{None} until there is one.
    @ivar size: the bytes of the value that is kept in memory for it.
    @ivar room: the bytes that it takes up of what may be pending on its connection; the connection's to set.
    """

    __slots__ = ("command", "connection", "number", "reply", "room", "size")

    def __init__(self, command: Command, connection: Connection) -> None:
        self.command = command
        self.connection = connection
        self.number = 0
        self.reply: bytes | None = None
        self.size = len(command.value) if isinstance(command, StoreCommand) else 0
        self.room = 0

    def answer(self, reply: bytes) -> None:
        """
        Give the answer in the words that the client is to see.
        """
        assert self.reply is None, f"{self.command} was answered twice"
        self.reply = reply
        self.connection.answered(len(reply))

    def stored(self, version: int) -> None:
        """
        Answer that the value is stored, and has C{version}.
        """
        self._answerUnlessNoreply(b"OK %d\r\n" % version)

    def deleted(self) -> None:
        """
        Answer that the key was there, and no longer is.
        """
        self.answer(b"DELETED\r\n")

    def found(self, version: int, secondsLeft: int, value: bytes) -> None:
        """
        Answer with the value of the key, to a C{get} or a C{getm}; or that the server is overloaded, where its clients
        do not read what it has for them.

        @param version: the key's version.
        @param secondsLeft: the seconds that the key has left, rounded up; 0 if it never expires.
        @param value: the key's value.
        """
        if not self.connection.mayHold(len(value)):
            self.unavailable()
        elif isinstance(self.command, Get):
            self.answer(b"VALUE %d\r\n%b\r\n" % (len(value), value))
        else:
            self.answer(b"VALUE %d %d %d\r\n%b\r\n" % (version, secondsLeft, len(value), value))

    def notFound(self) -> None:
        """
        Answer that there is no such key.
        """
        self._answerUnlessNoreply(b"ERRNOTFOUND\r\n")

    def versionMismatch(self) -> None:
        """
        Answer to a C{cas} that the key has another version.
        """
        self._answerUnlessNoreply(b"ERR_VERSION\r\n")

    def malformed(self) -> None:
        """
        Answer that this was no command.
        """
        self.answer(b"ERRCMDERR\r\n")

    def redirect(self, host: str, port: int) -> None:
        """
        Answer that the command was not carried out, and that the server at C{host} and C{port} leads.
        """
        self.answer(b"ERR_REDIRECT %b %d\r\n" % (host.encode(), port))

    def unavailable(self) -> None:
        """
        Answer that there is no result: a write may have been or may yet be carried out, a read was not.
        """
        self.answer(UNAVAILABLE)

    def _answerUnlessNoreply(self, reply: bytes) -> None:
        """
        Give the answer to a well-formed command that was carried out, or that the key's state did not allow.
        """
        self.answer(b"" if isinstance(self.command, StoreCommand) and self.command.noreply else reply)


class Backend(Protocol):
    """
    What answers the commands: the node.
    """

    def submit(self, request: Request) -> None:
        """
        Answer C{request}, whose command is a L{replkv.wire.commands.KeyCommand}: now or later, exactly once.
        Answers that come later reach the clients when the server is told to flush.
        """

    def statistics(self) -> list[tuple[str, str]]:
        """
        Names and values for C{stats}.
        """
