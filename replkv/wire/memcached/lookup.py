"""
C{get}, C{gets}, C{gat} and C{gats}: asking for what keys hold.

A line may name many keys. As many as can be read at one instant are read so; what is left over is the next step. So no
more is in memory than one step brings, and where one fails, the reply ends there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from replkv.commands.gat import Gat
from replkv.commands.gets import MAX_KEYS, Gets
from replkv.commands.layout import MAX_VALUE_BYTES
from replkv.commands.lifetime import Lifetime
from replkv.commands.results import Items, NotFound, Result, TooLarge
from replkv.wire.memcached.ask import Ask
from replkv.wire.memcached.words import errorOf

_END: Final = b"END\r\n"


class Single(Ask):
    """
    Asks for one key, as most lines do.
    """

    __slots__ = ("_hasVersion",)

    def __init__(self, key: bytes, hasVersion: bool) -> None:
        # It is on the way of every read: to ask the class above to do it takes longer than to do it.
        self.command = Gets((key,))
        self.isQuiet = self.holds = False
        self._hasVersion = hasVersion

    def tell(self, result: Result) -> bytes:
        """
        See L{Ask.tell<replkv.wire.memcached.ask.Ask.tell>}.
        """
        if not isinstance(result, Items):
            return errorOf(result, isRead=True)
        if not result.items:
            return _END
        key, flags, version, _, value = result.items[0]
        if self._hasVersion:
            return b"VALUE %b %d %d %d\r\n%b\r\nEND\r\n" % (key, flags, len(value), version, value)
        return b"VALUE %b %d %d\r\n%b\r\nEND\r\n" % (key, flags, len(value), value)


class Lookup(Ask):
    """
    Asks for keys, and then for the rest of them.

    @ivar _hasVersion: whether the reply tells the versions.
    @ivar _rest: the keys that are still to be asked for.
    @ivar _next: the next step, once it is known.
    """

    __slots__ = ("_atOnce", "_hasVersion", "_keys", "_maxValueBytes", "_next", "_rest")

    def __init__(self, keys: Sequence[bytes], hasVersion: bool, maxValueBytes: int, atOnce: int = MAX_KEYS) -> None:
        """
        @param maxValueBytes: as many bytes a value may have.
        @param atOnce: as many keys are asked for in one step.
        """
        self._atOnce = atOnce
        self._keys = tuple(keys[:atOnce])
        self._rest = keys[atOnce:]
        mayBeMore = bool(self._rest) or len(self._keys) * maxValueBytes > MAX_VALUE_BYTES
        super().__init__(Gets(self._keys), holds=mayBeMore)
        self._hasVersion = hasVersion
        self._maxValueBytes = maxValueBytes
        self._next: Lookup | None = None

    def reply(self, result: Result) -> bytes | None:
        """
        See L{Ask.reply<replkv.wire.memcached.ask.Ask.reply>}.
        """
        if isinstance(result, TooLarge) and self.holds and len(self._keys) > 1:
            self._goOn((*self._keys, *self._rest), len(self._keys) // 2)
            return b""
        if not isinstance(result, Items):
            return None
        if self._rest:
            self._goOn(self._rest, self._atOnce)
        return rowsOf(result, self._hasVersion) + (b"" if self._rest else _END)

    def _goOn(self, keys: Sequence[bytes], atOnce: int) -> None:
        self._next = Lookup(keys, self._hasVersion, self._maxValueBytes, atOnce)

    def next(self) -> Ask | None:
        """
        See L{Ask.next<replkv.wire.memcached.ask.Ask.next>}.
        """
        return self._next


class Touching(Ask):
    """
    Gives the first of several keys another time to live and asks for it, and then the next one.
    """

    __slots__ = ("_hasVersion", "_lifetime", "_next", "_rest")

    def __init__(self, keys: Sequence[bytes], lifetime: Lifetime, hasVersion: bool) -> None:
        super().__init__(Gat(keys[0], lifetime), holds=len(keys) > 1)
        self._rest = keys[1:]
        self._lifetime = lifetime
        self._hasVersion = hasVersion
        self._next: Touching | None = None

    def reply(self, result: Result) -> bytes | None:
        """
        See L{Ask.reply<replkv.wire.memcached.ask.Ask.reply>}.
        """
        if not isinstance(result, Items | NotFound):
            return None
        row = rowsOf(result, self._hasVersion) if isinstance(result, Items) else b""
        if not self._rest:
            return row + _END
        self._next = Touching(self._rest, self._lifetime, self._hasVersion)
        return row

    def next(self) -> Ask | None:
        """
        See L{Ask.next<replkv.wire.memcached.ask.Ask.next>}.
        """
        return self._next


def rowsOf(items: Items, hasVersion: bool) -> bytes:
    """
    Write what keys hold.
    """
    rows: list[bytes] = []
    for key, flags, version, _, value in items.items:
        if hasVersion:
            rows += [b"VALUE %b %d %d %d\r\n" % (key, flags, len(value), version), value, b"\r\n"]
        else:
            rows += [b"VALUE %b %d %d\r\n" % (key, flags, len(value)), value, b"\r\n"]
    return b"".join(rows)
