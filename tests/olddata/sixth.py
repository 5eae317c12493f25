"""
What is in C{folders6.tar.xz}.
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
    b"added": Record(11, 0, b"9420"),
    b"flagged": Record(17, 3595819918491, b"value!", 4294967295),
    b"kept": Record(16, 3795819918489, b"k", 7),
    b"plain": Record(24, 0, b"newer"),
    b"gr\xc3\xbc\xc3\x9fe": Record(18, 0, b"", 1),
    b"other": Record(31, 2795819926540, b"other", 6),
}

_BOOT: Final = "0fe6ae33-876f-4f3b-96d5-4022ee8a5c4b"

_KILLED: Final = Kept(
    serverId=2,
    past=Past("24d6c4f069180decb63c93bd3ab6ee4b", 2, ("f8a2d8db1029c6de", "6dd20798cd63f8c1")),
    peers={
        0: Life("75808c068f8ef88a8a277efbf76ae678", 2, "c4826bb03f7675fc", version=4),
        1: Life("772f99c9f1c30a0455ef3a5b7717bb52", 2, "d63c42efe79a503a", version=4),
    },
    clock=ClockRecord(1795819929313, 1795819929.3283017, 18083.576246354, _BOOT, True),
    term=3,
    votedFor=None,
    lastIndex=35,
    termRuns=[(1, 1), (26, 3)],
    appliedIndex=25,
    stamp=1795819927622,
    records=_RECORDS,
    stateHash=0x79CFCD564A74B312,
    members=Configuration(
        [
            Member(
                0,
                Kind.VOTER,
                "75808c068f8ef88a8a277efbf76ae678",
                Address("127.0.0.1", 29600, 29700),
                start=2,
                startName="c4826bb03f7675fc",
            ),
            Member(
                1,
                Kind.VOTER,
                "772f99c9f1c30a0455ef3a5b7717bb52",
                Address("127.0.0.1", 29601, 29701),
                start=2,
                startName="d63c42efe79a503a",
            ),
            Member(
                2,
                Kind.VOTER,
                "24d6c4f069180decb63c93bd3ab6ee4b",
                Address("127.0.0.1", 29602, 29702),
                start=2,
                startName="f8a2d8db1029c6de",
            ),
        ]
    ),
)

_STOPPED: Final = Kept(
    serverId=0,
    past=Past("75808c068f8ef88a8a277efbf76ae678", 3, ("5f4a066f6a50ae97", "c4826bb03f7675fc", "9ba55be216ce5b6b")),
    peers={
        1: Life("772f99c9f1c30a0455ef3a5b7717bb52", 3, "6622f0babe9fe0b6", version=4),
        2: Life("24d6c4f069180decb63c93bd3ab6ee4b", 2, "f8a2d8db1029c6de", version=4),
    },
    clock=ClockRecord(1795819935890, 1795819935.9133775, 18090.16132239, _BOOT, True),
    term=4,
    votedFor=0,
    lastIndex=38,
    termRuns=[(1, 1), (26, 3), (36, 4)],
    appliedIndex=38,
    stamp=1795819935006,
    records={**_RECORDS, b"last": Record(37, 3295819935006, b"end", 5)},
    stateHash=0xC74F7D996188BE60,
    members=Configuration(
        [
            Member(
                0,
                Kind.VOTER,
                "75808c068f8ef88a8a277efbf76ae678",
                Address("127.0.0.1", 29600, 29700),
                start=3,
                startName="5f4a066f6a50ae97",
            ),
            Member(
                1,
                Kind.VOTER,
                "772f99c9f1c30a0455ef3a5b7717bb52",
                Address("127.0.0.1", 29601, 29701),
                start=3,
                startName="6622f0babe9fe0b6",
            ),
            Member(
                2,
                Kind.VOTER,
                "24d6c4f069180decb63c93bd3ab6ee4b",
                Address("127.0.0.1", 29602, 29702),
                start=2,
                startName="f8a2d8db1029c6de",
            ),
        ]
    ),
)

SIXTH: Final = Archive("folders6.tar.xz", _KILLED, _STOPPED, (b"deleted", b"removed", b"brief"))
