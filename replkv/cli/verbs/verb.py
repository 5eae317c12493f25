"""
A command that a person or a script writes, and what these are told.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from math import inf
from typing import Final, NamedTuple

from replkv.cli.grammar import RULES, shown
from replkv.cli.statuses import DONE
from replkv.client.errors import CommandError

_MAX_NUMBER: Final = (1 << 64) - 1

VALUE_LINES: Final = ("In a shell, a VALUE of - is read from the standard input. At the prompt:", *RULES)
"""
What there is to know about a value.
"""


class Answer(NamedTuple):
    """
    What came of a command.

    @ivar status: one of L{replkv.cli.statuses.STATUSES}.
    @ivar output: what a script wants to have, without a line end.
    @ivar text: what a person wants to read.
    @ivar exact: whether a script wants to have it to the byte: no line end is to follow.
    """

    status: int
    output: bytes
    text: str
    exact: bool = False


class Verb(NamedTuple):
    """
    A command.

    @ivar arguments: their names; those in brackets may be left out, and one that ends in dots may come many times.
    @ivar purpose: what the command is good for.
    @ivar carryOut: does it.
    @ivar more: what else there is to know, in lines; an example the last.
    @ivar isOpen: whether everybody may have it done, as far as servers are asked at all.
    """

    arguments: tuple[str, ...]
    purpose: str
    carryOut: Callable[..., Awaitable[Answer]]
    more: tuple[str, ...] = ()
    isOpen: bool = False

    def usage(self, name: bytes) -> str:
        """
        The command as it is to be written.
        """
        return " ".join([name.decode(), *self.arguments])

    def accepts(self, count: int) -> bool:
        """
        Whether it may have so many arguments.
        """
        least = sum(not name.startswith("[") for name in self.arguments)
        most = inf if self.arguments and self.arguments[-1].endswith("...") else len(self.arguments)
        return least <= count <= most


def stored(version: int, exptime: int = 0) -> Answer:
    """
    A value is stored.
    """
    expiry = f", expires in {exptime} s" if exptime else ""
    return Answer(DONE, b"%d" % version, f"stored, version {version}{expiry}")


def number(name: str, word: bytes, hint: str = "") -> int:
    """
    Read a number of at most 64 bits.

    @param name: of the argument.
    @param hint: what else to tell somebody who wrote none.
    @raise CommandError: if it is none.
    """
    if not word.isdigit() or len(word) > 20 or int(word) > _MAX_NUMBER:
        raise CommandError(f"{name} must be a whole number of at most 64 bits, not {shown(word)}{hint}")
    return int(word)
