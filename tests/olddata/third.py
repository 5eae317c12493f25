"""
What is in C{folders3.tar.xz}.
"""

from __future__ import annotations

from typing import Final

from replkv.kv.record import Record
from replkv.lives import Life, Past
from replkv.storage.clockrecord import ClockRecord
from tests.olddata.folders import Archive, Kept

_RECORDS: Final = {
    b"plain": Record(12, 0, b"new"),
    b"touched": Record(9, 3795685128004, b"abc"),
    b"kept": Record(13, 3295685159337, b"k"),
    b"large": Record(10, 0, 3000 * b"z"),
    b"other": Record(16, 3395685169022, b"o"),
}

_BOOT: Final = "00fb342c-fb8b-4fde-a1e7-0e4c7f560941"

_KILLED: Final = Kept(
    serverId=2,
    past=Past("7175515d7fba9721a29b93977612e37a", 2, ("a7dcec35ae9b2cc8", "8db0a47ed6ecf9ab")),
    peers={
        0: Life("79fa2f7b0fcf6e8cd585f15245254614", 2, "b4f5156c95a42833"),
        1: Life("28a0d6ee0426b4b3a1479923fa5bbba5", 2, "32e430956df12bbd"),
    },
    clock=ClockRecord(1795685170121, 1795685170.156232, 2346.208641516, _BOOT, True),
    term=2,
    votedFor=None,
    lastIndex=16,
    termRuns=[(1, 1), (11, 2)],
    appliedIndex=10,
    stamp=1795685169022,
    records=_RECORDS,
    stateHash=0xDA6B3447CB2967CB,
)

_STOPPED: Final = Kept(
    serverId=0,
    past=Past("79fa2f7b0fcf6e8cd585f15245254614", 3, ("102e29ab91784d2c", "b4f5156c95a42833", "68764123c77a6976")),
    peers={
        1: Life("28a0d6ee0426b4b3a1479923fa5bbba5", 3, "680aaf10c8540cd1"),
        2: Life("7175515d7fba9721a29b93977612e37a", 2, "a7dcec35ae9b2cc8"),
    },
    clock=ClockRecord(1795685193621, 1795685193.6721969, 2369.724605504, _BOOT, True),
    term=3,
    votedFor=1,
    lastIndex=18,
    termRuns=[(1, 1), (11, 2), (17, 3)],
    appliedIndex=18,
    stamp=1795685189027,
    records={**_RECORDS, b"last": Record(18, 3295685189027, b"end")},
    stateHash=0xCBF9496E57D03D4B,
)

THIRD: Final = Archive("folders3.tar.xz", _KILLED, _STOPPED, (b"deleted", b"removed", b"brief"))
