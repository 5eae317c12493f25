"""
C{flush_all}: removing all keys.
"""

from __future__ import annotations

from collections.abc import Sequence

from replkv.commands.command import Command
from replkv.wire.memcached.ask import Told
from replkv.wire.memcached.words import Terms


def readFlush(words: Sequence[bytes], terms: Terms) -> Command:
    """
    See L{replkv.wire.memcached.lines.Reader}.
    """
    return Told(False, b"SERVER_ERROR flush_all is not there yet\r\n")
