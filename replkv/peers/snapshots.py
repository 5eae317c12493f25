"""
How a snapshot goes from one server to another: who needs it asks for a piece after the other, at its own pace, on its
own connection. So nothing that the leader sends waits behind it.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from twisted.internet.defer import Deferred
from xxhash import xxh3_64_intdigest

from replkv.storage.snapshot import Manifest


class NoSnapshot(Exception):
    """
    There is no such snapshot, or not now; the words say why.
    """


class NotYet(NoSnapshot):
    """
    The snapshot is being made: whoever asks again soon gets it.
    """


class Piece(NamedTuple):
    """
    Some bytes of a file.

    @ivar checksum: of C{data}: XXH3 in 64 bits.
    """

    data: bytes
    checksum: int

    @classmethod
    def of(cls, data: bytes) -> Piece:
        """
        A piece with its checksum.
        """
        return cls(data, xxh3_64_intdigest(data))

    @property
    def isSound(self) -> bool:
        """
        Whether it is what it was.
        """
        return xxh3_64_intdigest(self.data) == self.checksum


class SnapshotSource(Protocol):
    """
    A server that gives snapshots of its state to others.
    """

    def take(self, sender: int, least: int) -> Deferred[Manifest]:
        """
        Server C{sender} needs a snapshot that has at least the entries up to C{least}: take one, or give it the one
        again that it has begun to read.

        @return: what it is made of; fails with L{NoSnapshot}, or L{NotYet}.
        """

    def read(self, sender: int, number: int, file: int, offset: int) -> Deferred[Piece]:
        """
        Server C{sender} needs what comes next of a file.

        @param number: the number of the snapshot.
        @param file: the place of the file in the manifest.
        @return: at least one byte, and as many as are given at once; fails with L{NoSnapshot}.
        """
