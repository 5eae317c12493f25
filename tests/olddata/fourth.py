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
    b"touched": Record(4, 3795725022380, b"abc"),
    b"other": Record(19, 3395725032998, b"o"),
}

_ALICE: Final = User(b"alice", secretOf(b"two"), 21, (Grant(Right.READ, b"app/"),))
_BOB: Final = User(b"bob", secretOf(b"bob"), 10, (Grant(Right.ADMIN, b"b/"),))
_BOB_AT_LAST: Final = User(b"bob", secretOf(b"bob"), 10, (*_BOB.grants, Grant(Right.READ, b"last")))

_BOOT: Final = "89f52c7a-faf2-4aee-89f3-82913eaef4d7"

_KILLED: Final = Kept(
    serverId=2,
    past=Past("5816ce85ac1c4a90297d9f8386300657", 2, ("e22011e3535565c3", "1946339496c9856c")),
    peers={
        0: Life("a802e45f5197bc6a3dd676e8845b1387", 2, "a5f55b72a87aaf86", version=4),
        1: Life("85b11e2ef775b19c52bee13a3272bf1a", 2, "4beaa0530c1df91f", version=4),
    },
    clock=ClockRecord(1795725033743, 1795725033.7506719, 2212.489075508, _BOOT, True),
    term=4,
    votedFor=None,
    lastIndex=24,
    termRuns=[(1, 1), (16, 2), (17, 4)],
    appliedIndex=16,
    stamp=1795725034014,
    records=_RECORDS,
    stateHash=0x0E361462A1E04889,
    users=[_ALICE, _BOB],
)

_STOPPED: Final = Kept(
    serverId=0,
    past=Past("a802e45f5197bc6a3dd676e8845b1387", 3, ("91094357a8446c67", "a5f55b72a87aaf86", "bc4878ed8f37cc0b")),
    peers={
        1: Life("85b11e2ef775b19c52bee13a3272bf1a", 3, "33f9ef9f07a07981", version=4),
        2: Life("5816ce85ac1c4a90297d9f8386300657", 2, "e22011e3535565c3", version=4),
    },
    clock=ClockRecord(1795725047406, 1795725047.4165578, 2226.154961343, _BOOT, True),
    term=5,
    votedFor=0,
    lastIndex=27,
    termRuns=[(1, 1), (16, 2), (17, 4), (25, 5)],
    appliedIndex=27,
    stamp=1795725043858,
    records={**_RECORDS, b"last": Record(26, 3295725043853, b"end")},
    stateHash=0x4F7473F7D66B6950,
    users=[_ALICE, _BOB_AT_LAST],
)

FOURTH: Final = Archive("folders4.tar.xz", _KILLED, _STOPPED, (b"deleted", b"removed", b"brief"))
