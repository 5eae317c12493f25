"""
What C{mg}, C{ms}, C{md} and C{me} ask for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from replkv.commands.append import Append
from replkv.commands.command import Command, ValueCommand
from replkv.commands.condition import ABSENT, Condition, Need
from replkv.commands.gets import Gets
from replkv.commands.lifetime import KEPT, Lifetime
from replkv.commands.prepend import Prepend
from replkv.commands.put import Put
from replkv.commands.results import (
    Deleted,
    Exists,
    Item,
    Items,
    NotFound,
    Result,
    Stored,
    TooLarge,
    VersionMismatch,
)
from replkv.wire.memcached.ask import Ask
from replkv.wire.memcached.flags import Flags, Told
from replkv.wire.memcached.words import REFUSAL, TOO_LARGE

TRIES: Final = 8
"""
How often what is done in several steps is begun anew, since another client was faster.
"""

NOT_DONE: Final = b"SERVER_ERROR nothing was done: the key changes too often\r\n"


def itemOf(result: Result) -> Item | None:
    """
    The one that was asked for, if it is there.
    """
    return result.items[0] if isinstance(result, Items) and result.items else None


class MetaGet(Ask):
    """
    C{mg}.
    """

    __slots__ = ("_flags", "_unless")

    def __init__(self, command: Command, flags: Flags, unless: int | None) -> None:
        """
        @param unless: the value is not wanted if it has this version.
        """
        super().__init__(command)
        self._flags = flags
        self._unless = unless

    def reply(self, result: Result) -> bytes | None:
        """
        See L{Ask.reply<replkv.wire.memcached.ask.Ask.reply>}.
        """
        flags, item = self._flags, itemOf(result)
        if item is not None:
            told = Told(item.version, item.flags, item.left, len(item.value))
            if flags.has("v") and item.version != self._unless:
                return flags.line(b"VA %d" % len(item.value), told) + item.value + b"\r\n"
            return flags.line(b"HD", told)
        if isinstance(result, Items | NotFound):
            return b"" if flags.isQuiet else flags.line(b"EN")
        return None


class MetaDebug(Ask):
    """
    C{me}.
    """

    __slots__ = ("_key",)

    def __init__(self, flags: Flags, key: bytes) -> None:
        """
        @param key: as it is written.
        """
        super().__init__(Gets((flags.key,)))
        self._key = key

    def reply(self, result: Result) -> bytes | None:
        """
        See L{Ask.reply<replkv.wire.memcached.ask.Ask.reply>}.
        """
        item = itemOf(result)
        if item is not None:
            left = -(-item.left // 1000) if item.left else -1
            form = b"ME %b exp=%d la=0 cas=%d fetch=no cls=1 size=%d\r\n"
            return form % (self._key, left, item.version, len(item.value))
        return b"EN\r\n" if isinstance(result, Items) else None


class MetaPlain(Ask):
    """
    C{md}, or C{ms} in one step.
    """

    __slots__ = ("_codes", "_flags")

    def __init__(
        self, command: Command, flags: Flags, codes: Mapping[type[Result], bytes], holds: bool = False
    ) -> None:
        """
        @param codes: what tells the results.
        """
        super().__init__(command, holds=holds)
        self._flags = flags
        self._codes = codes

    def reply(self, result: Result) -> bytes | None:
        """
        See L{Ask.reply<replkv.wire.memcached.ask.Ask.reply>}.
        """
        if isinstance(result, TooLarge):
            return TOO_LARGE
        code = self._codes.get(type(result))
        if code is None:
            return None
        if code == b"HD" and self._flags.isQuiet:
            return b""
        size = len(self.command.value) if isinstance(self.command, ValueCommand) else None
        isStored = isinstance(result, Stored)
        told = Told(result.version if isinstance(result, Stored) else 0, size=size if isStored else None)
        return self._flags.line(code, told)


SET_CODES: Final[Mapping[type[Result], bytes]] = {
    Stored: b"HD",
    Exists: b"NS",
    NotFound: b"NS",
}
COMPARE_CODES: Final[Mapping[type[Result], bytes]] = {
    Stored: b"HD",
    NotFound: b"NF",
    VersionMismatch: b"EX",
}
DELETE_CODES: Final[Mapping[type[Result], bytes]] = {
    Deleted: b"HD",
    NotFound: b"NF",
    VersionMismatch: b"EX",
}


class ExtendOrAdd(MetaPlain):
    """
    C{ms} that extends a key, or adds it if it is not there: that is another step.
    """

    __slots__ = ("_lives", "_tries")

    def __init__(self, command: Append | Prepend, flags: Flags, lives: Lifetime, tries: int = TRIES) -> None:
        """
        @param lives: how long the key is to live if it is added.
        """
        super().__init__(command, flags, SET_CODES, holds=True)
        self._lives = lives
        self._tries = tries

    def reply(self, result: Result) -> bytes | None:
        """
        See L{Ask.reply<replkv.wire.memcached.ask.Ask.reply>}.
        """
        command = self.command
        assert isinstance(command, Append | Prepend)
        if isinstance(result, NotFound):
            self._next = _AddOrExtend(command, self._flags, self._lives, self._tries)
            return b""
        return super().reply(result)


class _AddOrExtend(MetaPlain):
    """
    Adds the key, or begins anew if it is there by now.
    """

    __slots__ = ("_extends", "_lives", "_tries")

    def __init__(self, extends: Append | Prepend, flags: Flags, lives: Lifetime, tries: int) -> None:
        super().__init__(Put(extends.key, 0, lives, ABSENT, extends.value, False), flags, SET_CODES, holds=True)
        self._extends = extends
        self._lives = lives
        self._tries = tries

    def reply(self, result: Result) -> bytes | None:
        """
        See L{Ask.reply<replkv.wire.memcached.ask.Ask.reply>}.
        """
        if not isinstance(result, Exists):
            return super().reply(result)
        if not self._tries:
            return NOT_DONE
        self._next = ExtendOrAdd(self._extends, self._flags, self._lives, self._tries - 1)
        return b""


class CompareAndExtend(Ask):
    """
    C{ms} that extends a key if it has a version: it is read first, and then stored if it still has that.
    """

    __slots__ = ("_extends", "_flags", "_isCut", "_version")

    def __init__(self, extends: Append | Prepend, version: int, flags: Flags) -> None:
        super().__init__(Gets((extends.key,)), holds=True)
        self._extends = extends
        self._version = version
        self._flags = flags
        self._isCut = False

    def fill(self, value: bytes) -> None:
        """
        See L{Ask.fill<replkv.wire.memcached.ask.Ask.fill>}.
        """
        self._extends.value = value

    def reply(self, result: Result) -> bytes | None:
        """
        See L{Ask.reply<replkv.wire.memcached.ask.Ask.reply>}.
        """
        item = itemOf(result)
        if item is None:
            return self._flags.line(b"NF") if isinstance(result, Items) else None
        if item.version != self._version:
            return self._flags.line(b"EX")
        if self._isCut:
            return REFUSAL
        value = self._extends.extended(item.value)
        if len(value) > self._extends.most:
            return TOO_LARGE
        put = Put(item.key, item.flags, KEPT, Condition(Need.VERSION, item.version), value, False)
        self._next = MetaPlain(put, self._flags, COMPARE_CODES)
        return b""

    @property
    def kept(self) -> int:
        """
        See L{Lasting.kept<replkv.wire.lasting.Lasting.kept>}.
        """
        return len(self._extends.value)

    def cut(self) -> None:
        """
        See L{Lasting.cut<replkv.wire.lasting.Lasting.cut>}.
        """
        self._extends.value = b""
        self._isCut = True
