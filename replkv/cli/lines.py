"""
Where the prompt's lines come from: a person at a terminal, or a file or pipe.
"""

from __future__ import annotations

import sys
from typing import Final, Protocol

from replkv.cli.grammar import GrammarError
from replkv.cli.history import History
from replkv.cli.streams import StreamError, readLine, say
from replkv.cli.words import names
from replkv.wire.replyparser import MAX_VALUE

try:
    import readline
except ImportError:
    # Not every Python has it; then a terminal has neither completion nor history.
    readline = None  # type: ignore[assignment]

MAX_LINE: Final = 2 * MAX_VALUE
"""
The bytes of a line: enough for any value that has few bytes to be escaped. The others come from files.
"""

_PROMPT: Final = "replkv> "


class Lines(Protocol):
    """
    The lines that a prompt reads.
    """

    def read(self) -> bytes | None:
        """
        The next line, without its line end; C{None} at the end.

        @raise GrammarError: if it is too long.
        @raise StreamError: if there is no telling.
        """


class PipedLines:
    """
    The lines of a file or a pipe.
    """

    def __init__(self, prompt: bool, most: int = MAX_LINE) -> None:
        """
        @param prompt: whether a person types the lines after all, and only the output goes elsewhere.
        @param most: how many bytes a line may have.
        """
        self._prompt = prompt
        self._most = most

    def read(self) -> bytes | None:
        """
        See L{Lines.read}.
        """
        if self._prompt:
            print(_PROMPT, end="", file=sys.stderr, flush=True)
        line = readLine(self._most + 1)
        if len(line) > self._most:
            while line and not line.endswith(b"\n"):
                line = readLine(1 << 20)
            raise GrammarError(f"the line is longer than {self._most} bytes")
        return line.removesuffix(b"\n").removesuffix(b"\r") if line else None


class TerminalLines:
    """
    The lines that a person types, who can edit them, have commands completed, and go back to former lines.
    """

    def __init__(self, history: History) -> None:
        """
        @param history: the former lines.
        """
        self._history = history
        sys.stdin.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
        if readline is not None:
            history.begin()
            readline.set_completer_delims(" \t")
            readline.set_completer(self._completion)
            # Some Pythons have another library under the same name.
            libedit = "libedit" in (readline.__doc__ or "")
            readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")

    def read(self) -> bytes | None:
        """
        See L{Lines.read}.
        """
        try:
            line = input(_PROMPT)
        except EOFError:
            say("")
            return None
        except OSError as error:
            raise StreamError(f"the terminal has gone: {error.strerror}") from error
        self._history.add(line)
        return line.encode(sys.stdin.encoding, "surrogateescape")

    def _completion(self, text: str, number: int) -> str | None:
        found = completions(readline.get_line_buffer()[: readline.get_begidx()], text)
        return found[number] if number < len(found) else None


def completions(before: str, begun: str) -> list[str]:
    """
    The words with which a line can go on.

    @param before: the line up to the word that was begun.
    @param begun: the word, so far.
    """
    if before.split() not in ([], ["help"]):
        return []
    return [name + " " for name in names() if name.startswith(begun)]
