"""
From what came of a command to the bytes that tell a client.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from replkv.commands.catalog import COMMANDS
from replkv.commands.command import Command, ValueCommand
from replkv.commands.getm import Getm
from replkv.commands.results import (
    Already,
    BadCommand,
    Counted,
    Deleted,
    Done,
    Exists,
    Failed,
    Found,
    Items,
    Keys,
    Leads,
    NoSnapshot,
    NotAllowed,
    NotFound,
    NotNumber,
    NotTransferred,
    NotUpgraded,
    NotYet,
    Redirected,
    Refused,
    Release,
    Removed,
    Result,
    Statistics,
    Stored,
    TooLarge,
    Total,
    Touched,
    Transacted,
    Unavailable,
    Unrecognized,
    Usage,
    VersionMismatch,
)
from replkv.wire.arguments import BASE64, isPlain, writeBase64
from replkv.wire.grammar import GRAMMARS

USAGE: Final = tuple(f"{GRAMMARS[kind.WORD].usage}: {kind.PURPOSE}" for kind in COMMANDS)
"""
The commands, one line each.
"""


def encodeReply(command: Command | None, result: Result) -> bytes:
    """
    Make the reply to a command.

    @param command: what is answered; C{None} where nothing was asked.
    @return: the reply, with its line ends; empty where the client wants none.
    """
    if isinstance(command, ValueCommand) and command.noreply and type(result) in _NOT_TOLD:
        return b""
    return _ENCODERS[type(result)](command, result)


def lineOf(result: Result) -> bytes:
    """
    The first line of the reply that tells C{result}, as a server sends it, without its end.
    """
    told = Getm(b"") if isinstance(result, Found) and result.version else None
    return encodeReply(told, result).partition(b"\r\n")[0]


def _found(command: Command | None, found: Found) -> bytes:
    size = len(found.value)
    if isinstance(command, Getm):
        return b"VALUE %d %d %d\r\n%b\r\n" % (found.version, found.left, size, found.value)
    return b"VALUE %d\r\n%b\r\n" % (size, found.value)


def _items(command: Command | None, items: Items) -> bytes:
    return b"".join([*_rowsOf(items), b"END\r\n"])


def _rowsOf(items: Items) -> list[bytes]:
    rows: list[bytes] = []
    for key, flags, version, left, value in items.items:
        form = b"ITEM %b %d %d %d %d\r\n"
        if not isPlain(key):
            key, form = writeBase64(key), b"ITEM %b %d %d %d %d base64\r\n"
        rows += [form % (key, flags, version, left, len(value)), value, b"\r\n"]
    return rows


def _transacted(command: Command | None, transacted: Transacted) -> bytes:
    rows = [b"TXN %d\r\n" % len(transacted.answers)]
    for answer in transacted.answers:
        rows += _rowsOf(answer) if isinstance(answer, Items) else [encodeReply(None, answer)]
    return b"".join(rows)


def _keys(command: Command | None, keys: Keys) -> bytes:
    rows = [
        b"KEY %b %d %d\r\n" % (key, version, size)
        if isPlain(key)
        else b"KEY %b %d %d base64\r\n" % (writeBase64(key), version, size)
        for key, version, size in keys.keys
    ]
    return b"".join([*rows, b"NO_MORE\r\n" if keys.after is None else b"MORE %b\r\n" % _key(keys.after)])


def _total(command: Command | None, total: Total) -> bytes:
    if total.after is None:
        return b"COUNT %d\r\n" % total.count
    return b"COUNT %d %b\r\n" % (total.count, _key(total.after))


def _removed(command: Command | None, removed: Removed) -> bytes:
    if removed.after is None:
        return b"REMOVED %d\r\n" % removed.count
    return b"REMOVED %d %d %b\r\n" % (removed.count, removed.below, _key(removed.after))


def _key(key: bytes) -> bytes:
    """
    Write a key that ends a line. One that is called as the mark of base64 is could not be sent back as it is.
    """
    return key if isPlain(key) and key != BASE64 else b"%b %b" % (writeBase64(key), BASE64)


def _statistics(command: Command | None, statistics: Statistics) -> bytes:
    lines = [f"STAT {name} {value}\r\n" for name, value in statistics.values.items()]
    return "".join([*lines, "END\r\n"]).encode("utf-8")


def _word(reply: bytes) -> Callable[[Command | None, Result], bytes]:
    return lambda command, result: reply


WORDS: Final[dict[type[Result], bytes]] = {
    Done: b"OK",
    Already: b"ALREADY",
    Deleted: b"DELETED",
    Touched: b"TOUCHED",
    NotFound: b"ERRNOTFOUND",
    Exists: b"ERR_EXISTS",
    NotNumber: b"ERR_NUMBER",
    TooLarge: b"ERR_TOO_LARGE",
    VersionMismatch: b"ERR_VERSION",
    Unavailable: b"ERR_INTERNAL",
    NotUpgraded: b"ERR_UPGRADE",
    NotAllowed: b"ERR_AUTH",
    BadCommand: b"ERRCMDERR",
    NotYet: b"NOT_YET",
}
"""
The results that say no more than what they are, and the lines that tell them.
"""


_NOT_TOLD: Final[frozenset[type[Result]]] = frozenset({Stored, NotFound, Exists, TooLarge, VersionMismatch})
"""
What a client with C{noreply} is not told: that a command was carried out, or that the key's state did not allow it.
"""

_ENCODERS: Final[dict[type[Result], Callable[[Command | None, Any], bytes]]] = {
    **{kind: _word(b"%b\r\n" % line) for kind, line in WORDS.items()},
    Stored: lambda command, stored: b"OK %d\r\n" % stored.version,
    Counted: lambda command, counted: b"OK %d %d\r\n" % (counted.version, counted.number),
    Found: _found,
    Items: _items,
    Keys: _keys,
    Total: _total,
    Removed: _removed,
    Transacted: _transacted,
    Failed: lambda command, failed: b"FAILED %d\r\n" % failed.step,
    Redirected: lambda command, leader: b"ERR_REDIRECT %b %d\r\n" % (leader.host.encode(), leader.port),
    Usage: _word("".join([f"{line}\r\n" for line in USAGE]).encode("ascii")),
    Statistics: _statistics,
    Leads: lambda command, leads: b"LEADER %d\r\n" % leads.server,
    NotTransferred: lambda command, refused: b"NOT_TRANSFERRED %b\r\n" % refused.reason.encode("ascii"),
    NoSnapshot: lambda command, refused: b"NO_SNAPSHOT %b\r\n" % refused.reason.encode("ascii"),
    Refused: lambda command, refused: b"REFUSED %b\r\n" % refused.reason.encode("ascii"),
    Unrecognized: lambda command, told: told.line + b"\r\n",
    Release: lambda command, release: b"VERSION %b\r\n" % release.version.encode("ascii"),
}
