"""
Transcripts: files that tell what is done and what comes of it, and that are tests. A transcript is made of blocks::

    # What this is about.
    one command
    another command
    ----
    what comes of them
    more of it

A block is one or more commands, a line of four dashes, and what comes of the commands, up to an empty line or the end.
Lines that begin with C{#} are comments, anywhere but in what comes of commands. What the commands are is for each kind
of transcript to say: it comes with a function that carries out one command and returns lines.

Where WRITE_TRANSCRIPTS is in the environment, what comes of the commands is written into the files, and then it is for
the reader of the difference to judge. C{make transcripts} does that.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from difflib import unified_diff
from itertools import zip_longest
from pathlib import Path
from typing import Final, TypeVar

from twisted.trial.unittest import SynchronousTestCase

CarryOut = Callable[[str], Iterable[str]]
"""
Carries out a command.

@return: the lines of what comes of it, none of them empty.
@raise ValueError: if it is no command.
"""

WRITE: Final = "WRITE_TRANSCRIPTS"
NOTHING: Final = "(nothing)"

_DASHES: Final = "----"

Tests = TypeVar("Tests", bound=SynchronousTestCase)


class BadTranscript(Exception):
    """
    A file is not made of blocks, or a command in it is none.
    """


def anew(text: str, carryOut: CarryOut, name: str = "transcript") -> str:
    """
    Carry out what a transcript says.

    @param name: the file's, for messages.
    @return: the transcript, with what has come of its commands.
    @raise BadTranscript: see there.
    """
    lines = text.splitlines()
    fresh: list[str] = []
    commands: list[tuple[int, str]] = []
    position = 0
    while position < len(lines):
        line = lines[position]
        position += 1
        fresh.append(line)
        if line == _DASHES:
            if not commands:
                raise BadTranscript(f"{name}:{position}: there is no command before the dashes")
            fresh += _outcome(commands, carryOut, name)
            commands = []
            while position < len(lines) and lines[position]:
                position += 1
        elif line and not line.startswith("#"):
            commands.append((position, line))
        elif not line and commands:
            break
    if commands:
        raise BadTranscript(f"{name}:{commands[-1][0]}: there are no dashes after the commands")
    return "".join(line + "\n" for line in fresh)


def _outcome(commands: list[tuple[int, str]], carryOut: CarryOut, name: str) -> list[str]:
    """
    Carry out the commands of a block, each with the number of its line.
    """
    outcome: list[str] = []
    for number, command in commands:
        try:
            outcome += carryOut(command)
        except ValueError as error:
            raise BadTranscript(f"{name}:{number}: {command}: {error}") from error
    assert all(outcome), "an empty line would end the block"
    return outcome or [NOTHING]


def difference(text: str, fresh: str, name: str) -> str:
    """
    Tell where what has come differs from what the transcript says.

    @return: the place of the first difference, and all of them; empty where there is none.
    """
    said, come = text.splitlines(), fresh.splitlines()
    for number, (saidLine, comeLine) in enumerate(zip_longest(said, come), 1):
        if saidLine != comeLine:
            diff = unified_diff(said, come, name, f"{name}, as it has come", lineterm="")
            return "\n".join([f"{name}:{number}: something else has come; if it is right: make transcripts", *diff])
    return ""


def told(folder: Path, begin: Callable[[], CarryOut]) -> Callable[[type[Tests]], type[Tests]]:
    """
    Decorate a class of tests: each transcript in C{folder} becomes one of them.

    @param begin: called for each transcript; returns what carries out its commands.
    """

    def decorate(tests: type[Tests]) -> type[Tests]:
        paths = sorted(folder.glob("*.txt"))
        assert paths, f"there are no transcripts in {folder}"
        for path in paths:
            setattr(tests, f"test_{path.stem}", _test(path, begin))
        return tests

    return decorate


def _test(path: Path, begin: Callable[[], CarryOut]) -> Callable[[SynchronousTestCase], None]:
    def test(self: SynchronousTestCase) -> None:
        text = path.read_text("ascii")
        fresh = anew(text, begin(), str(path))
        if os.environ.get(WRITE):
            path.write_text(fresh, "ascii")
        elif message := difference(text, fresh, str(path)):
            self.fail(message)

    test.__name__ = f"test_{path.stem}"
    return test
