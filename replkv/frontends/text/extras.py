"""
The replies to the commands for people at a terminal.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from replkv import __version__

_HELP_LINES: Final = (
    "set <key> <exptime> <numbytes> [noreply]: store the value that follows, for <exptime> seconds (0: for ever)",
    "get <key>: show the value",
    "getm <key>: show the version, the seconds left (0: for ever) and the value",
    "cas <key> <exptime> <version> <numbytes> [noreply]: the same, if the key still has <version>",
    "delete <key>: remove the key",
    "help: show these lines",
    "stats: show how this server is",
    "version: show the version of replkv",
    "quit: close the connection",
)

HELP: Final = b"".join([b"%b\r\n" % line.encode("ascii") for line in _HELP_LINES])
VERSION: Final = b"VERSION %b\r\n" % __version__.encode("ascii")


def formatStatistics(statistics: Iterable[tuple[str, str]]) -> bytes:
    """
    Make the reply to C{stats}.

    @param statistics: names and values.
    """
    lines = [f"STAT {name} {value}\r\n" for name, value in statistics]
    return "".join([*lines, "END\r\n"]).encode("utf-8")
