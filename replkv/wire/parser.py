"""
From the bytes that a client sends to the commands that they are: no socket, no time, no replies.

The rules, in the order in which the input meets them:

  1. A line ends with LF; one CR before it belongs to the line's end. A line is at most L{LINE_LIMIT} bytes without
     its end: as soon as more is there, the input is given up, as L{Malformed} with C{close}.
  2. A line is one of the commands, exactly: lower case, single spaces, nothing before, nothing after.
  3. A well-formed C{set} or C{cas} is followed by its value block: that many bytes, whatever they are, then a line's
     end. Without that end, the command is L{Malformed} at once, and all up to the next LF is dropped.
  4. A C{set} or C{cas} that is not well-formed is L{Malformed} at once. Where its number of bytes can be read (word 4
     of C{set}, word 5 of C{cas}, split at single spaces), the value block and its end are swallowed, lest a value be
     run as a command. A swallowed block without a line's end yields nothing: all up to the next LF is dropped.
     More than L{SWALLOW_LIMIT} bytes are not worth it: L{Malformed} with C{close}.
  5. A line that is HTTP's is L{Malformed} with C{close}: any web page can have a browser connect to a port of its
     user's machine and send a body of the page's making, and that body is not to be run.
  6. Any other line is L{Malformed}, and the next line is a command.
  7. After L{Malformed} with C{close}, there is nothing more.

So every input is cut into the same commands, wherever it was cut on its way::

            +--- line -- set, cas --> block --> end ---+
            |     ^                               |    |
            |     |                               v    |
    close <-+     +<------------------------- drop     |
                  +<-----------------------------------+
"""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Final

from replkv.wire.commands import (
    Cas,
    Command,
    Delete,
    Get,
    Getm,
    Help,
    Malformed,
    Quit,
    Set,
    Stats,
    StoreCommand,
    Version,
)

LINE_LIMIT: Final = 1024
SWALLOW_LIMIT: Final = 64 * 1024 * 1024

_UINT64_MAX: Final = 2**64 - 1
_LF: Final = 0x0A
_CR: Final = 0x0D

_KEY: Final = re.compile(rb"[!-~]{1,250}")
# A request's first line, whatever its method, or what every request has before its body.
_HTTP_LINE: Final = re.compile(rb"POST .*|.* HTTP/[0-9](\.[0-9])?|(?i:host):.*", re.DOTALL)
# The groups: key, exptime, version (empty for `set`), numbytes, noreply.
_STORE_LINES: Final = {
    b"set": re.compile(rb"set ([!-~]{1,250}) ([0-9]+)() ([0-9]+)( noreply)?"),
    b"cas": re.compile(rb"cas ([!-~]{1,250}) ([0-9]+) ([0-9]+) ([0-9]+)( noreply)?"),
}
_NUMBYTES_WORD: Final = {b"set": 3, b"cas": 4}
_KEY_COMMANDS: Final[dict[bytes, type[Get | Getm | Delete]]] = {b"get": Get, b"getm": Getm, b"delete": Delete}
_EXTRAS: Final[dict[bytes, type[Help | Stats | Version | Quit]]] = {
    b"help": Help,
    b"stats": Stats,
    b"version": Version,
    b"quit": Quit,
}


class CommandParser:
    """
    Cuts the input of one connection into commands.

    What arrives goes in with L{feed}; the commands are taken out with L{nextCommand}, one at a time, so that whoever
    takes them can stop between any two. The input is walked by an offset: nothing that has arrived is copied again,
    save what is left of a line when its rest arrives.

    @ivar _state: what comes next in the input: the method that reads it.
    @ivar _buffer: the input that is not yet used up, from C{_offset} on.
    @ivar _command: the command whose value block comes next; C{None} while a block is swallowed.
    @ivar _value: what has arrived of a value block that came in pieces.
    @ivar _missing: the bytes of the block that are still to come.
    """

    __slots__ = ("_buffer", "_command", "_maxValueBytes", "_missing", "_offset", "_state", "_value")

    def __init__(self, maxValueBytes: int) -> None:
        """
        @param maxValueBytes: the longest value that is taken.
        """
        if not 0 <= maxValueBytes <= SWALLOW_LIMIT:
            raise ValueError(f"a value's limit is from 0 to {SWALLOW_LIMIT} bytes, not {maxValueBytes}")
        self._maxValueBytes: Final = maxValueBytes
        self._buffer = b""
        self._offset = 0
        self._state: Callable[[CommandParser], Command | None] = CommandParser._readLine
        self._command: StoreCommand | None = None
        self._value = BytesIO()
        self._missing = 0

    def feed(self, data: bytes) -> None:
        """
        Take in what has arrived. It costs least when L{nextCommand} has said that it needs more.
        """
        self._buffer = self._buffer[self._offset :] + data
        self._offset = 0

    def nextCommand(self) -> Command | None:
        """
        Take out the next command.

        @return: the command, or C{None} if its input has not all arrived.
        """
        return self._state(self)

    def _forget(self) -> None:
        """
        Keep nothing of the input that is used up: a connection that is idle costs no memory.
        """
        self._buffer = self._buffer[self._offset :]
        self._offset = 0

    def _readLine(self) -> Command | None:
        """
        Read a command line (rules 1, 2, 5 and 6).
        """
        buffer, start = self._buffer, self._offset
        end = buffer.find(b"\n", start, start + LINE_LIMIT + 2)
        if end < 0:
            arrived = len(buffer) - start
            if arrived > LINE_LIMIT + 1 or (arrived == LINE_LIMIT + 1 and buffer[-1] != _CR):
                return self._giveUp()
            self._forget()
            return None
        self._offset = end + 1
        if end > start and buffer[end - 1] == _CR:
            end -= 1
        if end - start > LINE_LIMIT:
            return self._giveUp()

        line = buffer[start:end]
        word, _, argument = line.partition(b" ")
        if word in _STORE_LINES:
            return self._storeLine(word, line)
        if word in _KEY_COMMANDS and _KEY.fullmatch(argument):
            return _KEY_COMMANDS[word](argument)
        if line in _EXTRAS:
            return _EXTRAS[line]()
        if _HTTP_LINE.fullmatch(line):
            return self._giveUp()
        return Malformed(close=False)

    def _storeLine(self, word: bytes, line: bytes) -> Command | None:
        """
        Go on from the line of a C{set} or a C{cas} to its value block (rule 3), or past it (rule 4).
        """
        match = _STORE_LINES[word].fullmatch(line)
        if match is None:
            return self._badStoreLine(word, line)
        key, exptimeDigits, versionDigits, numbytesDigits, noreply = match.groups()
        exptime, version, numbytes = int(exptimeDigits), int(versionDigits or 0), int(numbytesDigits)
        if exptime > _UINT64_MAX or version > _UINT64_MAX or numbytes > self._maxValueBytes:
            return self._badStoreLine(word, line)
        if word == b"set":
            self._command = Set(key, exptime, b"", noreply is not None)
        else:
            self._command = Cas(key, exptime, b"", noreply is not None, version)
        self._missing = numbytes
        self._state = CommandParser._readBlock
        return self._readBlock()

    def _badStoreLine(self, word: bytes, line: bytes) -> Malformed:
        """
        Report a C{set} or a C{cas} that is not well-formed, and have its value block swallowed (rule 4).
        """
        words = line.split(b" ")
        position = _NUMBYTES_WORD[word]
        if position >= len(words) or not words[position].isdigit():
            return Malformed(close=False)
        self._missing = int(words[position])
        if self._missing > SWALLOW_LIMIT:
            return self._giveUp()
        self._command = None
        self._state = CommandParser._readBlock
        return Malformed(close=False)

    def _readBlock(self) -> Command | None:
        """
        Collect a value block, or swallow it (rules 3 and 4).
        """
        buffer, start = self._buffer, self._offset
        end = start + self._missing
        if end > len(buffer):
            self._missing = end - len(buffer)
            if self._command is not None:
                self._value.write(memoryview(buffer)[start:])
            self._offset = len(buffer)
            self._forget()
            return None
        self._missing = 0
        self._offset = end
        if self._command is not None:
            if self._value.tell():
                self._value.write(memoryview(buffer)[start:end])
                self._command.value = self._value.getvalue()
                self._value = BytesIO()
            else:
                self._command.value = buffer[start:end]
        self._state = CommandParser._readBlockEnd
        return self._readBlockEnd()

    def _readBlockEnd(self) -> Command | None:
        """
        Read the line's end that follows a value block (rules 3 and 4).
        """
        ending = self._buffer[self._offset : self._offset + 2]
        if ending in (b"", b"\r"):
            self._forget()
            return None
        command, self._command = self._command, None
        if ending[0] == _LF or ending == b"\r\n":
            self._offset += 1 if ending[0] == _LF else 2
            self._state = CommandParser._readLine
            return command or self._readLine()
        self._state = CommandParser._drop
        return Malformed(close=False) if command else self._drop()

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
        self._state = CommandParser._readLine
        return self._readLine()

    def _giveUp(self) -> Malformed:
        """
        Report that no command can be told from what comes, and read nothing more (rule 7).
        """
        self._state = CommandParser._ignore
        return Malformed(close=True)

    def _ignore(self) -> None:
        """
        Take no notice of the input.
        """
        self._offset = len(self._buffer)
        self._forget()
