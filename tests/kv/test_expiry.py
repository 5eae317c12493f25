"""
Tests for L{replkv.kv.expiry}.
"""

from __future__ import annotations

import struct
from random import Random
from zlib import crc32

from twisted.trial.unittest import SynchronousTestCase

from replkv.kv.engine import EngineError
from replkv.kv.expiry import NEVER, ExpiryIndex, entryOf
from replkv.kv.memory import MemoryEngine


def hashFor(deadline: int, key: bytes) -> int:
    """
    The hash that the record of a key has here.
    """
    return crc32(key, deadline) << 32


class CountingEngine(MemoryEngine):
    """
    An engine that counts how often it is scanned.
    """

    scans = 0

    def scan(self, start: bytes, stop: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """
        Count, and scan.
        """
        self.scans += 1
        return super().scan(start, stop, limit)


class ExpiryIndexTests(SynchronousTestCase):
    """
    Tests for L{ExpiryIndex}, which reads two entries ahead here and holds four at most.
    """

    def setUp(self) -> None:
        """
        Make an empty index.
        """
        self.engine = CountingEngine()
        self.changes: dict[bytes, bytes | None] = {}
        self.index = ExpiryIndex(self.engine, self.changes, frontLength=2)

    def write(self) -> None:
        """
        Write the changes, as the state machine does at the end of a call.
        """
        self.engine.write(self.changes)
        self.changes.clear()
        self.index.settle()

    def add(self, deadline: int, key: bytes) -> None:
        """
        Put a key into the index.
        """
        self.index.add(deadline, key, hashFor(deadline, key))

    def due(self, index: ExpiryIndex, clock: int, limit: int) -> list[bytes]:
        """
        Take out keys that are due, each of which must have its hash.
        """
        taken = index.takeDue(clock, limit)
        for key, found in taken:
            self.assertEqual(found & (1 << 32) - 1, 0)
            self.assertIn(found, [hashFor(deadline, key) for deadline in range(clock + 1)])
        return [key for key, _ in taken]

    def test_layout(self) -> None:
        """
        An entry is the prefix, the deadline and the key, and its value is the hash: stores that have it so must be
        read.
        """
        self.index.add(258, b"key", 2**64 - 2)
        self.write()
        self.assertEqual(
            self.engine.scan(b"", b"\xff", 9),
            [(b"x" + struct.pack(">Q", 258) + b"key", b"\xff\xff\xff\xff\xff\xff\xff\xfe")],
        )
        self.assertEqual(entryOf(258, b"key", 2**64 - 2), *self.engine.scan(b"", b"\xff", 9))

    def test_earliest(self) -> None:
        """
        The earliest deadline is known after each change.
        """
        self.assertEqual(self.index.earliest, NEVER)
        self.add(20, b"a")
        self.assertEqual(self.index.earliest, 20)
        self.add(10, b"b")
        self.assertEqual(self.index.earliest, 10)
        self.add(30, b"c")
        self.assertEqual(self.index.earliest, 10)
        self.index.remove(10, b"b")
        self.assertEqual(self.index.earliest, 20)
        self.assertEqual(self.due(self.index, 20, 9), [b"a"])
        self.assertEqual(self.index.earliest, 30)
        self.index.remove(30, b"c")
        self.assertEqual(self.index.earliest, NEVER)

    def test_order(self) -> None:
        """
        Due keys come in the order of their deadlines, and of their bytes where those are the same, as many as are
        asked for, and those that are not due stay.
        """
        for deadline, key in ((300, b"z"), (10, b"b"), (10, b"a"), (256, b"c"), (255, b"d"), (301, b"a")):
            self.add(deadline, key)
        self.assertEqual(self.due(self.index, 300, 2), [b"a", b"b"])
        self.assertEqual(self.due(self.index, 300, 9), [b"d", b"c", b"z"])
        self.assertEqual(self.due(self.index, 300, 9), [])
        self.assertEqual(self.index.earliest, 301)

    def test_reopened(self) -> None:
        """
        An index that is made on an engine goes on with what is there.
        """
        for number in range(9):
            self.add(number, b"%d" % number)
        self.write()
        index = ExpiryIndex(self.engine, self.changes, frontLength=2)
        self.assertEqual(index.earliest, 0)
        self.assertEqual(self.due(index, 6, 9), [b"%d" % number for number in range(7)])
        self.assertEqual(index.earliest, 7)

    def test_frontIsBounded(self) -> None:
        """
        However many entries there are, no more than twice as many are held as are read ahead, in whatever order they
        come; none is lost by that, written or not.
        """
        for deadline in (5, 9, 1, 7, 3, 8, 2, 6, 4, 0):
            self.add(deadline, b"early")
            self.assertTrue(len(self.index._front) <= 4)
        self.assertEqual(self.due(self.index, 4, 5), [b"early"] * 5)
        self.write()
        self.assertEqual(self.due(self.index, 9, 9), [b"early"] * 5)

    def test_beyondHorizon(self) -> None:
        """
        Entries that are beyond the front, and come and go there before they are written, are seen when the front gets
        there.
        """
        for deadline in range(10, 16):
            self.add(deadline, b"old")
        self.write()
        self.index.remove(14, b"old")
        self.add(15, b"new")
        self.add(16, b"gone")
        self.index.remove(16, b"gone")
        self.index.remove(15, b"old")
        self.add(15, b"old")
        self.assertEqual(self.due(self.index, 99, 99), [b"old"] * 4 + [b"new", b"old"])
        self.assertEqual(self.index.earliest, NEVER)

    def test_goneFromTheFront(self) -> None:
        """
        An entry that was taken out of the front stays out where the front is cut before its place, and read on from
        there, before that is written.
        """
        for deadline in (10, 11, 12, 13):
            self.add(deadline, b"old")
        self.write()
        self.index.remove(13, b"old")
        self.add(11, b"new")
        self.add(11, b"newer")
        self.assertEqual(self.due(self.index, 99, 99), [b"old", b"new", b"newer", b"old", b"old"])
        self.assertEqual(self.index.earliest, NEVER)

    def test_limitAcrossFronts(self) -> None:
        """
        The limit counts for all that is taken, where that takes reading on.
        """
        for deadline in range(8):
            self.add(deadline, b"%d" % deadline)
        self.write()
        index = ExpiryIndex(self.engine, self.changes, frontLength=2)
        self.assertEqual(self.due(index, 99, 3), [b"0", b"1", b"2"])
        self.assertEqual(self.due(index, 99, 5), [b"3", b"4", b"5", b"6", b"7"])

    def test_goneBeforeTheyAreRead(self) -> None:
        """
        Where all that is read on has been taken out meanwhile, reading goes on until there is an entry.
        """
        for deadline in range(8):
            self.add(deadline, b"key")
        self.write()
        index = ExpiryIndex(self.engine, self.changes, frontLength=2)
        for deadline in (2, 3, 4, 5):
            index.remove(deadline, b"key")
        self.assertEqual(self.due(index, 1, 9), [b"key", b"key"])
        self.assertEqual(index.earliest, 6)

    def test_readAhead(self) -> None:
        """
        The engine is asked once per front, not once per key, and not again for what lies behind.
        """
        for deadline in range(8):
            self.add(deadline, b"key")
        self.write()
        index = ExpiryIndex(self.engine, self.changes, frontLength=2)
        self.engine.scans = 0
        for clock in range(8):
            self.assertEqual(self.due(index, clock, 9), [b"key"])
        self.assertEqual(self.engine.scans, 4)

    def test_notThere(self) -> None:
        """
        An entry that should be in the index but is not is an error: the store is damaged.
        """
        self.add(10, b"a")
        error = self.assertRaises(EngineError, self.index.remove, 11, b"a")
        self.assertEqual(str(error), "the index of expiring keys lacks b'a' with deadline 11")

    def test_newHash(self) -> None:
        """
        A key that comes again with the same deadline has the hash that it came with last, wherever its entry is: in
        the front or beyond, written or not.
        """
        for place in range(4):
            for isWritten in (False, True):
                for deadline in range(4):
                    self.index.add(deadline, b"key", 1)
                if isWritten:
                    self.write()
                    self.index = ExpiryIndex(self.engine, self.changes, frontLength=2)
                self.index.remove(place, b"key")
                self.index.add(place, b"key", 2)
                taken = [recordHash for _, recordHash in self.index.takeDue(9, 9)]
                self.assertEqual(taken, [2 if deadline == place else 1 for deadline in range(4)])
                self.write()

    def test_anyOrder(self) -> None:
        """
        Whatever comes and goes in whatever order, written now and then, or read anew: the index has what a list has in
        which all that is looked for.
        """
        for seed in range(60):
            self.setUp()
            random = Random(seed)
            self.index = ExpiryIndex(self.engine, self.changes, random.randint(1, 3))
            there: dict[tuple[int, bytes], int] = {}
            for _ in range(150):
                entry = deadline, key = random.randrange(12), random.choice((b"a", b"b", b"ba"))
                match random.choice(("add", "add", "add", "remove", "remove", "take", "write", "open")):
                    case "add":
                        if entry in there:
                            self.index.remove(deadline, key)
                        there[entry] = random.getrandbits(64)
                        self.index.add(deadline, key, there[entry])
                    case "remove" if there:
                        deadline, key = entry = random.choice(list(there))
                        del there[entry]
                        self.index.remove(deadline, key)
                    case "take":
                        limit = random.randint(1, 5)
                        due = sorted(other for other in there if other[0] <= deadline // 2)[:limit]
                        expected = [(other[1], there.pop(other)) for other in due]
                        self.assertEqual(self.index.takeDue(deadline // 2, limit), expected)
                    case "write":
                        self.write()
                    case "open":
                        self.write()
                        self.index = ExpiryIndex(self.engine, self.changes, random.randint(1, 3))
                self.assertEqual(self.index.earliest, min(there)[0] if there else NEVER)
            self.write()
            self.assertEqual(
                self.engine.scan(b"", b"\xff", 999), [entryOf(*entry, there[entry]) for entry in sorted(there)]
            )
