"""
How often a server was asked for what.
"""

from __future__ import annotations

from replkv.commands.append import Append
from replkv.commands.command import Command
from replkv.commands.gets import Gets
from replkv.commands.prepend import Prepend
from replkv.commands.put import Put
from replkv.commands.results import Items, Result


class Tally:
    """
    Counts what clients of memcached's have asked of this server since it started, as far as it was answered.
    """

    __slots__ = ("_hits", "_misses", "_stores")

    def __init__(self) -> None:
        self._hits = self._misses = self._stores = 0

    def count(self, command: Command, result: Result) -> None:
        """
        Count a command.
        """
        if isinstance(command, Gets):
            if isinstance(result, Items):
                found = len(result.items)
                self._hits += found
                self._misses += len(command.keys) - found
        elif isinstance(command, Put | Append | Prepend):
            self._stores += 1

    def values(self) -> dict[str, str]:
        """
        Tell the counts, by memcached's names for them.
        """
        counts = {
            "cmd_get": self._hits + self._misses,
            "cmd_set": self._stores,
            "get_hits": self._hits,
            "get_misses": self._misses,
        }
        return {name: str(count) for name, count in counts.items()}
