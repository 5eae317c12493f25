"""
From a command to the bytes that ask a server for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from replkv.wire.commands import Cas, Command, Delete, Get, Getm, Help, Quit, Set, Stats, Version


def encodeCommand(command: Command) -> bytes:
    """
    Make the line of a command, and its value block where it has one.

    @raise KeyError: if it is none that can be sent.
    """
    return _ENCODERS[type(command)](command)


def _set(command: Set) -> bytes:
    noreply = b" noreply" if command.noreply else b""
    line = (command.key, command.exptime, len(command.value), noreply)
    return b"set %b %d %d%b\r\n%b\r\n" % (*line, command.value)


def _cas(command: Cas) -> bytes:
    noreply = b" noreply" if command.noreply else b""
    line = (command.key, command.exptime, command.version, len(command.value), noreply)
    return b"cas %b %d %d %d%b\r\n%b\r\n" % (*line, command.value)


_ENCODERS: Final[dict[type[Command], Callable[[Any], bytes]]] = {
    Set: _set,
    Cas: _cas,
    Get: lambda command: b"get %b\r\n" % command.key,
    Getm: lambda command: b"getm %b\r\n" % command.key,
    Delete: lambda command: b"delete %b\r\n" % command.key,
    Help: lambda command: b"help\r\n",
    Stats: lambda command: b"stats\r\n",
    Version: lambda command: b"version\r\n",
    Quit: lambda command: b"quit\r\n",
}
