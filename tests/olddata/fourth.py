"""
What is in C{folders4.tar.xz}.
"""

from __future__ import annotations

from typing import Final

from replkv.kv.record import Record
from replkv.lives import Life, Past
from replkv.storage.clockrecord import ClockRecord
from replkv.users.rights import Grant, Right
from replkv.users.user import User
from tests.olddata.folders import Archive, Kept
from tests.users.people import secretOf

_RECORDS: Final = {
    b"plain": Record(18, 0, b"new"),
    b"touched": Record(4, 3795728058853, b"abc"),
    b"other": Record(19, 3395728071959, b"o"),
}

_ALICE: Final = User(b"alice", secretOf(b"two"), 21, (Grant(Right.READ, b"app/"),))
_BOB: Final = User(b"bob", secretOf(b"bob"), 10, (Grant(Right.ADMIN, b"b/"),))
_BOB_AT_LAST: Final = User(b"bob", secretOf(b"bob"), 10, (*_BOB.grants, Grant(Right.READ, b"last")))

_BOOT: Final = "89f52c7a-faf2-4aee-89f3-82913eaef4d7"

_KILLED: Final = Kept(
    serverId=2,
    past=Past("128cb58a78f412791780e6989c17c3cf", 2, ("d04df6e4b3853dc2", "cf6fcd1f02ebb8fa")),
    peers={
        0: Life("33d75ba83b3bd7d95dc561ccac4134a2", 2, "a55e2fbf8a27a3f9", version=4),
        1: Life("bbeb59bf8b5724c0c602f0b959018457", 2, "2dfbe323458f69b0", version=4),
    },
    clock=ClockRecord(1795728072858, 1795728072.8744426, 5251.612846585, _BOOT, True),
    term=4,
    votedFor=None,
    lastIndex=24,
    termRuns=[(1, 1), (16, 2), (17, 4)],
    appliedIndex=16,
    stamp=1795728072966,
    records=_RECORDS,
    stateHash=0xE6C354A2042C4339,
    users=[_ALICE, _BOB],
)

_STOPPED: Final = Kept(
    serverId=0,
    past=Past("33d75ba83b3bd7d95dc561ccac4134a2", 3, ("97051095e9e79898", "a55e2fbf8a27a3f9", "3334a002423432e4")),
    peers={
        1: Life("bbeb59bf8b5724c0c602f0b959018457", 3, "cb32d11c181b9f91", version=4),
        2: Life("128cb58a78f412791780e6989c17c3cf", 2, "d04df6e4b3853dc2", version=4),
    },
    clock=ClockRecord(1795728088403, 1795728088.4283128, 5267.166716693, _BOOT, True),
    term=5,
    votedFor=0,
    lastIndex=27,
    termRuns=[(1, 1), (16, 2), (17, 4), (25, 5)],
    appliedIndex=27,
    stamp=1795728084917,
    records={**_RECORDS, b"last": Record(26, 3295728084903, b"end")},
    stateHash=0xD26E647D0B1B7A73,
    users=[_ALICE, _BOB_AT_LAST],
)

FOURTH: Final = Archive("folders4.tar.xz", _KILLED, _STOPPED, (b"deleted", b"removed", b"brief"))
