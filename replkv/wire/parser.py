"""
From the bytes that a client sends to the commands that they are: no socket, no time, no replies.

The rules, in the order in which the input meets them:

  1. A line ends with LF; one CR before it belongs to the line's end. A line is at most L{LINE_LIMIT} bytes without
     its end: as soon as more is there, the input is given up, as L{Malformed} with C{close}.
  2. A line is one of the commands, exactly (L{replkv.wire.grammar}): lower case, single spaces, nothing before, nothing
     after.
  3. A well-formed command that stores a value is followed by its value block: that many bytes, whatever they are, then
     a line's end. Without that end, the command is L{Malformed} at once, and all up to the next LF is dropped.
  4. Such a command that is not well-formed is L{Malformed} at once. Where its number of bytes can be read (the word in
     its place, split at single spaces), the value block and its end are swallowed, lest a value be run as a command. A
     swallowed block without a line's end yields nothing: all up to the next LF is dropped. More than L{SWALLOW_LIMIT}
     bytes are not worth it: L{Malformed} with C{close}.
  5. A line that is HTTP's is L{Malformed} with C{close}: any web page can have a browser connect to a port of its
     user's machine and send a body of the page's making, and that body is not to be run.
  6. Any other line is L{Malformed}, and the next line is a command.
  7. A transaction (C{txn}) is followed by as many lines as it says, each with its value block if it has one: rules 1 to
     5 count for them. They are no commands, whatever they say. With the first of them that is not well-formed, or lacks
     its block's end, or with which the values are too large together, the transaction is L{Malformed} at once, and
     what else it has is swallowed. So are the lines after a malformed C{txn} of which their number can be read; more
     than L{SWALLOW_LINES} are not worth it: L{Malformed} with C{close}.
  8. After L{Malformed} with C{close}, there is nothing more.

So every input is cut into the same commands, wherever it was cut on its way::

            +--- line -- a value --> block --> end ----+
            |     ^                               |    |
            |     |                               v    |
    close <-+     +<------------------------- drop     |
                  +<-----------------------------------+

The lines of a transaction go the same way.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Final, cast

from replkv.commands.command import Command, ValueCommand
from replkv.commands.extend import ExtendCommand
from replkv.commands.steps import IfValue, Step, StepPut
from replkv.wire.grammar import GRAMMARS, STEP_GRAMMARS, Grammar
from replkv.wire.malformed import Malformed
from replkv.wire.transaction import Transaction

LINE_LIMIT: Final = 1024
SWALLOW_LIMIT: Final = 64 * 1024 * 1024
SWALLOW_LINES: Final = 1024

_MORE: Final = Command()
"""
Stands for nothing that a client has asked for: more of the input has to be read.
"""

_LF: Final = 0x0A
_CR: Final = 0x0D

# A request's first line, whatever its method, or what every request has before its body.
HTTP_LINE: Final = re.compile(rb"POST .*|.* HTTP/[0-9](\.[0-9])?|(?i:host):.*", re.DOTALL)


class CommandParser:
    """
    Cuts the input of one connection into commands.

    What arrives goes in with L{feed}; the commands are taken out with L{nextCommand}, one at a time, so that whoever
    takes them can stop between any two. The input is walked by an offset: nothing that has arrived is copied again,
    save what is left of a line when its rest arrives.

    @ivar _state: what comes next in the input: the method that reads it.
    @ivar _buffer: the input that is not yet used up, from C{_offset} on.
    @ivar _command: the command, or the step of a transaction, whose value block comes next; C{None} while a block is
        swallowed.
    @ivar _transaction: that of which more lines are to come.
    @ivar _value: what has arrived of a value block that came in pieces.
    @ivar _missing: the bytes of the block that are still to come.
    """

    __slots__ = (
        "_buffer",
        "_command",
        "_lineLimit",
        "_maxValueBytes",
        "_missing",
        "_offset",
        "_state",
        "_transaction",
        "_value",
    )

    def __init__(self, maxValueBytes: int, lineLimit: int = LINE_LIMIT) -> None:
        """
        @param maxValueBytes: the longest value that is taken.
        @param lineLimit: the longest line.
        """
        if not 0 <= maxValueBytes <= SWALLOW_LIMIT:
            raise ValueError(f"a value's limit is from 0 to {SWALLOW_LIMIT} bytes, not {maxValueBytes}")
        self._maxValueBytes: Final = maxValueBytes
        self._lineLimit: Final = lineLimit
        self._buffer = b""
        self._offset = 0
        self._state: Callable[[CommandParser], Command | None] = CommandParser._readLine
        self._command: ValueCommand | IfValue | StepPut | None = None
        self._transaction: Transaction | None = None
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
        command = self._state(self)
        while command is _MORE:
            command = self._state(self)
        return command

    @property
    def unfinished(self) -> int:
        """
        How many bytes there are of a value that has not arrived whole, with its line's end, or of a transaction.
        """
        command, transaction = self._command, self._transaction
        size = 0 if command is None else self._value.tell() + len(command.value)
        return size if transaction is None else size + transaction.bytes

    @property
    def buffered(self) -> int:
        """
        How many bytes are kept of what has arrived last, until all of that is used up.
        """
        return len(self._buffer)

    @property
    def unread(self) -> int:
        """
        How many bytes have arrived that are no part of what was taken out.
        """
        return len(self._buffer) - self._offset

    def dropValue(self) -> bool:
        """
        Forget a value that has not arrived whole, and the transaction that it belongs to. What still comes of it is
        swallowed, and there is no command.

        @return: whether there was one.
        """
        transaction = self._transaction
        if self._command is None and (transaction is None or not transaction.isSound):
            return False
        self._command = None
        self._value = BytesIO()
        if transaction is not None:
            transaction.refuse()
        return True

    def _forget(self) -> None:
        """
        Keep nothing of the input that is used up: a connection that is idle costs no memory.
        """
        self._buffer = self._buffer[self._offset :]
        self._offset = 0

    def _readLine(self) -> Command | None:
        """
        Read a command line (rules 1 and 2).
        """
        buffer, start = self._buffer, self._offset
        if start == len(buffer):
            self._forget()
            return None
        end = buffer.find(b"\n", start, start + self._lineLimit + 2)
        if end < 0:
            arrived = len(buffer) - start
            if arrived > self._lineLimit + 1 or (arrived == self._lineLimit + 1 and buffer[-1] != _CR):
                return self._giveUp()
            self._forget()
            return None
        self._offset = end + 1
        if end > start and buffer[end - 1] == _CR:
            end -= 1
        if end - start > self._lineLimit:
            return self._giveUp()

        line = buffer[start:end]
        if self._transaction is not None:
            if self._transaction.left:
                return self._readStep(line, self._transaction)
            self._transaction = None
        grammar = GRAMMARS.get(line.partition(b" ")[0])
        asked = None if grammar is None else grammar.read(line)
        if asked is None:
            return self._badLine(grammar, line)
        command, numbytes = asked
        if numbytes is None:
            if grammar is None or grammar.linesPlace is None:
                return command
            self._transaction = Transaction(int(line.split(b" ")[grammar.linesPlace]))
            return _MORE
        if numbytes > self._maxValueBytes:
            return self._badLine(grammar, line)
        store = cast(ValueCommand, command)
        if isinstance(store, ExtendCommand):
            store.most = self._maxValueBytes
        start, end = self._offset, self._offset + numbytes
        if buffer.startswith(b"\r\n", end):
            # All of it is here, as it mostly is: what follows does the same in steps.
            store.value = buffer[start:end]
            self._offset = end + 2
            return store
        self._command = store
        self._missing = numbytes
        self._state = CommandParser._readBlock
        return self._readBlock()

    def _badLine(self, grammar: Grammar | None, line: bytes) -> Command:
        """
        Report a line that is no command (rules 5 and 6), and have what belongs to it swallowed (rules 4 and 7).
        """
        if grammar is not None and grammar.linesPlace is not None and not HTTP_LINE.fullmatch(line):
            lines = _numberIn(line, grammar.linesPlace)
            if lines is not None and lines > SWALLOW_LINES:
                return self._giveUp()
            if lines:
                self._transaction = Transaction(lines, isSound=False)
            return Malformed(close=False)
        if grammar is None or grammar.numbytesPlace is None:
            return self._giveUp() if HTTP_LINE.fullmatch(line) else Malformed(close=False)
        return self._swallow(_numberIn(line, grammar.numbytesPlace), Malformed(close=False))

    def _swallow(self, numbytes: int | None, told: Command) -> Command:
        """
        Have the value block of a bad line swallowed.

        @param numbytes: how many bytes it has; C{None} where that cannot be read.
        @param told: what is reported.
        """
        if numbytes is None:
            return told
        if numbytes > SWALLOW_LIMIT:
            return self._giveUp()
        self._missing = numbytes
        self._command = None
        self._state = CommandParser._readBlock
        return told

    def _readStep(self, line: bytes, transaction: Transaction) -> Command | None:
        """
        Read a line of a transaction (rule 7).
        """
        transaction.left -= 1
        grammar = STEP_GRAMMARS.get(line.partition(b" ")[0])
        asked = None if grammar is None else grammar.read(line)
        if asked is None:
            if grammar is None or grammar.numbytesPlace is None:
                return self._giveUp() if HTTP_LINE.fullmatch(line) else transaction.refuse() or _MORE
            return self._swallow(_numberIn(line, grammar.numbytesPlace), transaction.refuse() or _MORE)
        step, numbytes = asked
        if numbytes is None:
            return transaction.take(cast(Step, step)) or _MORE
        if transaction.values + numbytes > self._maxValueBytes:
            return self._swallow(numbytes, transaction.refuse() or _MORE)
        if not transaction.isSound:
            return self._swallow(numbytes, _MORE)
        transaction.begin(numbytes)
        self._command = cast("IfValue | StepPut", step)
        self._missing = numbytes
        self._state = CommandParser._readBlock
        return _MORE

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
        transaction = self._transaction
        if ending[0] == _LF or ending == b"\r\n":
            self._offset += 1 if ending[0] == _LF else 2
            self._state = CommandParser._readLine
            if transaction is None or command is None:
                return command or self._readLine()
            return transaction.take(cast(Step, command)) or _MORE
        self._state = CommandParser._drop
        if command is None:
            return self._drop()
        if transaction is not None:
            transaction.refuse()
        return Malformed(close=False)

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
        Report that no command can be told from what comes, and read nothing more (rule 8).
        """
        self._state = CommandParser._ignore
        self._transaction = None
        return Malformed(close=True)

    def _ignore(self) -> None:
        """
        Take no notice of the input.
        """
        self._offset = len(self._buffer)
        self._forget()


def _numberIn(line: bytes, place: int) -> int | None:
    """
    The number in the place of a word, from 0, of a line that is no command; C{None} if it cannot be read.
    """
    words = line.split(b" ")
    return int(words[place]) if place < len(words) and words[place].isdigit() else None
