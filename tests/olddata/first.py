"""
What is in C{folders1.tar.xz}.
"""

from __future__ import annotations

from typing import Final

from replkv.kv.record import Record
from replkv.lives import Life, Past
from replkv.storage.clockrecord import ClockRecord
from tests.olddata.folders import Archive, Kept

_BYTES: Final = bytes(range(256))

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

_KILLED: Final = Kept(
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

_STOPPED: Final = Kept(
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

FIRST: Final = Archive("folders1.tar.xz", _KILLED, _STOPPED, (b"deleted", b"removed", b"brief"))
