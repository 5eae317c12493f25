"""
The standard streams, whatever a shell, a script or a service has made of them: closed, full or gone.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import Final

from replkv.cli.statuses import STREAM, UNREAD
from replkv.printable import printable

_UNUSABLE: Final = ((0, "stdin", os.O_WRONLY), (1, "stdout", os.O_RDONLY), (2, "stderr", os.O_RDONLY))


class StreamError(Exception):
    """
    The standard input cannot be read, or the standard output not be written; the text says why.

    @ivar status: the exit status.
    """

    status = STREAM


class Unread(StreamError):
    """
    Whoever read the standard output has gone.
    """

    status = UNREAD


def openStreams() -> None:
    """
    Put something into the place of the standard streams that are closed, before a file or a connection gets their
    number. It can be neither read nor written, so that to use it is an error, and not silence.

    What the standard output cannot encode is escaped, as it is in the standard error anyway.
    """
    for number, name, flags in _UNUSABLE:
        try:
            os.fstat(number)
        except OSError:
            # This is the lowest number that is free, and so the one that is given.
            os.open(os.devnull, flags)
            stream = open(number, "w" if number else "r", errors="backslashreplace", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def write(data: bytes) -> None:
    """
    Write to the standard output, at once.

    @raise StreamError: if that cannot be.
    """
    try:
        sys.stdout.flush()
        rest = memoryview(data)
        while rest:
            # Where PYTHONUNBUFFERED is set, this may take less than it is given.
            rest = rest[sys.stdout.buffer.write(rest) :]
        sys.stdout.buffer.flush()
    except OSError as error:
        raise _lost(error) from error


def say(line: str) -> None:
    """
    Write a line to the standard output, at once.

    @raise StreamError: if that cannot be.
    """
    try:
        print(line, flush=True)
    except OSError as error:
        raise _lost(error) from error


def finish() -> None:
    """
    Write what others have left to be written.

    @raise StreamError: if that cannot be.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        raise _lost(error) from error


def tell(line: str) -> None:
    """
    Write to the standard error what went wrong: one line, whatever names files have that are in it.
    """
    remark(printable(f"replkv: {line}"))


def remark(line: str) -> None:
    """
    Write a line to the standard error. If that cannot be, nobody is there to be told, and the exit status has to do.
    """
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)


def read(limit: int) -> bytes:
    """
    Read the standard input to its end, or so many bytes of it.

    @raise StreamError: if that cannot be.
    """
    try:
        return sys.stdin.buffer.read(limit)
    except OSError as error:
        raise _unreadable(error) from error


def readLine(limit: int) -> bytes:
    """
    Read a line of the standard input with its line end, or so many bytes of it; nothing at the end.

    @raise StreamError: if that cannot be.
    """
    try:
        return sys.stdin.buffer.readline(limit)
    except OSError as error:
        raise _unreadable(error) from error


def _lost(error: OSError) -> StreamError:
    if isinstance(error, BrokenPipeError):
        return Unread("whoever read the output has gone")
    return StreamError(f"the output cannot be written: {error.strerror}")


def _unreadable(error: OSError) -> StreamError:
    return StreamError(f"the standard input cannot be read: {error.strerror}")
