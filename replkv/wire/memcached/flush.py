"""
C{flush_all}: removing all keys, at once or later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from replkv.commands.command import Command
from replkv.commands.deleteprefix import DeletePrefix
from replkv.commands.results import Removed, Result
from replkv.wire.memcached.ask import Ask, Told
from replkv.wire.memcached.lines import NOREPLY, told
from replkv.wire.memcached.words import BAD_EXPTIME, ERROR, Terms, lifetime

OK: Final = b"OK\r\n"


class Flush(Ask):
    """
    Removes some of the keys that are there when it begins, and then the rest of them. What is written after that is
    spared.
    """

    __slots__ = ()

    def __init__(self, isQuiet: bool, below: int = 0, after: bytes = b"") -> None:
        """
        @param below: see L{DeletePrefix}.
        @param after: likewise.
        """
        super().__init__(DeletePrefix(b"", below, after), isQuiet, holds=True)

    def reply(self, result: Result) -> bytes | None:
        """
        See L{Ask.reply<replkv.wire.memcached.ask.Ask.reply>}.
        """
        if not isinstance(result, Removed):
            return None
        if result.after is None:
            return OK
        self._next = Flush(self.isQuiet, result.below, result.after)
        return b""


@dataclass(slots=True)
class FlushLater(Told):
    """
    All keys are to be removed later.

    @ivar seconds: in so many seconds.
    """

    seconds: float


def readFlush(words: Sequence[bytes], terms: Terms) -> Command:
    """
    See L{replkv.wire.memcached.lines.Reader}.
    """
    isQuiet = words[-1] == NOREPLY
    if len(words) > 3:
        return told(ERROR)
    if len(words) - isQuiet < 2:
        return Flush(isQuiet)
    delay = lifetime(words[1], terms)
    if delay is None:
        return told(BAD_EXPTIME, isQuiet)
    return (
        FlushLater(False, b"" if isQuiet else OK, delay.milliseconds / 1000) if delay.milliseconds else Flush(isQuiet)
    )
