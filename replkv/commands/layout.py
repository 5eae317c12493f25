"""
How commands stand in the log: the C{data} of an L{Entry<replkv.raft.entry.Entry>}.

A command is its kind in one byte and the stamp, which is the leader's time, in milliseconds, in 64 bits. Then come its
numbers, 64 bits each, the length of the key in 8 bits, and the key; the rest is the value. Every number is big-endian.
"""

from __future__ import annotations

import struct
from typing import Final

from replkv.times import FAR_FUTURE

MAX_KEY_LENGTH: Final = 250
MAX_VALUE_BYTES: Final = 8 << 20
"""
No servers file allows larger values.
"""


class Layout:
    """
    How the commands of one kind stand in the log.

    @ivar keyAt: where the length of the key stands.
    @ivar hasValue: whether a value follows the key.
    """

    __slots__ = ("_head", "_kind", "hasValue", "keyAt")

    def __init__(self, kind: int, numbers: int, hasValue: bool) -> None:
        """
        @param kind: the number of the kind.
        @param numbers: how many numbers they have.
        @param hasValue: whether a value follows the key.
        """
        self._kind = kind
        self._head = struct.Struct(">BQ" + numbers * "Q" + "B")
        self.keyAt = self._head.size - 1
        self.hasValue = hasValue

    def pack(self, stamp: int, key: bytes, *numbers: int) -> bytes:
        """
        Encode a command, its value aside, which is to follow.

        @raise ValueError: if stamp or key are such as L{unpack} refuses: it would stop every server once it is in the
            log.
        """
        _check(stamp, key)
        return self._head.pack(self._kind, stamp, *numbers, len(key)) + key

    def unpack(self, data: bytes) -> tuple[tuple[int, ...], bytes, bytes]:
        """
        Decode a command.

        @return: the stamp and the numbers, the key, and the value.
        @raise ValueError: if C{data} is not the encoding of such a command.
        """
        try:
            head = self._head.unpack_from(data)
        except struct.error:
            raise ValueError(f"a command of kind {self._kind} does not have {len(data)} bytes") from None
        start, length = self._head.size, head[-1]
        end = start + length
        key = data[start:end]
        _check(head[1], key)
        if len(key) != length or (end != len(data) and not self.hasValue):
            raise ValueError(
                f"a command of kind {self._kind} with a key of {length} bytes does not have {len(data)} bytes"
            )
        return head[1:-1], key, data[end:]


def checkStamp(stamp: int) -> None:
    """
    Refuse a stamp that no command may have.

    @raise ValueError: if it is one.
    """
    if not 0 <= stamp <= FAR_FUTURE:
        raise ValueError(f"no command is stamped {stamp}")


def _check(stamp: int, key: bytes) -> None:
    """
    Refuse a stamp or a key that no command may have.
    """
    if not 0 < len(key) <= MAX_KEY_LENGTH:
        raise ValueError(f"a key has 1 to {MAX_KEY_LENGTH} bytes, not {len(key)}")
    checkStamp(stamp)
