"""
What the tests of the parser stand on.
"""

from __future__ import annotations

from collections.abc import Iterable

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.command import Command
from replkv.wire.malformed import Malformed
from replkv.wire.parser import CommandParser

MALFORMED = Malformed(close=False)
GIVEN_UP = Malformed(close=True)


def parse(pieces: Iterable[bytes], maxValueBytes: int = 1024 * 1024) -> list[Command]:
    """
    Feed a parser, and take out all commands after each piece.
    """
    parser = CommandParser(maxValueBytes)
    commands = []
    for piece in pieces:
        parser.feed(piece)
        while (command := parser.nextCommand()) is not None:
            commands.append(command)
    return commands


def bytewise(data: bytes) -> list[bytes]:
    """
    Cut C{data} at every byte.
    """
    return [data[i : i + 1] for i in range(len(data))]


class ParserTestCase(SynchronousTestCase):
    """
    What is common to the tests of the parser.
    """

    def assertParses(self, data: bytes, *expected: Command, maxValueBytes: int = 1024 * 1024) -> None:
        """
        Assert that C{data} is cut into the commands C{expected}, both all at once and byte by byte.
        """
        self.assertEqual(parse([data], maxValueBytes), list(expected))
        self.assertEqual(parse(bytewise(data), maxValueBytes), list(expected))
