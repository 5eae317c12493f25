"""
Standard streams in memory, and ones that fail.
"""

from __future__ import annotations

import errno
import io
import os
import sys

from twisted.trial.unittest import SynchronousTestCase


class Terminal(io.TextIOWrapper):
    """
    A stream that says that it is a terminal.
    """

    def isatty(self) -> bool:
        """
        See L{io.IOBase.isatty}.
        """
        return True


class Failing(io.RawIOBase):
    """
    A file that can be neither read nor written.
    """

    def __init__(self, reason: int) -> None:
        super().__init__()
        self._reason = reason

    def readable(self) -> bool:
        """
        See L{io.IOBase.readable}.
        """
        return True

    def writable(self) -> bool:
        """
        See L{io.IOBase.writable}.
        """
        return True

    def readinto(self, buffer: object) -> int:
        """
        See L{io.RawIOBase.readinto}.
        """
        raise OSError(self._reason, os.strerror(self._reason))

    def write(self, data: object) -> int:
        """
        See L{io.RawIOBase.write}.
        """
        raise OSError(self._reason, os.strerror(self._reason))

    def close(self) -> None:
        """
        See L{io.IOBase.close}.
        """


class StreamCase(SynchronousTestCase):
    """
    A test with standard streams of its own.
    """

    def setUp(self) -> None:
        """
        Have nothing to be read.
        """
        self.output = io.BytesIO()
        self.errors = io.BytesIO()
        self.patch(sys, "stdout", io.TextIOWrapper(self.output))
        self.patch(sys, "stderr", io.TextIOWrapper(self.errors))
        self.input(b"")

    def input(self, data: bytes) -> None:
        """
        Have this to be read.
        """
        self.patch(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    def breakStream(self, name: str, reason: int = errno.ENOSPC) -> None:
        """
        Have a stream fail.
        """
        raw = Failing(reason)
        stream = io.BufferedReader(raw) if name == "stdin" else io.BufferedWriter(raw)
        self.patch(sys, name, io.TextIOWrapper(stream))
