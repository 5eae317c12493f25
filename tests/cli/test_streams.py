"""
Tests for L{replkv.cli.streams}. What is done where they are closed is tried on real processes.
"""

from __future__ import annotations

import errno
import io
import sys
from typing import Any

from replkv.cli.statuses import STREAM, UNREAD
from replkv.cli.streams import StreamError, Unread, finish, read, readLine, remark, say, tell, write
from tests.cli.streams import StreamCase


class Pieces(io.RawIOBase):
    """
    A file that takes four bytes at a time.
    """

    taken = b""

    def writable(self) -> bool:
        """
        See L{io.IOBase.writable}.
        """
        return True

    def write(self, data: Any) -> int:
        """
        See L{io.RawIOBase.write}.
        """
        piece = bytes(data)[:4]
        self.taken += piece
        return len(piece)


class StreamTests(StreamCase):
    """
    Reading, and writing.
    """

    def test_written(self) -> None:
        """
        Bytes and lines come out at once, in their order.
        """
        say("a")
        write(b"\xff")
        say("b")
        self.assertEqual(self.output.getvalue(), b"a\n\xffb\n")
        tell("no such key")
        remark("(remark)")
        self.assertEqual(self.errors.getvalue(), b"replkv: no such key\n(remark)\n")

    def test_inPieces(self) -> None:
        """
        Output that the system takes in pieces comes out whole: nothing is lost where it is not buffered.
        """
        raw = Pieces()
        self.patch(sys, "stdout", io.TextIOWrapper(raw))
        write(b"0123456789")
        self.assertEqual(raw.taken, b"0123456789")

    def test_full(self) -> None:
        """
        Output that cannot be written is an error with the system's reason, however it is written.
        """
        self.breakStream("stdout")
        print("a")
        for attempt in (finish, lambda: say("a"), lambda: write(b"a")):
            error = self.assertRaises(StreamError, attempt)
            self.assertEqual(str(error), "the output cannot be written: No space left on device")
            self.assertEqual(error.status, STREAM)

    def test_unread(self) -> None:
        """
        Output that nobody reads any more is told from that.
        """
        self.breakStream("stdout", errno.EPIPE)
        self.assertEqual(self.assertRaises(Unread, say, "a").status, UNREAD)

    def test_nobodyToTell(self) -> None:
        """
        Errors that cannot be told are not.
        """
        self.breakStream("stderr", errno.EIO)
        tell("no such key")

    def test_read(self) -> None:
        """
        Input is read as it is, and no more of it than is wanted.
        """
        self.input(b"a\xff\r\nb\nc")
        self.assertEqual(readLine(100), b"a\xff\r\n")
        self.assertEqual(readLine(1), b"b")
        self.assertEqual(read(100), b"\nc")
        self.assertEqual(readLine(100), b"")

    def test_unreadable(self) -> None:
        """
        Input that cannot be read is an error.
        """
        self.breakStream("stdin", errno.EIO)
        for attempt in (readLine, read):
            error = self.assertRaises(StreamError, attempt, 100)
            self.assertEqual(str(error), "the standard input cannot be read: Input/output error")
