"""
What is in C{folders2.tar.xz}.
"""

from __future__ import annotations

from typing import Final

from replkv.kv.record import Record
from replkv.lives import Life, Past
from replkv.storage.clockrecord import ClockRecord
from tests.olddata.folders import Archive, Kept

_RECORDS: Final = {
    b"plain": Record(14, 0, b"new"),
    b"touched": Record(12, 3795658809058, b"abc"),
    b"kept": Record(5, 2795658806495, b"k"),
}

_BOOT: Final = "370b51d1-fc22-45bf-baa7-ddaa88e8e7a6"

_KILLED: Final = Kept(
    serverId=2,
    past=Past("1dd1947a0b5afc0656840612daad5253", 2, ("94445ca6f5e0c017", "489b127dd0a32525")),
    peers={
        0: Life("2c670eb7bd48f5d6aa7afdeb5184535a", 2, "e4d18f37c006427b"),
        1: Life("240a9559458903add70a25fe14c2d562", 2, "56ed3c32dc2c43d2"),
    },
    clock=ClockRecord(1795658810852, 1795658810.8561134, 25574.203011604, _BOOT, True),
    term=2,
    votedFor=None,
    lastIndex=17,
    termRuns=[(1, 1), (11, 2)],
    appliedIndex=10,
    stamp=1795658810078,
    records=_RECORDS,
)

_STOPPED: Final = Kept(
    serverId=0,
    past=Past("2c670eb7bd48f5d6aa7afdeb5184535a", 3, ("94b04ceb7d3d22b0", "e4d18f37c006427b", "f0e4aaf4030e73f1")),
    peers={
        1: Life("240a9559458903add70a25fe14c2d562", 3, "3b841d0fe8399b84"),
        2: Life("1dd1947a0b5afc0656840612daad5253", 2, "94445ca6f5e0c017"),
    },
    clock=ClockRecord(1795658813462, 1795658813.4707031, 25576.81759971, _BOOT, True),
    term=3,
    votedFor=1,
    lastIndex=20,
    termRuns=[(1, 1), (11, 2), (18, 3)],
    appliedIndex=20,
    stamp=1795658813348,
    records={**_RECORDS, b"last": Record(20, 3295658813348, b"end")},
)

SECOND: Final = Archive("folders2.tar.xz", _KILLED, _STOPPED, (b"deleted", b"removed", b"brief"))
