"""
C{stats}: how the server is, in memcached's words as far as they mean something here, and then in its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from replkv.commands.command import Command
from replkv.commands.extras import Stats
from replkv.commands.results import Result, Statistics
from replkv.wire.memcached.ask import Ask, Told
from replkv.wire.memcached.words import ERROR, VERSION, Terms, unsigned

_END: Final = b"END\r\n"

_SAME: Final = {"uptime": "uptime", "connections": "curr_connections", "keys": "curr_items"}
"""
What is the same under another name.
"""

_PARTS: Final = {
    b"reset": b"RESET\r\n",
    b"items": _END,
    b"conns": _END,
    b"extstore": _END,
    b"slabs": b"STAT active_slabs 0\r\nSTAT total_malloced 0\r\nEND\r\n",
    b"sizes": b"STAT sizes_status disabled\r\nEND\r\n",
}
"""
There are no slabs, and what is counted is not counted anew.
"""

_SETTINGS: Final = {
    "maxbytes": "0",
    "verbosity": "0",
    "evictions": "off",
    "detail_enabled": "no",
    "cas_enabled": "yes",
    "auth_enabled_sasl": "no",
    "slab_reassign": "no",
    "lru_crawler": "no",
    "flush_enabled": "yes",
    "dump_enabled": "no",
    "lru_maintainer_thread": "no",
}
"""
What programs ask of the settings, as far as it is the same for every server.
"""


class Stating(Ask):
    """
    C{stats} alone.

    @ivar counts: how often the server was asked for what.
    """

    __slots__ = ("_now", "counts")

    def __init__(self, now: int) -> None:
        """
        @param now: the seconds since the epoch.
        """
        super().__init__(Stats())
        self.counts: Mapping[str, str] = {}
        self._now = now

    def reply(self, result: Result) -> bytes | None:
        """
        See L{Ask.reply<replkv.wire.memcached.ask.Ask.reply>}.
        """
        if not isinstance(result, Statistics):
            return None
        values = {
            "pid": "1",
            "time": str(self._now),
            "version": VERSION.decode("ascii").split()[1],
            "pointer_size": "64",
            "evictions": "0",
            **self.counts,
            **{theirs: result.values[ours] for ours, theirs in _SAME.items() if ours in result.values},
            **{f"replkv_{name}": value for name, value in result.values.items()},
        }
        return _written(values)


def readStats(words: Sequence[bytes], terms: Terms) -> Command:
    """
    See L{replkv.wire.memcached.lines.Reader}.
    """
    if len(words) == 1:
        return Stating(int(terms.now()))
    return Told(False, _part(words[1], words[2:], terms))


def _written(values: Mapping[str, str]) -> bytes:
    lines = [f"STAT {name} {value}\r\n" for name, value in values.items()]
    return "".join([*lines, "END\r\n"]).encode("utf-8")


def _part(part: bytes, arguments: Sequence[bytes], terms: Terms) -> bytes:
    if part == b"settings":
        return _written({**_SETTINGS, "item_size_max": str(terms.maxValueBytes)})
    if part == b"cachedump":
        if len(arguments) < 2:
            return b"CLIENT_ERROR bad command line\r\n"
        isRight = all(unsigned(number) is not None for number in arguments[:2])
        return _END if isRight else b"CLIENT_ERROR bad command line format\r\n"
    if part == b"detail":
        known = {b"on": b"OK\r\n", b"off": b"OK\r\n", b"dump": _END}
        return known.get(b" ".join(arguments), b"CLIENT_ERROR usage: stats detail on|off|dump\r\n")
    return _PARTS.get(part, ERROR)
