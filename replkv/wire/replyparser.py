"""
From the bytes that a server sends to the results that they tell. A reply tells by itself where it ends, whatever it
answers.
"""

from __future__ import annotations

import re
from typing import Final

from replkv.commands.gets import MAX_KEYS
from replkv.commands.layout import MAX_VALUE_BYTES
from replkv.commands.results import (
    Counted,
    Found,
    Item,
    Items,
    Leads,
    NoSnapshot,
    NotTransferred,
    Redirected,
    Refused,
    Release,
    Removed,
    Result,
    Statistics,
    Stored,
    Unrecognized,
)
from replkv.wire.arguments import readBase64
from replkv.wire.replies import WORDS

MAX_LINE: Final = 1024
MAX_VALUE: Final = MAX_VALUE_BYTES
MAX_STATS: Final = 1000

_VALUE: Final = re.compile(rb"VALUE (?:([0-9]{1,20}) ([0-9]{1,20}) )?([0-9]{1,8})\Z")
_ITEM: Final = re.compile(rb"ITEM ([!-~]{1,340}) ([0-9]{1,10}) ([0-9]{1,20}) ([0-9]{1,20}) ([0-9]{1,8})( base64)?\Z")

_STORED: Final = re.compile(rb"OK ([0-9]{1,20})\Z")
_COUNTED: Final = re.compile(rb"OK ([0-9]{1,20}) ([0-9]{1,20})\Z")
_REMOVED: Final = re.compile(rb"REMOVED ([0-9]{1,20})(?: ([0-9]{1,20}) ([!-~]{1,340})( base64)?)?\Z")
_REDIRECTED: Final = re.compile(rb"ERR_REDIRECT ([!-~]+) ([0-9]{1,5})\Z")
_LEADER: Final = re.compile(rb"LEADER ([0-9]{1,20})\Z")
_RESULTS: Final[dict[bytes, Result]] = {line: kind() for kind, line in WORDS.items()}


class ProtocolError(Exception):
    """
    What a server sent is no reply.
    """


class ReplyParser:
    """
    Cuts what arrives into replies. It holds no more than one incomplete reply and what came with it.
    """

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._held = 0
        # So many bytes must be there before it is worth looking at them again: a large value that comes in many
        # pieces is joined once.
        self._needed = 1
        # Of a reply of several lines, those that were met.
        self._stats: dict[str, str] | None = None
        self._items: list[Item] = []

    def feed(self, data: bytes) -> list[Result]:
        """
        Take what has arrived.

        @return: the replies that are complete now.
        @raise ProtocolError: if it is no reply.
        """
        self._pieces.append(data)
        self._held += len(data)
        if self._held < self._needed:
            return []
        data = b"".join(self._pieces)
        replies: list[Result] = []
        position = 0
        while True:
            end = data.find(b"\n", position, position + MAX_LINE + 2)
            if end < 0:
                if len(data) - position >= MAX_LINE + 2:
                    raise ProtocolError("a reply's line is too long")
                needed = len(data) - position + 1
                break
            line = data[position:end].removesuffix(b"\r")
            after = end + 1
            if line.startswith(b"VALUE "):
                reply, finish = self._valueReply(line, data, after)
                if reply is None:
                    needed = finish - position
                    break
                replies.append(reply)
                after = finish
            elif line.startswith(b"ITEM "):
                finish = self._addItem(line, data, after)
                if finish > len(data):
                    needed = finish - position
                    break
                after = finish
            elif line.startswith(b"STAT "):
                self._addStat(line)
            else:
                replies.append(self._takeRows(line) or _resultOf(line))
            position = after
        self._pieces = [data[position:]] if position < len(data) else []
        self._held = len(data) - position
        self._needed = needed
        return replies

    def _valueReply(self, line: bytes, data: bytes, start: int) -> tuple[Found | None, int]:
        """
        The reply with a value which starts at C{start}, or C{None} where it is not all there, and where it ends.
        """
        match = _VALUE.match(line)
        if match is None:
            raise ProtocolError(f"no reply: {line[:80]!r}")
        version, left, length = (int(number or 0) for number in match.groups())
        value, finish = _block(data, start, length)
        return None if value is None else Found(version, left, value), finish

    def _addItem(self, line: bytes, data: bytes, start: int) -> int:
        """
        Take note of the item whose value starts at C{start}, if all of it is there.

        @return: where it ends.
        """
        match = _ITEM.match(line)
        if match is None:
            raise ProtocolError(f"no reply: {line[:80]!r}")
        flags, version, left, length = map(int, match.group(2, 3, 4, 5))
        value, finish = _block(data, start, length)
        if value is None:
            return finish
        key = _keyOf(line, match[1], match[6])
        if len(self._items) == MAX_KEYS or sum([len(item.value) for item in self._items]) + length > MAX_VALUE:
            raise ProtocolError("too many items")
        self._items.append(Item(key, flags, version, left, value))
        return finish

    def _addStat(self, line: bytes) -> None:
        if self._stats is None:
            self._stats = {}
        _, name, *value = line.decode("utf-8", "replace").split(" ", 2)
        if len(self._stats) == MAX_STATS:
            raise ProtocolError("too many statistics")
        self._stats[name] = value[0] if value else ""

    def _takeRows(self, line: bytes) -> Statistics | Items | None:
        """
        What the lines before have told, of which this is the end; C{None} if it is another reply.
        """
        stats, items = self._stats, self._items
        if line != b"END":
            if stats is not None or items:
                raise ProtocolError(f"no reply: {line[:80]!r}")
            return None
        self._stats, self._items = None, []
        if stats is None:
            return Items(tuple(items))
        if items:
            raise ProtocolError("items among statistics")
        return Statistics(stats)


def _block(data: bytes, start: int, length: int) -> tuple[bytes | None, int]:
    """
    The value that starts at C{start}, or C{None} where it is not all there, and where it ends.
    """
    if length > MAX_VALUE:
        raise ProtocolError(f"a value of {length} bytes is too large")
    end = start + length
    if len(data) < end + 2:
        return None, end + 2
    if data[end : end + 2] != b"\r\n":
        raise ProtocolError("a value does not end where it should")
    return data[start:end], end + 2


def _keyOf(line: bytes, word: bytes, isInBase64: bytes | None) -> bytes:
    """
    The key that stands on a line.

    @param isInBase64: the word that says so, if it is there.
    """
    try:
        return word if isInBase64 is None else readBase64(word)
    except ValueError:
        raise ProtocolError(f"no reply: {line[:80]!r}") from None


def _resultOf(line: bytes) -> Result:
    """
    What a line says that is a whole reply.
    """
    if (result := _RESULTS.get(line)) is not None:
        return result
    if (match := _STORED.match(line)) is not None:
        return Stored(int(match[1]))
    if (match := _COUNTED.match(line)) is not None:
        return Counted(int(match[1]), int(match[2]))
    if (match := _REDIRECTED.match(line)) is not None and 1 <= int(match[2]) <= 65535:
        return Redirected(match[1].decode("ascii"), int(match[2]))
    if (match := _REMOVED.match(line)) is not None:
        count, below, after, isInBase64 = match.groups()
        return Removed(int(count), int(below or 0), None if after is None else _keyOf(line, after, isInBase64))
    if (match := _LEADER.match(line)) is not None:
        return Leads(int(match[1]))
    if line.startswith(b"NOT_TRANSFERRED ") and line.isascii():
        return NotTransferred(line[16:].decode("ascii"))
    if line.startswith(b"NO_SNAPSHOT ") and line.isascii():
        return NoSnapshot(line[12:].decode("ascii"))
    if line.startswith(b"REFUSED ") and line.isascii():
        return Refused(line[8:].decode("ascii"))
    if line.startswith(b"VERSION ") and line.isascii():
        return Release(line[8:].decode("ascii"))
    return Unrecognized(line)
