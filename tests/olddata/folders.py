"""
The archives of data folders, and what is in them.
"""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Final, NamedTuple

from replkv.kv.records import Record
from replkv.lives import Life, Past
from replkv.storage.clockrecord import ClockRecord

CLUSTER: Final = "replkv"

MEMBERS: Final = (0, 1, 2)

_BYTES: Final = bytes(range(256))


class Kept(NamedTuple):
    """
    What a data folder holds.

    @ivar past: what the server is known by.
    @ivar peers: the servers that it has met.
    @ivar clock: the clocks, when they were stored last.
    @ivar term: currentTerm.
    @ivar votedFor: the vote in that term, or C{None}.
    @ivar termRuns: the first index and the term of each run of entries with equal terms.
    @ivar appliedIndex: how far its store has got.
    @ivar stamp: the largest stamp in the log.
    @ivar records: what the keys hold when the whole log is applied.
    """

    serverId: int
    past: Past
    peers: dict[int, Life]
    clock: ClockRecord
    term: int
    votedFor: int | None
    lastIndex: int
    termRuns: list[tuple[int, int]]
    appliedIndex: int
    stamp: int
    records: dict[bytes, Record]


GONE: Final = (b"deleted", b"removed", b"brief")
"""
Keys that were deleted, without and with an expiry, and one that has expired.
"""

_RECORDS: Final = {
    b"plain": Record(2, 0, b"value"),
    b"binary": Record(3, 0, _BYTES),
    b"big": Record(4, 0, 40 * _BYTES),
    b"empty": Record(5, 0, b""),
    b"decades": Record(6, 2795653840635, b"x"),
    b"forever": Record(7, 2**63 - 1, b"y"),
    b"changed": Record(12, 3795653841996, b"new"),
    b"later": Record(15, 2795653841997, b"w"),
}

_BOOT: Final = "370b51d1-fc22-45bf-baa7-ddaa88e8e7a6"

KILLED: Final = Kept(
    serverId=2,
    past=Past("7126776f41aa493a154a51d0e7cc813c", 2, ("2b71aa3eba35ad27", "c307ce5b0a0ce445")),
    peers={
        0: Life("e875aaf6d622810064b0cbd6c4889b45", 2, "4062cfc4e857a2e0"),
        1: Life("a08997901d071c047cf0997b4b95da21", 2, "d00ce4b4a7f4b23f"),
    },
    clock=ClockRecord(1795653842936, 1795653842.9403236, 20606.287220474, _BOOT, True),
    term=2,
    votedFor=None,
    lastIndex=18,
    termRuns=[(1, 1), (11, 2)],
    appliedIndex=10,
    stamp=1795653842999,
    records=_RECORDS,
)
"""
The folder of a follower that was killed in a term in which it had not voted: its store has what was written before its
second start.
"""

STOPPED: Final = Kept(
    serverId=0,
    past=Past("e875aaf6d622810064b0cbd6c4889b45", 3, ("79f397af3a916395", "4062cfc4e857a2e0", "5ee97fabdddb7643")),
    peers={
        1: Life("a08997901d071c047cf0997b4b95da21", 3, "3f7ffbdaaec572f8"),
        2: Life("7126776f41aa493a154a51d0e7cc813c", 2, "2b71aa3eba35ad27"),
    },
    clock=ClockRecord(1795653844716, 1795653844.7224648, 20608.069362449, _BOOT, True),
    term=3,
    votedFor=1,
    lastIndex=21,
    termRuns=[(1, 1), (11, 2), (19, 3)],
    appliedIndex=21,
    stamp=1795653844699,
    records={**_RECORDS, b"plain": Record(21, 0, b"another value"), b"last": Record(20, 0, b"after the kill")},
)
"""
The folder of a server of the same cluster that went on without that one, in a third term, and was stopped.
"""


def unpack(folder: Path) -> None:
    """
    Put the folders of the servers into C{folder}.
    """
    with tarfile.open(Path(__file__).with_name("folders1.tar.xz")) as archive:
        # Not by the argument, which the first releases of Python 3.11 do not have.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(folder)
