"""
From what stands in the log to the command that it is: the C{data} of an L{Entry<replkv.raft.entry.Entry>}.

No data at all is the no-op that opens a leader's term. Beside the commands of clients there is the clock, which is but
kind and stamp: it only tells the time, so that keys expire where nothing else is written.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

from replkv.commands.catalog import COMMANDS
from replkv.commands.command import LoggedCommand, WriteCommand
from replkv.commands.configure import Configure
from replkv.commands.layout import MAX_KEY_LENGTH, checkStamp
from replkv.versions import VERSIONS

CLOCK: Final = 4

_LOGGED: Final = {kind.KIND: kind for kind in (*COMMANDS, Configure) if issubclass(kind, LoggedCommand)}
_ON_KEYS: Final = {
    kind: (logged.SINCE, logged.LAYOUT.keyAt, logged.LAYOUT.hasValue)
    for kind, logged in _LOGGED.items()
    if issubclass(logged, WriteCommand)
}
_CLOCK: Final = struct.Struct(">BQ")
_FAR: Final = 0x80  # As FAR_FUTURE has it: a stamp has 63 bits.


class UnknownCommand(ValueError):
    """
    A command of a kind that a later version of replkv has brought.
    """

    def __init__(self, kind: int) -> None:
        super().__init__(
            f"the log holds a command of kind {kind}, which this version of replkv does not know: it was written by a "
            "newer replkv; start that version"
        )


def encodeClock(stamp: int) -> bytes:
    """
    Encode the clock.

    @param stamp: the leader's time, in milliseconds.
    @raise ValueError: if it is such as no command may have.
    """
    checkStamp(stamp)
    return _CLOCK.pack(CLOCK, stamp)


def stampOf(data: bytes) -> int:
    """
    Tell the stamp of what stands in the log without decoding the rest; 0 for the no-op.

    @raise ValueError: if C{data} is too short to have one.
    """
    if not data:
        return 0
    if len(data) < _CLOCK.size:
        raise ValueError("the command is shorter than its stamp")
    stamp: int
    _, stamp = _CLOCK.unpack_from(data)
    return stamp


def decode(data: bytes, version: int = VERSIONS.newest) -> tuple[int, LoggedCommand | None]:
    """
    Decode what stands in the log.

    @param version: the newest version that is known, see L{replkv.versions}.
    @return: the stamp, and the command of a client; C{None} for the no-op and the clock.
    @raise UnknownCommand: if it is of a kind that this version does not know.
    @raise ValueError: if it is nothing that can stand there.
    """
    if not data:
        return 0, None
    kind = data[0]
    logged = _LOGGED.get(kind)
    if logged is not None and version >= logged.SINCE:
        return logged.decode(data)
    if kind != CLOCK:
        raise UnknownCommand(kind)
    if len(data) != _CLOCK.size:
        raise ValueError(f"a command of kind {kind} does not have {len(data)} bytes")
    stamp = stampOf(data)
    checkStamp(stamp)
    return stamp, None


def allSound(found: Iterable[bytes], version: int = VERSIONS.newest) -> bool:
    """
    Whether all of this can stand in the log: L{decode} refuses none of it. It is asked of every entry that another
    server sends, and so it does no more than it must.

    @param version: the newest version that is known, see L{replkv.versions}.
    """
    for data in found:
        if not data:
            continue
        kind = data[0]
        if kind == CLOCK:
            isSound = len(data) == _CLOCK.size and data[1] < _FAR
        elif kind not in _ON_KEYS:
            # Those about users, and about the members, are rare.
            isSound = kind in _LOGGED and _decodes(data, version)
        else:
            since, keyAt, hasValue = _ON_KEYS[kind]
            length = data[keyAt] if keyAt < len(data) else 0
            rest = len(data) - keyAt - 1 - length
            isSound = 0 < length <= MAX_KEY_LENGTH and version >= since and data[1] < _FAR
            isSound = isSound and (rest == 0 or (hasValue and rest > 0))
        if not isSound:
            return False
    return True


def _decodes(data: bytes, version: int) -> bool:
    try:
        decode(data, version)
    except ValueError:
        return False
    return True
