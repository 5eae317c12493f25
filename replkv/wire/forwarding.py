"""
Commands of clients, and what came of them, as servers tell them each other: in the words of the text protocol, so that
its grammar stands once, but with nothing left out.

In whose names commands are carried out is told beside them, in lines: how many of the next ones, and, where somebody
has proved to be a user, the name and by which entry the user got the token (a certificate has none)::

    3
    2 alice 17
    1 bob
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from replkv.commands.command import Command, DataCommand
from replkv.commands.extend import ExtendCommand
from replkv.commands.getm import Getm
from replkv.commands.layout import MAX_VALUE_BYTES
from replkv.commands.results import (
    Counted,
    Deleted,
    Done,
    Exists,
    Failed,
    Found,
    Items,
    Keys,
    NotAllowed,
    NotFound,
    NotNumber,
    NotUpgraded,
    Redirected,
    Refused,
    Removed,
    Result,
    Stored,
    TooLarge,
    Total,
    Touched,
    Transacted,
    Unavailable,
    VersionMismatch,
)
from replkv.users.user import NAME_PATTERN, Login
from replkv.wire.parser import CommandParser
from replkv.wire.replies import encodeReply
from replkv.wire.replyparser import ProtocolError, ReplyParser

MAX_FORWARDED: Final = 4096
"""
How many commands can be forwarded at once: more would take too long to read.
"""

MAX_FORWARDED_LINE: Final = 64 * 1024
"""
How long the line of one may be. It was never read from a client as a line, and may have many keys.
"""

_LOGIN: Final = re.compile(rb"([0-9]{1,4})(?: (" + NAME_PATTERN + rb")(?: ([0-9]{1,19}))?)?\Z")

_MAX_LOGIN_BYTES: Final = 96

# The reply to this says all of a value that there is to say.
_ASKED: Final = Getm(b"")

_RESULTS: Final[frozenset[type[Result]]] = frozenset(
    {
        Counted,
        Deleted,
        Done,
        Exists,
        Failed,
        Found,
        Items,
        Keys,
        NotAllowed,
        NotFound,
        NotNumber,
        NotUpgraded,
        Redirected,
        Refused,
        Removed,
        Stored,
        TooLarge,
        Total,
        Touched,
        Transacted,
        Unavailable,
        VersionMismatch,
    }
)
"""
What can come of a command on keys.
"""


def encodeLogins(logins: Sequence[Login | None]) -> bytes:
    """
    Tell in whose names commands are carried out.

    @param logins: of each command.
    """
    lines = []
    for login, run in groupby(logins):
        count = len(list(run))
        words = [b"%d" % count]
        if login is not None:
            words.append(login.name)
            words += [] if login.since is None else [b"%d" % login.since]
        lines.append(b" ".join(words))
    return b"\n".join(lines)


def decodeLogins(data: bytes) -> list[Login | None]:
    """
    The reverse of L{encodeLogins}.

    @raise ValueError: if it is none of that, or of too many commands.
    """
    logins: list[Login | None] = []
    if len(data) > MAX_FORWARDED * _MAX_LOGIN_BYTES:
        raise ValueError("more is forwarded than may be")
    for line in data.split(b"\n"):
        match = _LOGIN.match(line)
        count = 0 if match is None else int(match[1])
        if match is None or not 0 < count <= MAX_FORWARDED - len(logins):
            raise ValueError(f"forwarded commands are no such: {line[:80]!r}")
        since = None if match[3] is None else int(match[3])
        logins += [None if match[2] is None else Login(match[2], since)] * count
    return logins


def decodeCommands(data: bytes, count: int, maxValueBytes: int) -> list[DataCommand]:
    """
    Read commands on keys, each written as L{encodeCommand<replkv.wire.encoding.encodeCommand>} does.

    Values may be as large as any: it is for the server to which a client has sent one to say that it is too large.

    @param count: how many they are.
    @param maxValueBytes: how large values may become on this server.
    @raise ValueError: if it is none of that.
    """
    parser = CommandParser(MAX_VALUE_BYTES, MAX_FORWARDED_LINE)
    parser.feed(data)
    commands: list[DataCommand] = []
    for _ in range(count):
        command: Command | None = parser.nextCommand()
        if not isinstance(command, DataCommand):
            raise ValueError("what is forwarded is no command on keys")
        if isinstance(command, ExtendCommand):
            command.most = maxValueBytes
        commands.append(command)
    if parser.unread:
        raise ValueError("more is forwarded than it is said to be")
    return commands


def encodeResult(result: Result) -> bytes:
    """
    Tell what came of a command, and all of it, whatever its client wants to hear.
    """
    return encodeReply(_ASKED, result)


class Results:
    """
    Reads what came of commands, as far as it has come.
    """

    def __init__(self) -> None:
        self._parser = ReplyParser()

    def read(self, data: bytes) -> list[Result]:
        """
        Read more of it.

        @raise ValueError: if it is none, or nothing that can come of a command on keys.
        """
        try:
            results = self._parser.feed(data)
        except ProtocolError as error:
            raise ValueError(str(error)) from None
        if self._parser.held or not all(type(result) in _RESULTS for result in results):
            raise ValueError("what came of a command is told as nothing that can come of it")
        return results
