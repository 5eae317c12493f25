"""
What is in C{folders5.tar.xz}.
"""

from __future__ import annotations

from typing import Final

from replkv.kv.record import Record
from replkv.lives import Life, Past
from replkv.raft.configuration import Configuration
from replkv.raft.member import Address, Kind, Member
from replkv.storage.clockrecord import ClockRecord
from tests.olddata.folders import Archive, Kept

_RECORDS: Final = {
    b"plain": Record(20, 0, b"new"),
    b"touched": Record(5, 3795782432315, b"abc"),
    b"other": Record(18, 3395782437228, b"o"),
}

_BOOT: Final = "de7fb910-991d-4450-b02d-fab061d049d5"

_FIRST: Final = "e21ed12b7cf0bf7207f08c8af7b609c5"
_REPLACED: Final = "1bfca1cd8dbfd671e0c392a84ff4e83a"
_SECOND: Final = "7732d91b79e4f9504a1ac0c6e2cdfb60"
_THIRD: Final = "a8a10e8f11de5162b8c5c37d39911759"

_MEMBERS: Final = Configuration(
    [
        Member(0, Kind.VOTER, _FIRST, Address("127.0.0.1", 9600, 9700)),
        Member(1, Kind.VOTER, _SECOND, Address("127.0.0.1", 9601, 9701), _REPLACED),
        Member(2, Kind.VOTER, _THIRD, Address("127.0.0.1", 9602, 9702)),
        Member(3, Kind.SPARE, "", Address("127.0.0.1", 9604, 9704)),
    ]
)

_KILLED: Final = Kept(
    serverId=2,
    past=Past(_THIRD, 2, ("3902a95e28a535d4", "bdd447c5b152e9ac")),
    peers={
        0: Life(_FIRST, 2, "b47d9a42f889b1b0", version=4),
        1: Life(_SECOND, 2, "b7a0dbdb59548da3", version=4),
    },
    clock=ClockRecord(1795782437944, 1795782437.9488137, 3394.682666652, _BOOT, True),
    term=4,
    votedFor=None,
    lastIndex=24,
    termRuns=[(1, 1), (16, 2), (17, 4)],
    appliedIndex=16,
    stamp=1795782438250,
    records=_RECORDS,
    stateHash=0x9336DD74900E700A,
    members=_MEMBERS,
)

_STOPPED: Final = Kept(
    serverId=0,
    past=Past(_FIRST, 3, ("0af7e3c46e651f2e", "b47d9a42f889b1b0", "d4d36509119d4179")),
    peers={
        1: Life(_SECOND, 3, "5fc4ba5c17d70d58", version=4),
        2: Life(_THIRD, 2, "3902a95e28a535d4", version=4),
    },
    clock=ClockRecord(1795782441611, 1795782441.6244068, 3398.358259188, _BOOT, True),
    term=6,
    votedFor=1,
    lastIndex=26,
    termRuns=[(1, 1), (16, 2), (17, 4), (25, 5)],
    appliedIndex=26,
    stamp=1795782441490,
    records={**_RECORDS, b"last": Record(26, 3295782441490, b"end")},
    stateHash=0x7C4AC1F445683EFE,
    members=_MEMBERS,
)

FIFTH: Final = Archive("folders5.tar.xz", _KILLED, _STOPPED, (b"deleted", b"removed", b"brief"))
