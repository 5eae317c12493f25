"""
From the bytes that a client of memcached's sends to what they ask for: no socket, no time of its own.

The rules, in the order in which the input meets them:

  1. A line ends with LF; one CR before it belongs to the line's end. A line is at most L{LINE_LIMIT} bytes without its
     end, or L{LONG_LINE_LIMIT} if its first word is one of those that may name many keys. As soon as more is there, the
     input is given up, as L{Told} with C{close}.
  2. A line is split at spaces, of which there may be more than one between two words, before the first and after the
     last. Any other byte belongs to a word; NUL to no key.
  3. A well-formed line that stores a value is followed by its value block: that many bytes, whatever they are, then
     CR LF. Without that end it is a bad data chunk: nothing is stored, and all up to the next LF is dropped.
  4. Such a line that is not well-formed, or whose value is too large, is answered at once. Where its number of bytes
     can be read, the block and its end are swallowed, lest a value be run as a command; without that end, all up to
     the next LF is dropped. More than L{SWALLOW_LIMIT} bytes are not worth it: the input is given up. More than
     L{MOST_BYTES<replkv.wire.memcached.words.MOST_BYTES>} are no number of bytes.
  5. A line whose first byte is that of memcached's binary protocol is given up without a word.
  6. So is a line that is HTTP's, and whose first word is none of memcached's: see L{replkv.wire.parser}.
  7. Any other line is an error, and the next line is a command.
  8. When the input is given up, there is nothing more.

So every input is cut into the same lines, wherever it was cut on its way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Final

from replkv.commands.command import Command
from replkv.wire.memcached.ask import Ask, Told
from replkv.wire.memcached.flush import readFlush
from replkv.wire.memcached.lines import LONG, NUMBYTES_PLACE, OTHERS, STORING, Reader
from replkv.wire.memcached.meta import META, META_NUMBYTES_PLACE, readMetaSet
from replkv.wire.memcached.stats import readStats
from replkv.wire.memcached.words import BAD_CHUNK, ERROR, LONG_LINE, MOST_BYTES, TOO_LARGE, Terms
from replkv.wire.parser import HTTP_LINE, SWALLOW_LIMIT

LINE_LIMIT: Final = 2048
LONG_LINE_LIMIT: Final = 512 * 1024

_CR: Final = 0x0D
_BINARY: Final = 0x80

_LINES: Final[Mapping[bytes, Reader]] = {**OTHERS, **META, b"stats": readStats, b"flush_all": readFlush}
_BLOCKS: Final[Mapping[bytes, tuple[Reader, int]]] = {
    **{word: (reader, NUMBYTES_PLACE) for word, reader in STORING.items()},
    b"ms": (readMetaSet, META_NUMBYTES_PLACE),
}


class MemcachedParser:
    """
    Cuts the input of one connection into lines, and says what each asks for. See L{replkv.wire.parser.CommandParser},
    which is used in the same way.

    @ivar _state: what comes next in the input: the method that reads it.
    @ivar _buffer: the input that is not yet used up, from C{_offset} on.
    @ivar _ask: whose value block comes next; C{None} while a block is swallowed.
    @ivar _value: what has arrived of a value block that came in pieces.
    @ivar _missing: the bytes of the block that are still to come.
    @ivar _isLong: whether what has arrived of a line is more than most lines may have.
    """

    __slots__ = ("_ask", "_buffer", "_isLong", "_missing", "_offset", "_state", "_terms", "_value")

    def __init__(self, terms: Terms) -> None:
        self._terms: Final = terms
        self._buffer = b""
        self._offset = 0
        self._state: Callable[[MemcachedParser], Command | None] = MemcachedParser._readLine
        self._ask: Ask | None = None
        self._value = BytesIO()
        self._missing = 0
        self._isLong = False

    def feed(self, data: bytes) -> None:
        """
        Take in what has arrived.
        """
        self._buffer = self._buffer[self._offset :] + data
        self._offset = 0

    def nextCommand(self) -> Command | None:
        """
        Take out what the next line asks for.

        @return: an L{Ask}, or C{quit}, or a line to which the answer is known; or C{None} if its input has not all
            arrived.
        """
        return self._state(self)

    @property
    def unfinished(self) -> int:
        """
        How many bytes there are of a value, or of a long line, that has not arrived whole.
        """
        if self._isLong:
            return len(self._buffer)
        return 0 if self._ask is None else self._value.tell()

    @property
    def buffered(self) -> int:
        """
        How many bytes are kept of what has arrived last, until all of that is used up.
        """
        return len(self._buffer)

    def dropValue(self) -> bool:
        """
        Forget a value or a long line that has not arrived whole. What still comes of it is swallowed.

        @return: whether there was one, and its client waits for a reply.
        """
        if self._isLong:
            self._isLong = False
            self._buffer, self._offset = b"", 0
            self._state = MemcachedParser._drop
            return True
        dropped, self._ask = self._ask, None
        self._value = BytesIO()
        return dropped is not None and not dropped.isQuiet

    def _forget(self) -> None:
        """
        Keep nothing of the input that is used up: a connection that is idle costs no memory.
        """
        self._buffer = self._buffer[self._offset :]
        self._offset = 0

    def _readLine(self) -> Command | None:
        """
        Read a line (rules 1 to 3).
        """
        buffer, start = self._buffer, self._offset
        if start == len(buffer):
            self._forget()
            return None
        end = buffer.find(b"\n", start, start + LONG_LINE_LIMIT + 2)
        if end < 0 or end - start > LINE_LIMIT:
            return self._readLongLine(end)
        self._offset = end + 1
        if end > start and buffer[end - 1] == _CR:
            end -= 1
        words = buffer[start:end].split(b" ")
        if b"" in words:
            words = [word for word in words if word]
        reader = _LINES.get(words[0]) if words else None
        return self._takeStoring(words) if reader is None else reader(words, self._terms)

    def _readLongLine(self, end: int) -> Command | None:
        """
        Read a line that is long, or has not arrived whole (rule 1).

        @param end: where its LF is, or negative.
        """
        buffer, start = self._buffer, self._offset
        stop = len(buffer) if end < 0 else end
        if stop > start and buffer[stop - 1] == _CR:
            stop -= 1
        size = stop - start
        if buffer[start] == _BINARY:
            return self._giveUp(b"")
        if size > LINE_LIMIT:
            first = buffer[start : start + LINE_LIMIT].lstrip(b" ").partition(b" ")[0]
            if first not in LONG or size > LONG_LINE_LIMIT:
                return self._giveUp(LONG_LINE)
        if end < 0:
            self._forget()
            self._isLong = size > LINE_LIMIT
            return None
        self._isLong = False
        self._offset = end + 1
        # The next line may be long in coming, or in being read.
        self._forget()
        words = [word for word in buffer[start:stop].split(b" ") if word]
        reader = _LINES.get(words[0]) if words else None
        return self._takeStoring(words) if reader is None else reader(words, self._terms)

    def _takeStoring(self, words: list[bytes]) -> Command | None:
        """
        Say what a line asks for that is none of L{_LINES}.
        """
        storing = _BLOCKS.get(words[0]) if words else None
        if storing is None:
            return self._unknown(words)
        read, place = storing
        ask = read(words, self._terms)
        numbytes = words[place] if len(words) > place else b""
        if not numbytes.isdigit():
            return ask
        size = int(numbytes)
        if size > self._terms.maxValueBytes or not isinstance(ask, Ask):
            return self._swallow(ask, size)
        start, end = self._offset, self._offset + size
        buffer = self._buffer
        if buffer.startswith(b"\r\n", end):
            # All of it is here, as it mostly is: what follows does the same in steps.
            ask.fill(buffer[start:end])
            self._offset = end + 2
            return ask
        self._ask = ask
        self._missing = size
        self._state = MemcachedParser._readBlock
        return self._readBlock()

    def _swallow(self, ask: Command, size: int) -> Command:
        """
        Answer a line whose value block is not taken, and swallow that (rule 4).
        """
        if size > MOST_BYTES:
            return ask
        if size > SWALLOW_LIMIT:
            return self._giveUp(TOO_LARGE)
        self._ask = None
        self._missing = size
        self._state = MemcachedParser._readBlock
        return ask

    def _unknown(self, words: list[bytes]) -> Told:
        """
        Report a line that is no command (rules 5 to 7).
        """
        line = b" ".join(words)
        return self._giveUp(b"") if line.startswith(b"\x80") or HTTP_LINE.fullmatch(line) else Told(False, ERROR)

    def _readBlock(self) -> Command | None:
        """
        Collect a value block, or swallow it (rules 3 and 4).
        """
        buffer, start = self._buffer, self._offset
        end = start + self._missing
        arrived = min(end, len(buffer))
        if self._ask is not None:
            self._value.write(memoryview(buffer)[start:arrived])
        self._missing = end - arrived
        self._offset = arrived
        if self._missing:
            self._forget()
            return None
        self._state = MemcachedParser._readBlockEnd
        return self._readBlockEnd()

    def _readBlockEnd(self) -> Command | None:
        """
        Read the line's end that follows a value block (rules 3 and 4).
        """
        ending = self._buffer[self._offset : self._offset + 2]
        if ending in (b"", b"\r"):
            self._forget()
            return None
        ask, self._ask = self._ask, None
        if ask is not None:
            value, self._value = self._value.getvalue(), BytesIO()
        if ending == b"\r\n":
            self._offset += 2
            self._state = MemcachedParser._readLine
            if ask is None:
                return self._readLine()
            ask.fill(value)
            return ask
        self._state = MemcachedParser._drop
        if ask is None:
            return self._drop()
        return Told(False, b"" if ask.isQuiet else BAD_CHUNK)

    def _drop(self) -> Command | None:
        """
        Drop all up to the next LF.
        """
        end = self._buffer.find(b"\n", self._offset)
        if end < 0:
            self._offset = len(self._buffer)
            self._forget()
            return None
        self._offset = end + 1
        self._state = MemcachedParser._readLine
        return self._readLine()

    def _giveUp(self, reply: bytes) -> Told:
        """
        Report that nothing more is read (rule 8).
        """
        self._isLong = False
        self._state = MemcachedParser._ignore
        return Told(True, reply)

    def _ignore(self) -> None:
        """
        Take no notice of the input.
        """
        self._offset = len(self._buffer)
        self._forget()
