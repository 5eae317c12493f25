"""
A record: what a key holds, and how that is laid out in the engine.

Under C{k} and the key: the version, the deadline and the hash of the record in 64 bits each, big-endian, and then the
client's value. The hash is that of all of it, the key included. So it says of a record that is read whether it still is
what was written, and it is what the record adds to the hash of the whole state.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from xxhash import xxh3_64_intdigest

from replkv.kv.engine import EngineError

RECORDS: Final = b"k"
"""
The prefix of all records.
"""

_HEAD: Final = struct.Struct(">QQQ")
HEAD_BYTES: Final = _HEAD.size
"""
The length of what stands before the value.
"""

_TOLD: Final = 60
"""
So much of a key is told, in characters.
"""


class RottenRecord(EngineError):
    """
    A record is not what was written.
    """

    def __init__(self, key: bytes) -> None:
        """
        @param key: whose record it is.
        """
        name = repr(key)[2:-1]
        told = name if len(name) <= _TOLD else f"{name[:_TOLD]}..., of {len(key)} bytes"
        super().__init__(f"the store's record of the key {told} does not fit its checksum: it is not what was written")


class Record(NamedTuple):
    """
    What a key holds.

    @ivar version: the index of the entry that wrote it.
    @ivar deadline: the millisecond at which it expires; 0 is never.
    """

    version: int
    deadline: int
    value: bytes


StoredHead = tuple[int, int, int]
"""
What a record has, its value aside: its version, its deadline and its hash (L{hashOf}).
"""


def hashOf(key: bytes, version: int, deadline: int, value: bytes) -> int:
    """
    Tell the hash of a record, in 64 bits. Every server and every version has to come to the same.
    """
    return xxh3_64_intdigest(_HEAD.pack(version, deadline, xxh3_64_intdigest(value)) + key)


def encode(head: StoredHead, value: bytes) -> bytes:
    """
    Make of a record what is stored.
    """
    return packHead(head) + value


def packHead(head: StoredHead) -> bytes:
    """
    Make of the head of a record what is stored; the value comes next.
    """
    return _HEAD.pack(*head)


def unpackHead(packed: bytes) -> StoredHead:
    """
    Make the head of a record of what is stored.
    """
    version, deadline, written = _HEAD.unpack(packed)
    return version, deadline, written


def packedHeadOf(stored: bytes) -> bytes:
    """
    Tell the head of a record as it is stored. Whether it is right is not looked at.

    @raise EngineError: if this is too short for a record.
    """
    if len(stored) < HEAD_BYTES:
        raise EngineError(f"the store has a record of {len(stored)} bytes; none has less than {HEAD_BYTES}")
    return stored[:HEAD_BYTES]


def headOf(stored: bytes) -> StoredHead:
    """
    Tell the head of a record. Whether it is right is not looked at.

    @raise EngineError: if this is too short for a record.
    """
    return unpackHead(packedHeadOf(stored))


def decode(key: bytes, stored: bytes) -> Record:
    """
    Make a record of what is stored.

    @raise RottenRecord: if it is not what was written.
    @raise EngineError: if this is too short for a record.
    """
    version, deadline, written = headOf(stored)
    value = stored[HEAD_BYTES:]
    if hashOf(key, version, deadline, value) != written:
        raise RottenRecord(key)
    return Record(version, deadline, value)
