"""
The commands as they stand in the log: the C{data} of an L{Entry<replkv.raft.entry.Entry>}.

A command is its kind in one byte and the stamp, which is the leader's time, in milliseconds, in 64 bits. Then come, as
far as the kind has them, the expiry time in seconds and the version, 64 bits each, the length of the key in 8 bits, and
the key; the rest is the value. Every number is big-endian. No data at all is the no-op that opens a leader's term.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from replkv.times import FAR_FUTURE

MAX_KEY_LENGTH: Final = 250

NOOP: Final = 0
SET: Final = 1
CAS: Final = 2
DELETE: Final = 3
CLOCK: Final = 4

_SET: Final = struct.Struct(">BQQB")
_CAS: Final = struct.Struct(">BQQQB")
_DELETE: Final = struct.Struct(">BQB")
_CLOCK: Final = struct.Struct(">BQ")


class UnknownCommand(ValueError):
    """
    A command of a kind that a later version of replkv has brought.
    """

    def __init__(self, kind: int) -> None:
        super().__init__(
            f"the log holds a command of kind {kind}, which this version of replkv does not know: it was written by a "
            "newer replkv; start that version"
        )


class Command(NamedTuple):
    """
    One command, decoded. What its kind does not have is 0 or empty.

    @ivar kind: C{NOOP}, C{SET}, C{CAS}, C{DELETE} or C{CLOCK}.
    @ivar stamp: the leader's time when it proposed the command, in milliseconds.
    @ivar deadline: when the value expires, in milliseconds; 0 is never.
    @ivar version: the version that C{CAS} asks for.
    """

    kind: int
    stamp: int
    deadline: int
    version: int
    key: bytes
    value: bytes


_NOOP_COMMAND: Final = Command(NOOP, 0, 0, 0, b"", b"")


def encodeSet(stamp: int, key: bytes, exptime: int, value: bytes) -> bytes:
    """
    Encode the command that stores C{value}.

    @param exptime: the seconds after which it expires; 0 is never.
    """
    _check(stamp, key)
    return _SET.pack(SET, stamp, exptime, len(key)) + key + value


def encodeCas(stamp: int, key: bytes, exptime: int, version: int, value: bytes) -> bytes:
    """
    Encode the command that stores C{value} if the key has that C{version}.

    @param exptime: the seconds after which it expires; 0 is never.
    """
    _check(stamp, key)
    return _CAS.pack(CAS, stamp, exptime, version, len(key)) + key + value


def encodeDelete(stamp: int, key: bytes) -> bytes:
    """
    Encode the command that deletes a key.
    """
    _check(stamp, key)
    return _DELETE.pack(DELETE, stamp, len(key)) + key


def encodeClock(stamp: int) -> bytes:
    """
    Encode the command that only tells the time, so that keys expire where nothing else is written.
    """
    _checkStamp(stamp)
    return _CLOCK.pack(CLOCK, stamp)


def stampOf(data: bytes) -> int:
    """
    Tell the stamp of a command without decoding the rest; 0 for the no-op.

    @raise ValueError: if C{data} is too short to have one.
    """
    if not data:
        return 0
    if len(data) < _CLOCK.size:
        raise ValueError("the command is shorter than its stamp")
    stamp: int = _CLOCK.unpack_from(data)[1]
    return stamp


def decode(data: bytes) -> Command:
    """
    Decode a command.

    @raise UnknownCommand: if it is of a kind that this version does not know.
    @raise ValueError: if C{data} is not the encoding of a command.
    """
    if not data:
        return _NOOP_COMMAND
    kind = data[0]
    exptime = version = 0
    try:
        if kind == SET:
            _, stamp, exptime, length = _SET.unpack_from(data)
            start = _SET.size
        elif kind == DELETE:
            _, stamp, length = _DELETE.unpack_from(data)
            start = _DELETE.size
        elif kind == CAS:
            _, stamp, exptime, version, length = _CAS.unpack_from(data)
            start = _CAS.size
        elif kind == CLOCK:
            _, stamp = _CLOCK.unpack(data)
            _checkStamp(stamp)
            return Command(CLOCK, stamp, 0, 0, b"", b"")
        else:
            raise UnknownCommand(kind)
    except struct.error:
        raise ValueError(f"a command of kind {kind} does not have {len(data)} bytes") from None

    end = start + length
    key = data[start:end]
    _check(stamp, key)
    if len(key) != length or (kind == DELETE and end != len(data)):
        raise ValueError(f"a command of kind {kind} with a key of {length} bytes does not have {len(data)} bytes")
    deadline = min(stamp + exptime * 1000, FAR_FUTURE) if exptime else 0
    return Command(kind, stamp, deadline, version, key, data[end:])


def _check(stamp: int, key: bytes) -> None:
    """
    Refuse a stamp or a key that no command may have. The encoders refuse what L{decode} refuses: it would stop every
    server once it is in the log.
    """
    if not 0 < len(key) <= MAX_KEY_LENGTH:
        raise ValueError(f"a key has 1 to {MAX_KEY_LENGTH} bytes, not {len(key)}")
    _checkStamp(stamp)


def _checkStamp(stamp: int) -> None:
    """
    Refuse a stamp that no command may have.
    """
    if not 0 <= stamp <= FAR_FUTURE:
        raise ValueError(f"no command is stamped {stamp}")
