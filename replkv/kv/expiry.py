"""
The index of the keys that expire, in the order in which they do.
"""

from __future__ import annotations

import struct
from bisect import bisect_left, insort
from collections.abc import Collection
from typing import Final

from replkv.kv.engine import Engine, EngineError

NEVER: Final = 2**64 - 1
"""
The earliest deadline of an index that is empty: it is after every time that there is.
"""

EXPIRING: Final = b"x"
"""
The prefix of the index.
"""

_END: Final = b"y"
_HEAD: Final = struct.Struct(">cQ")
_HASH: Final = struct.Struct(">Q")


def entryOf(deadline: int, key: bytes, recordHash: int) -> tuple[bytes, bytes]:
    """
    The entry of a record, as key and value in the engine.
    """
    return _HEAD.pack(EXPIRING, deadline) + key, _HASH.pack(recordHash)


class ExpiryIndex:
    """
    The index proper is in the engine, one entry for each key that expires: the prefix, the deadline in 64 bits,
    big-endian, and the key, so that the engine's order is the order of the deadlines. An entry's value is the hash of
    the key's record, in 64 bits, big-endian: a record that is due can be freed, and taken out of the hash of the state,
    without being read.

    Here is its front: all the entries before the horizon. With it, the earliest deadline is always known, and due keys
    are found without asking the engine each time. It also spares RocksDB the work of stepping, at each look, over the
    deleted entries at the start of the index, since it is read on from the horizon, and the horizon is past them.

    @ivar earliest: the earliest deadline in the index, or L{NEVER}.
    @ivar _changes: where the changes of the index are put, to be written to the engine along with all others.
    @ivar _front: the entries before C{_horizon} with their values, in order.
    @ivar _beyond: those changes from C{_horizon} on that are not in the engine yet: the value of an entry that is
        there, C{None} for one that is gone.
    """

    def __init__(self, engine: Engine, changes: dict[bytes, bytes | None], frontLength: int) -> None:
        """
        @param frontLength: how many entries are read ahead. Up to twice as many are held.
        """
        self.earliest = NEVER
        self._engine = engine
        self._changes = changes
        self._frontLength = frontLength
        self._front: list[tuple[bytes, bytes]] = []
        self._horizon = EXPIRING
        self._beyond: dict[bytes, bytes | None] = {}
        self._look()

    def add(self, deadline: int, key: bytes, recordHash: int) -> None:
        """
        Put a key into the index.

        @param recordHash: the hash of its record.
        """
        entry, value = added = entryOf(deadline, key, recordHash)
        self._changes[entry] = value
        if entry >= self._horizon:
            self._beyond[entry] = value
            return
        front, length = self._front, self._frontLength
        insort(front, added)
        if len(front) > 2 * length:
            end, (self._horizon, _) = self._horizon, front[length]
            del front[length:]
            # What was taken out of the front there is still in the engine, until the changes are written.
            for changed, now in self._changes.items():
                if self._horizon <= changed < end:
                    self._beyond[changed] = now
        if deadline < self.earliest:
            self.earliest = deadline

    def remove(self, deadline: int, key: bytes) -> None:
        """
        Take a key out of the index, where it is with that deadline.
        """
        entry = _HEAD.pack(EXPIRING, deadline) + key
        self._changes[entry] = None
        if entry >= self._horizon:
            self._beyond[entry] = None
            return
        place = bisect_left(self._front, (entry, b""))
        if place == len(self._front) or self._front[place][0] != entry:
            raise EngineError(f"the index of expiring keys lacks {key!r} with deadline {deadline}")
        del self._front[place]
        if place == 0:
            self._look()

    def latestDue(self, time: int, keys: Collection[bytes] | None = None) -> int:
        """
        Tell the latest deadline that is not after C{time}; 0 if there is none, and C{time} itself where more than the
        front is due by then.

        @param keys: those of which it is asked for; C{None} for all.
        """
        end = _HEAD.pack(EXPIRING, time + 1)
        if self._horizon < end:
            return time
        for place in range(bisect_left(self._front, (end, b"")) - 1, -1, -1):
            entry, _ = self._front[place]
            if keys is None or entry[_HEAD.size :] in keys:
                return int.from_bytes(entry[len(EXPIRING) : _HEAD.size])
        return 0

    def takeDue(self, clock: int, limit: int) -> list[tuple[bytes, int]]:
        """
        Take out the first keys, at most C{limit}, whose deadline is not after C{clock}.

        @return: the keys, and the hashes of their records.
        """
        due: list[tuple[bytes, int]] = []
        while self.earliest <= clock and len(due) < limit:
            afterDue = bisect_left(self._front, (_HEAD.pack(EXPIRING, clock + 1), b""))
            taken = self._front[: min(afterDue, limit - len(due))]
            del self._front[: len(taken)]
            self._changes.update(dict.fromkeys([entry for entry, _ in taken]))
            due.extend([(entry[_HEAD.size :], int.from_bytes(value)) for entry, value in taken])
            self._look()
        return due

    def settle(self) -> None:
        """
        Take note that the changes have been written to the engine.
        """
        self._beyond.clear()

    def _look(self) -> None:
        """
        See which entry is the first now, and read on from the horizon when there is none before it.
        """
        while not self._front and self._horizon != _END:
            found = self._engine.scan(self._horizon, _END, self._frontLength)
            front = dict(found)
            # The horizon goes just past the last entry that was read.
            self._horizon = found[-1][0] + b"\0" if len(found) == self._frontLength else _END
            for entry in [entry for entry in self._beyond if entry < self._horizon]:
                value = self._beyond.pop(entry)
                if value is None:
                    front.pop(entry, None)
                else:
                    front[entry] = value
            self._front = sorted(front.items())
        _, self.earliest = _HEAD.unpack_from(self._front[0][0]) if self._front else (EXPIRING, NEVER)
