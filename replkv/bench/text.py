"""
The text protocol, as far as a load needs it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from replkv.bench.dialect import NotUnderstood
from replkv.bench.kinds import READS, WRITES, Write
from replkv.client.address import Address
from replkv.commands.get import Get
from replkv.commands.set import Set
from replkv.wire.encoding import encodeCommand

_VALUE: Final = re.compile(rb"VALUE (?:[0-9]{1,20} [0-9]{1,20} )?([0-9]{1,8})\r?\n")
_ITEM: Final = re.compile(rb"ITEM [!-~]{1,340} [0-9]{1,10} [0-9]{1,20} [0-9]{1,20} ([0-9]{1,8})(?: base64)?\r?\n")
_REDIRECT: Final = re.compile(rb"ERR_REDIRECT ([!-~]+) ([0-9]{1,5})\Z")
_CARRIED_OUT: Final = (b"OK", b"ERRNOTFOUND")
_OTHERWISE_CARRIED_OUT: Final = (
    b"TOUCHED",
    b"DELETED",
    b"ERR_EXISTS",
    b"END",
    b"NO_MORE",
    b"MORE ",
    b"COUNT ",
    b"REMOVED ",
    b"FAILED ",
)
_MORE_FOLLOWS: Final = (b"KEY ", b"TXN ")
_MAX_LINE: Final = 1024


_FILLS: Final[Mapping[str, Write]] = {"incr": lambda key, value: Set(key, 0, b"0", False)}


class TextDialect:
    """
    See L{replkv.bench.dialect.Dialect}. Of the replies it makes no more than it has to: L{replkv.wire.replyparser}
    takes twice as long.
    """

    def __init__(self, probe: bytes, login: bytes = b"", write: str = "set", read: str = "get") -> None:
        """
        @param probe: a key. Each connection asks for it first, so that a server that does not lead says so before
            anything is counted.
        @param login: what is sent to log in, if that is needed.
        @param write: the word of the command that writes: one of L{WRITES}.
        @param read: the word of the one that reads: one of L{READS}.
        """
        # Words, since it goes to other processes.
        self._write = write
        self._read = read
        self.hello = login + encodeCommand(Get(probe))
        self.helloReplies = 2 if login else 1

    def fill(self, key: bytes, value: bytes) -> bytes:
        """
        See L{replkv.bench.dialect.Dialect.fill}.
        """
        return encodeCommand(_FILLS.get(self._write, WRITES["set"])(key, value))

    def write(self, key: bytes, value: bytes) -> bytes:
        """
        See L{replkv.bench.dialect.Dialect.write}.
        """
        return encodeCommand(WRITES[self._write](key, value))

    def read(self, key: bytes) -> bytes:
        """
        See L{replkv.bench.dialect.Dialect.read}.
        """
        return encodeCommand(READS[self._read](key))

    def cut(self, data: bytes) -> tuple[Sequence[bytes], bytes]:
        """
        See L{replkv.bench.dialect.Dialect.cut}.
        """
        replies = []
        begin = at = 0  # Of a reply, and of a line.
        while (end := data.find(b"\n", at)) >= 0:
            if data.startswith(_CARRIED_OUT, at):
                replies.append(b"")
                begin = at = end + 1
            elif (match := _VALUE.match(data, at)) is not None:
                after = match.end() + int(match[1]) + 2
                if after > len(data):
                    break
                replies.append(b"")
                begin = at = after
            elif data.startswith(_OTHERWISE_CARRIED_OUT, at):
                replies.append(b"")
                begin = at = end + 1
            elif data.startswith(_MORE_FOLLOWS, at):
                at = end + 1
            elif (match := _ITEM.match(data, at)) is not None:
                at = match.end() + int(match[1]) + 2
            else:
                replies.append(_wrong(data[at:end].removesuffix(b"\r")))
                begin = at = end + 1
        rest = data[begin:] if begin else data
        if end < 0 and len(data) - at > _MAX_LINE:
            raise NotUnderstood(f"no reply: {rest[:80]!r}")
        return replies, rest

    def redirect(self, reply: bytes) -> Address | None:
        """
        See L{replkv.bench.dialect.Dialect.redirect}.
        """
        match = _REDIRECT.match(reply)
        return None if match is None else Address(match[1].decode("ascii"), int(match[2]))

    def isHopeless(self, reply: bytes) -> bool:
        """
        See L{replkv.bench.dialect.Dialect.isHopeless}.
        """
        return reply in (b"ERR_AUTH", b"ERRCMDERR")


def _wrong(line: bytes) -> bytes:
    if not line.startswith(b"ERR"):
        raise NotUnderstood(f"no reply: {line[:80]!r}")
    return line
