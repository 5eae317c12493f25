"""
Shows how far a server has got that catches up.
"""

from __future__ import annotations

from typing import Never, TextIO

from tqdm import tqdm

from replkv.cli.streams import remark


class Bar:
    """
    A bar on a terminal, that is drawn over and over.
    """

    def __init__(self, server: int, stream: TextIO) -> None:
        """
        @param stream: where it is shown.
        """
        self._server = server
        self._stream = stream
        self._bar: tqdm[Never] | None = None

    def show(self, index: int, last: int) -> None:
        """
        See L{replkv.cli.member.waiting.Progress.show}.
        """
        if self._bar is None:
            self._bar = tqdm(
                total=last,
                desc=f"server {self._server}",
                file=self._stream,
                unit=" entries",
                dynamic_ncols=True,
                leave=False,
            )
        self._bar.total = last
        self._bar.n = index
        self._bar.refresh()

    def say(self, line: str) -> None:
        """
        See L{replkv.cli.member.waiting.Progress.say}.
        """
        with tqdm.external_write_mode(file=self._stream):
            remark(line)

    def close(self) -> None:
        """
        There is nothing more to show.
        """
        if self._bar is not None:
            self._bar.close()


class Lines:
    """
    A line for each tenth of the log.
    """

    def __init__(self, server: int) -> None:
        self._server = server
        self._tenths = -1

    def show(self, index: int, last: int) -> None:
        """
        See L{replkv.cli.member.waiting.Progress.show}.
        """
        tenths = index * 10 // max(last, 1)
        if tenths > self._tenths:
            self._tenths = tenths
            remark(f"server {self._server} has {index:,} of {last:,} entries")

    def say(self, line: str) -> None:
        """
        See L{replkv.cli.member.waiting.Progress.say}.
        """
        remark(line)

    def close(self) -> None:
        """
        There is nothing more to show.
        """


def progressOf(server: int, stream: TextIO) -> Bar | Lines:
    """
    A bar where there is a terminal; otherwise, say in a file, a line now and then.

    @param server: the id of the server.
    @param stream: the standard error.
    """
    return Bar(server, stream) if stream.isatty() else Lines(server)
