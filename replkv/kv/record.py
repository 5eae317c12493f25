"""
A record: what a key holds, and how that is laid out in the engine.

Under C{k} and the key: the version, the deadline and the hash of the record in 64 bits each, big-endian, and then its
body, which is the client's value. Where there are flags, they stand before that in 32 bits, and the first bit of the
version is set: no version is so great. The hash is that of all of it, the key included. So it says of a record that is
read whether it still is what was written, and it is what the record adds to the hash of the whole state.
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
The length of what stands before the body.
"""

_FLAGS: Final = struct.Struct(">I")
_FLAGGED: Final = 1 << 63

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
    @ivar flags: the client's.
    """

    version: int
    deadline: int
    value: bytes
    flags: int = 0


StoredHead = tuple[int, int, int]
"""
What a record has, its body aside, as it is stored: its version, its deadline and its hash (L{hashOf}).
"""


def storedVersion(version: int, flags: int) -> int:
    """
    How the version of a record is stored.
    """
    return version | _FLAGGED if flags else version


def versionOf(stored: int) -> int:
    """
    The version of which L{storedVersion} was made.
    """
    return stored & ~_FLAGGED


def bodyOf(value: bytes, flags: int) -> bytes:
    """
    What of a record comes after its head.
    """
    return _FLAGS.pack(flags) + value if flags else value


def valueBytesOf(version: int, size: int) -> int:
    """
    How many bytes the value of a record has.

    @param version: as it is stored.
    @param size: of the record, in bytes.
    """
    return size - HEAD_BYTES - (_FLAGS.size if version >= _FLAGGED else 0)


def hashOf(key: bytes, version: int, deadline: int, body: bytes) -> int:
    """
    Tell the hash of a record, in 64 bits. Every server and every version of replkv has to come to the same.

    @param version: as it is stored.
    """
    return xxh3_64_intdigest(_HEAD.pack(version, deadline, xxh3_64_intdigest(body)) + key)


def encode(head: StoredHead, body: bytes) -> bytes:
    """
    Make of a record what is stored.
    """
    return packHead(head) + body


def packHead(head: StoredHead) -> bytes:
    """
    Make of the head of a record what is stored; the body comes next.
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
    body = stored[HEAD_BYTES:]
    if hashOf(key, version, deadline, body) != written:
        raise RottenRecord(key)
    if version < _FLAGGED:
        return Record(version, deadline, body)
    if len(body) < _FLAGS.size:
        raise EngineError(f"the store has a record with flags that has {len(stored)} bytes")
    (flags,) = _FLAGS.unpack_from(body)
    return Record(versionOf(version), deadline, body[_FLAGS.size :], flags)
