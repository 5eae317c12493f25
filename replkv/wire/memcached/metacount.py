"""
What C{ma} asks for: to count, and where the line says so, to begin with a number if there is none, to compare the
version, to tell the time that is left or to give another one. What cannot be done in one step is done in two of which
the second has a condition, and begun anew where another client was faster.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from replkv.commands.arithmetic import numberOf
from replkv.commands.condition import ABSENT, Condition, Need
from replkv.commands.decr import Decr
from replkv.commands.gets import Gets
from replkv.commands.incr import Incr
from replkv.commands.lifetime import KEPT, Lifetime
from replkv.commands.put import Put
from replkv.commands.results import (
    Counted,
    Exists,
    Items,
    NotFound,
    NotNumber,
    Result,
    Stored,
    VersionMismatch,
)
from replkv.wire.memcached.ask import Ask
from replkv.wire.memcached.flags import Flags, Told
from replkv.wire.memcached.metaasks import NOT_DONE, TRIES, itemOf
from replkv.wire.memcached.words import NOT_NUMBER


class Arithmetic(NamedTuple):
    """
    What a line says.

    @ivar counts: how it counts.
    @ivar version: the version that the key has to have; C{None} for any.
    @ivar lives: how long it is to live then; C{None} as long as it would have.
    @ivar begins: how long it is to live if it is not there, and begins with C{initial}; C{None} if it does not.
    """

    flags: Flags
    counts: Incr | Decr
    version: int | None
    lives: Lifetime | None
    begins: Lifetime | None
    initial: int

    def first(self, tries: int = TRIES) -> Ask:
        """
        The first step.
        """
        isSimple = self.version is None and self.lives is None and not self.flags.has("t")
        return _Counting(self, tries) if isSimple else _Reading(self, tries)

    def missing(self, tries: int) -> Ask | None:
        """
        The next step where there is no such key.
        """
        return None if self.begins is None else _Beginning(self, self.begins, tries)

    def told(self, number: int, version: int, left: int | None = None) -> bytes:
        """
        Make the reply.

        @param left: the milliseconds that the key has left; 0 if it never expires.
        """
        flags = self.flags
        if flags.isQuiet:
            return b""
        digits = b"%d" % number
        told = Told(version, left=left)
        if flags.has("v"):
            return flags.line(b"VA %d" % len(digits), told) + digits + b"\r\n"
        return flags.line(b"HD", told)


class _Step(Ask):
    """
    A step.
    """

    __slots__ = ("_asked", "_tries")

    def __init__(self, command: Incr | Decr | Put | Gets, asked: Arithmetic, tries: int, holds: bool = True) -> None:
        super().__init__(command, holds=holds)
        self._asked: Final = asked
        self._tries: Final = tries

    def _missing(self) -> bytes:
        self._next = self._asked.missing(self._tries)
        return self._asked.flags.line(b"NF") if self._next is None else b""

    def _again(self) -> bytes:
        if not self._tries:
            return NOT_DONE
        self._next = self._asked.first(self._tries - 1)
        return b""


class _Counting(_Step):
    """
    Counts.
    """

    __slots__ = ()

    def __init__(self, asked: Arithmetic, tries: int) -> None:
        super().__init__(asked.counts, asked, tries, holds=asked.begins is not None)

    def reply(self, result: Result) -> bytes | None:
        """
        See L{Ask.reply<replkv.wire.memcached.ask.Ask.reply>}.
        """
        match result:
            case Counted(version, number):
                return self._asked.told(number, version)
            case NotFound():
                return self._missing()
            case NotNumber():
                return NOT_NUMBER
        return None


class _Beginning(_Step):
    """
    Stores the number to begin with, if there is still none.
    """

    __slots__ = ("_lives",)

    def __init__(self, asked: Arithmetic, lives: Lifetime, tries: int) -> None:
        super().__init__(Put(asked.flags.key, 0, lives, ABSENT, b"%d" % asked.initial, False), asked, tries)
        self._lives = lives

    def reply(self, result: Result) -> bytes | None:
        """
        See L{Ask.reply<replkv.wire.memcached.ask.Ask.reply>}.
        """
        match result:
            case Stored(version):
                return self._asked.told(self._asked.initial, version, self._lives.milliseconds or 0)
            case Exists():
                return self._again()
        return None


class _Reading(_Step):
    """
    Reads the number.
    """

    __slots__ = ()

    def __init__(self, asked: Arithmetic, tries: int) -> None:
        super().__init__(Gets((asked.flags.key,)), asked, tries)

    def reply(self, result: Result) -> bytes | None:
        """
        See L{Ask.reply<replkv.wire.memcached.ask.Ask.reply>}.
        """
        asked, item = self._asked, itemOf(result)
        if item is None:
            return self._missing() if isinstance(result, Items) else None
        if asked.version is not None and asked.version != item.version:
            return asked.flags.line(b"EX")
        number = numberOf(item.value)
        if number is None:
            return NOT_NUMBER
        counted = asked.counts.counted(number)
        condition = Condition(Need.VERSION, item.version)
        put = Put(item.key, item.flags, asked.lives or KEPT, condition, b"%d" % counted, False)
        left = item.left if asked.lives is None else asked.lives.milliseconds or 0
        self._next = _Comparing(put, counted, left, asked, self._tries)
        return b""


class _Comparing(_Step):
    """
    Stores the next number, if nobody has changed it meanwhile.
    """

    __slots__ = ("_left", "_number")

    def __init__(self, put: Put, number: int, left: int, asked: Arithmetic, tries: int) -> None:
        super().__init__(put, asked, tries)
        self._number = number
        self._left = left

    def reply(self, result: Result) -> bytes | None:
        """
        See L{Ask.reply<replkv.wire.memcached.ask.Ask.reply>}.
        """
        match result:
            case Stored(version):
                return self._asked.told(self._number, version, self._left)
            case VersionMismatch() if self._asked.version is not None:
                return self._asked.flags.line(b"EX")
            case VersionMismatch() | NotFound():
                return self._again()
        return None
