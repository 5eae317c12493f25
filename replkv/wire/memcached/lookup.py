"""
C{get}, C{gets}, C{gat} and C{gats}: asking for what keys hold.

A line may name many keys. As many as can be read at one instant are read so; what is left over is the next step. So no
more is in memory than one step brings, and where one fails, the reply ends there. The keys of later steps are kept as
they are written: each by itself would take up more than that.
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
from replkv.wire.memcached.words import NOT_READ, NOT_SURE, errorOf

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
        self._next = None
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
    @ivar _rest: the keys that are still to be asked for, with spaces between them.
    @ivar _end: how the reply ends where there are no more.
    """

    __slots__ = ("_atOnce", "_end", "_hasVersion", "_keys", "_maxValueBytes", "_rest")

    def __init__(
        self,
        keys: Sequence[bytes],
        hasVersion: bool,
        maxValueBytes: int,
        rest: bytes = b"",
        atOnce: int = MAX_KEYS,
    ) -> None:
        """
        @param maxValueBytes: as many bytes a value may have.
        @param rest: more keys, with spaces between them.
        @param atOnce: as many keys are asked for in one step.
        """
        self._atOnce = atOnce
        self._keys = tuple(keys[:atOnce])
        self._rest = b" ".join([*keys[atOnce:], rest] if rest else keys[atOnce:])
        self._end = _END
        mayBeMore = bool(self._rest) or len(self._keys) * maxValueBytes > MAX_VALUE_BYTES
        super().__init__(Gets(self._keys), holds=mayBeMore)
        self._hasVersion = hasVersion
        self._maxValueBytes = maxValueBytes

    def reply(self, result: Result) -> bytes | None:
        """
        See L{Ask.reply<replkv.wire.memcached.ask.Ask.reply>}.
        """
        if isinstance(result, TooLarge) and self.holds and len(self._keys) > 1:
            if self._end is not _END:
                return self._end
            self._goOn(self._keys, self._rest, len(self._keys) // 2)
            return b""
        if not isinstance(result, Items):
            return None
        if self._rest:
            keys = self._rest.split(b" ", self._atOnce)
            self._goOn(keys[: self._atOnce], b"".join(keys[self._atOnce :]), self._atOnce)
        return rowsOf(result, self._hasVersion) + (b"" if self._rest else self._end)

    def _goOn(self, keys: Sequence[bytes], rest: bytes, atOnce: int) -> None:
        self._next = Lookup(keys, self._hasVersion, self._maxValueBytes, rest, atOnce)

    @property
    def kept(self) -> int:
        """
        See L{Lasting.kept<replkv.wire.lasting.Lasting.kept>}.
        """
        return len(self._rest)

    def cut(self) -> None:
        """
        See L{Lasting.cut<replkv.wire.lasting.Lasting.cut>}.
        """
        self._rest, self._end = b"", NOT_READ


class Touching(Ask):
    """
    Gives the first of several keys another time to live and asks for it, and then the next one.
    """

    __slots__ = ("_end", "_hasVersion", "_lifetime", "_rest")

    def __init__(self, key: bytes, lifetime: Lifetime, hasVersion: bool, rest: bytes) -> None:
        """
        @param rest: more keys, with spaces between them.
        """
        super().__init__(Gat(key, lifetime), holds=bool(rest))
        self._rest = rest
        self._end = _END
        self._lifetime = lifetime
        self._hasVersion = hasVersion

    def reply(self, result: Result) -> bytes | None:
        """
        See L{Ask.reply<replkv.wire.memcached.ask.Ask.reply>}.
        """
        if not isinstance(result, Items | NotFound):
            return None
        row = rowsOf(result, self._hasVersion) if isinstance(result, Items) else b""
        if not self._rest:
            return row + self._end
        key, _, rest = self._rest.partition(b" ")
        self._next = Touching(key, self._lifetime, self._hasVersion, rest)
        return row

    @property
    def kept(self) -> int:
        """
        See L{Lasting.kept<replkv.wire.lasting.Lasting.kept>}.
        """
        return len(self._rest)

    def cut(self) -> None:
        """
        See L{Lasting.cut<replkv.wire.lasting.Lasting.cut>}.
        """
        self._rest, self._end = b"", NOT_SURE


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
