"""
The heads of records, kept in memory for as long as there is room: to write over a record takes its head, and to read
the whole record from the engine for that is what costs most of such a write.

Nothing depends on which are kept. What a head says is what the engine holds together with the changes that are yet to
be written to it, and there is no other way for the engine to change.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from replkv.kv.engine import Engine
from replkv.kv.record import StoredHead, packedHeadOf, unpackHead

HEAD_OVERHEAD: Final = 240
"""
The bytes that a head takes beside the name of its record, at the most: 48 for the object that the name is, 64 for the
head, 8 for its place in the order, and 120 in a dictionary that has just grown (CPython).
"""

_PARTS: Final = 16
"""
They are in so many dictionaries: one that grows is copied, and to copy all of them at once would keep the reactor for
50 ms.
"""


class Heads:
    """
    The heads of those records that were met last, and of records that are not there: that is worth knowing too.

    @ivar bytes: how many bytes they take.
    @ivar _parts: the heads by the names that the records have in the engine, as they are stored; C{None} where there is
        no record.
    @ivar _order: those names, the one that came first in front. To keep them in the order of their last use would cost
        more than it spares: one that is in use comes back with its next use.
    """

    __slots__ = ("_engine", "_mostBytes", "_order", "_parts", "bytes")

    def __init__(self, engine: Engine, mostBytes: int) -> None:
        """
        @param engine: where the records are.
        @param mostBytes: how many bytes they may take between two calls of L{StateMachine.apply
            <replkv.kv.machine.StateMachine.apply>}; within one, those that it meets are added.
        """
        self.bytes = 0
        self._engine = engine
        self._mostBytes = mostBytes
        self._parts: list[dict[bytes, bytes | None]] = [{} for _ in range(_PARTS)]
        self._order: deque[bytes] = deque()

    def meet(self, names: Iterable[bytes]) -> int:
        """
        Read the heads of records that are not known. What is not written to the engine yet has to be known.

        @return: how many bytes were read: the engine knows whole records only.
        @raise EngineError: if the engine fails, or one of them is none.
        """
        parts = self._parts
        unknown = list(dict.fromkeys([name for name in names if name not in parts[hash(name) % _PARTS]]))
        size = 0
        if unknown:
            for name, stored in zip(unknown, self._engine.getMany(unknown), strict=True):
                self.keep(name, None if stored is None else packedHeadOf(stored))
                size += 0 if stored is None else len(stored)
        return size

    def find(self, name: bytes) -> StoredHead | None:
        """
        Tell the head of a record that was met; C{None} if there is no such record.
        """
        head = self._parts[hash(name) % _PARTS][name]
        return None if head is None else unpackHead(head)

    def keep(self, name: bytes, head: bytes | None) -> None:
        """
        Take note of what the head of a record is now.

        @param head: as it is stored; C{None} where there is no record any more.
        """
        heads = self._parts[hash(name) % _PARTS]
        if name not in heads:
            self._order.append(name)
            self.bytes += len(name) + HEAD_OVERHEAD
        heads[name] = head

    def settle(self) -> None:
        """
        What has changed is written to the engine: forget those that there is no room for.
        """
        while self.bytes > self._mostBytes:
            name = self._order.popleft()
            del self._parts[hash(name) % _PARTS][name]
            self.bytes -= len(name) + HEAD_OVERHEAD
