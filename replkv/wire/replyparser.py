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
    Deleted,
    Failed,
    Found,
    Item,
    Items,
    KeyInfo,
    Keys,
    Leads,
    NoSnapshot,
    NotFound,
    NotTransferred,
    Redirected,
    Refused,
    Release,
    Removed,
    Result,
    Statistics,
    Stored,
    Total,
    Transacted,
    Unrecognized,
)
from replkv.commands.scan import MAX_LIMIT
from replkv.commands.txn import MAX_STEPS
from replkv.wire.arguments import readBase64
from replkv.wire.replies import WORDS

MAX_LINE: Final = 1024
MAX_VALUE: Final = MAX_VALUE_BYTES
MAX_STATS: Final = 1000

_VALUE: Final = re.compile(rb"VALUE (?:([0-9]{1,20}) ([0-9]{1,20}) )?([0-9]{1,8})\Z")
_ITEM: Final = re.compile(rb"ITEM ([!-~]{1,340}) ([0-9]{1,10}) ([0-9]{1,20}) ([0-9]{1,20}) ([0-9]{1,8})( base64)?\Z")
_KEY: Final = re.compile(rb"KEY ([!-~]{1,340}) ([0-9]{1,20}) ([0-9]{1,8})( base64)?\Z")
_MORE: Final = re.compile(rb"(?:NO_MORE|MORE ([!-~]{1,340})( base64)?)\Z")
_TOTAL: Final = re.compile(rb"COUNT ([0-9]{1,20})(?: ([!-~]{1,340})( base64)?)?\Z")
_TRANSACTED: Final = re.compile(rb"TXN ([0-9]{1,3})\Z")
_FAILED: Final = re.compile(rb"FAILED ([0-9]{1,3})\Z")
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
        self._rows = _Rows()

    @property
    def held(self) -> int:
        """
        How many bytes have arrived of a reply that is not complete.
        """
        return self._held

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
        reply: Result | None
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
                after = finish
            elif line.startswith(b"ITEM "):
                item, finish = _itemOf(line, data, after)
                if item is None:
                    needed = finish - position
                    break
                reply = self._rows.addItem(item)
                after = finish
            else:
                reply = self._rows.take(line)
            if reply is not None:
                replies.append(reply)
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
        if match is None or self._rows.isOpen:
            raise _noReply(line)
        version, left, length = (int(number or 0) for number in match.groups())
        value, finish = _block(data, start, length)
        return None if value is None else Found(version, left, value), finish


class _Rows:
    """
    Of a reply of several lines, those that were met.

    @ivar _answers: of a transaction: what came of its first operations; C{None} where this is none.
    @ivar _expected: how many of them there will be.
    @ivar _size: how many bytes of values there are.
    """

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._stats: dict[str, str] | None = None
        self._items: list[Item] = []
        self._keys: list[KeyInfo] = []
        self._answers: list[Result] | None = None
        self._expected = 0
        self._size = 0

    @property
    def isOpen(self) -> bool:
        """
        Whether there is more to come of the reply.
        """
        return self._stats is not None or bool(self._items or self._keys) or self._answers is not None

    def addItem(self, item: Item) -> Result | None:
        """
        Take note of an item.

        @return: the reply that it was the last of, if it was.
        """
        self._size += len(item.value)
        if len(self._items) == MAX_KEYS or self._size > MAX_VALUE:
            raise ProtocolError("too many items")
        if self._answers is not None:
            return self._answer(Items((item,)))
        if self._stats is not None or self._keys:
            raise ProtocolError("items among other rows")
        self._items.append(item)
        return None

    def take(self, line: bytes) -> Result | None:
        """
        Take a line that no value follows.

        @return: the reply that it was the last of, if it was.
        """
        if self._answers is not None:
            return self._answer(_resultOf(line))
        if line.startswith((b"STAT ", b"KEY ")):
            (self._addStat if line.startswith(b"STAT ") else self._addKey)(line)
            return None
        if line == b"END" and not self._keys:
            return self._end()
        if (more := _MORE.match(line)) is not None and self._stats is None and not self._items:
            keys = tuple(self._keys)
            self._forget()
            return Keys(keys, None if more[1] is None else _keyOf(line, more[1], more[2]))
        if self.isOpen:
            raise _noReply(line)
        if (begun := _TRANSACTED.match(line)) is not None:
            return self._begin(int(begun[1]))
        return _resultOf(line)

    def _addStat(self, line: bytes) -> None:
        if self._items or self._keys:
            raise ProtocolError("statistics among other rows")
        if self._stats is None:
            self._stats = {}
        _, name, *value = line.decode("utf-8", "replace").split(" ", 2)
        if len(self._stats) == MAX_STATS:
            raise ProtocolError("too many statistics")
        self._stats[name] = value[0] if value else ""

    def _addKey(self, line: bytes) -> None:
        match = _KEY.match(line)
        if match is None or self._stats is not None or self._items:
            raise _noReply(line)
        if len(self._keys) == MAX_LIMIT:
            raise ProtocolError("too many keys")
        self._keys.append(KeyInfo(_keyOf(line, match[1], match[4]), int(match[2]), int(match[3])))

    def _end(self) -> Result:
        stats, items = self._stats, tuple(self._items)
        self._forget()
        return Items(items) if stats is None else Statistics(stats)

    def _begin(self, expected: int) -> Result | None:
        """
        There are so many answers to come.
        """
        if expected > MAX_STEPS:
            raise ProtocolError("too many answers")
        self._expected = expected
        self._answers = []
        return self._ended()

    def _answer(self, result: Result) -> Result | None:
        assert self._answers is not None
        if not isinstance(result, Stored | Deleted | NotFound | Items):
            raise ProtocolError("an operation of a transaction has no such answer")
        self._answers.append(result)
        return self._ended()

    def _ended(self) -> Result | None:
        assert self._answers is not None
        if len(self._answers) < self._expected:
            return None
        answers = tuple(self._answers)
        self._forget()
        return Transacted(answers)


def _itemOf(line: bytes, data: bytes, start: int) -> tuple[Item | None, int]:
    """
    The item whose value starts at C{start}, or C{None} where it is not all there, and where it ends.
    """
    match = _ITEM.match(line)
    if match is None:
        raise _noReply(line)
    flags, version, left, length = map(int, match.group(2, 3, 4, 5))
    value, finish = _block(data, start, length)
    item = None if value is None else Item(_keyOf(line, match[1], match[6]), flags, version, left, value)
    return item, finish


def _noReply(line: bytes) -> ProtocolError:
    return ProtocolError(f"no reply: {line[:80]!r}")


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
        raise _noReply(line) from None


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
    if (match := _TOTAL.match(line)) is not None:
        return Total(int(match[1]), None if match[2] is None else _keyOf(line, match[2], match[3]))
    if (match := _FAILED.match(line)) is not None:
        return Failed(int(match[1]))
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
