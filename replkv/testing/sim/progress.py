"""
Shows how far many runs have got.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TextIO

from tqdm import tqdm


class Progress(Protocol):
    """
    Shows it.
    """

    def advance(self, failing: int) -> None:
        """
        One more run is done.

        @param failing: how many have failed so far.
        """

    def say(self, line: str) -> None:
        """
        Say something else meanwhile.
        """

    def close(self) -> None:
        """
        There is nothing more to show.
        """


def progress(total: int, stream: TextIO, say: Callable[[str], None]) -> Progress:
    """
    A bar where there is a terminal; otherwise, say in a file, a line now and then.

    @param total: how many runs there will be.
    @param stream: where it is shown.
    @param say: what else there is to say is said here.
    """
    return _Bar(total, stream, say) if stream.isatty() else _Lines(total, stream, say)


class _Bar:
    """
    A bar that is drawn over and over.
    """

    def __init__(self, total: int, stream: TextIO, say: Callable[[str], None]) -> None:
        self._bar = tqdm(total=total, file=stream, unit=" runs", dynamic_ncols=True, leave=False)
        self._stream = stream
        self._say = say

    def advance(self, failing: int) -> None:
        """
        See L{Progress.advance}.
        """
        if failing:
            self._bar.set_postfix_str(f"{failing:,} failed", refresh=False)
        self._bar.update()

    def say(self, line: str) -> None:
        """
        See L{Progress.say}.
        """
        with tqdm.external_write_mode(file=self._stream):
            self._say(line)

    def close(self) -> None:
        """
        See L{Progress.close}.
        """
        self._bar.close()


class _Lines:
    """
    Ten lines at most.
    """

    def __init__(self, total: int, stream: TextIO, say: Callable[[str], None]) -> None:
        self._total = total
        self._stream = stream
        self._done = 0
        self.say = say

    def advance(self, failing: int) -> None:
        """
        See L{Progress.advance}.
        """
        self._done += 1
        if self._done * 10 // self._total > (self._done - 1) * 10 // self._total:
            print(f"{self._done:,} of {self._total:,} runs, {failing:,} failed", file=self._stream, flush=True)

    def close(self) -> None:
        """
        See L{Progress.close}.
        """
