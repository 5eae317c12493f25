"""
What is parsed, in a form that can be compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.command import Command
from replkv.commands.results import Item, Result
from replkv.wire.memcached.ask import Ask, Told
from replkv.wire.memcached.flags import Flags
from replkv.wire.memcached.parser import MemcachedParser
from replkv.wire.memcached.words import Terms

NOW = 1_000_000_000.0
"""
The seconds since the epoch at which everything is parsed.
"""

MAX_VALUE_BYTES = 64


def parser(maxValueBytes: int = MAX_VALUE_BYTES) -> MemcachedParser:
    """
    Make one.
    """
    return MemcachedParser(Terms(maxValueBytes, lambda: NOW))


def parse(pieces: Iterable[bytes], maxValueBytes: int = MAX_VALUE_BYTES) -> list[Command]:
    """
    Feed C{pieces} to a parser, and take out all that they ask for.
    """
    parsing = parser(maxValueBytes)
    found: list[Command] = []
    for piece in pieces:
        parsing.feed(piece)
        while (command := parsing.nextCommand()) is not None:
            found.append(command)
            if isinstance(command, Told) and command.close:
                break
    return found


def shown(value: Any) -> Any:
    """
    All that a value has in it.
    """
    if isinstance(value, Ask | Flags):
        names = sorted({name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())})
        return type(value).__name__, *((name, shown(getattr(value, name))) for name in names)
    if isinstance(value, tuple):
        return tuple(map(shown, value))
    return value


def item(key: bytes, value: bytes, version: int = 7, flags: int = 0, left: int = 0) -> Item:
    """
    What a key holds.
    """
    return Item(key, flags, version, left, value)


class ParserTestCase(SynchronousTestCase):
    """
    What tests of the parser stand on.
    """

    def first(self, data: bytes, maxValueBytes: int = MAX_VALUE_BYTES) -> Command:
        """
        What the first line asks for, of which there is nothing more.
        """
        found = parse([data], maxValueBytes)
        self.assertEqual(len(found), 1, found)
        return found[0]

    def assertAsks(self, data: bytes, *commands: Command, isQuiet: bool = False) -> None:
        """
        Lines ask for these commands first.
        """
        asks = parse([data])
        self.assertEqual([ask.command if isinstance(ask, Ask) else ask for ask in asks], list(commands), data)
        for ask in asks:
            self.assertEqual(isinstance(ask, Ask) and ask.isQuiet, isQuiet, data)

    def assertTold(self, data: bytes, *replies: bytes, close: bool = False) -> None:
        """
        Lines are answered at once, with these replies.

        @param close: whether the input is given up at the last one.
        """
        told = parse([data])
        self.assertEqual([each.reply if isinstance(each, Told) else each for each in told], list(replies), data)
        last = told[-1]
        self.assertEqual(isinstance(last, Told) and last.close, close, data)

    def assertTells(self, data: bytes, *told: tuple[Result, bytes]) -> None:
        """
        These results of the first line are told so; if it has C{noreply}, not at all.
        """
        for result, reply in told:
            ask = self.first(data)
            assert isinstance(ask, Ask)
            self.assertEqual(ask.tell(result), reply, (data, result))

    def ask(self, data: bytes, maxValueBytes: int = MAX_VALUE_BYTES) -> Ask:
        """
        The first step.
        """
        ask = self.first(data, maxValueBytes)
        assert isinstance(ask, Ask)
        return ask

    def steps(self, ask: Ask, *answers: tuple[Result, bytes]) -> list[Command]:
        """
        Answer one step after the other, and be told this each time.

        @return: the commands.
        """
        commands: list[Command] = []
        step: Ask | None = ask
        for result, reply in answers:
            assert step is not None
            commands.append(step.command)
            self.assertEqual(step.tell(result), reply)
            following = step.next()
            self.assertTrue(step.holds or following is None)
            step = following
        self.assertIsNone(step)
        return commands
