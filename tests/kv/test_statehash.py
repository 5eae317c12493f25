"""
Tests for the hash of a machine's state, and the checksums of its records.
"""

from __future__ import annotations

from replkv.commands.logged import encodeClock
from replkv.commands.results import Deleted
from replkv.kv.machine import StateMachine
from replkv.kv.memory import MemoryEngine
from replkv.kv.record import Record, RottenRecord
from replkv.raft.entry import Entry
from tests.commands.logged import encodeDelete, encodeSet, encodeTouch
from tests.kv.machinecase import MachineCase


class HashTests(MachineCase):
    """
    Tests for the hash of the state and the checksums of the records.
    """

    def hashOf(self, *commands: bytes) -> int:
        """
        The hash of a machine that has applied these, and nothing else.
        """
        machine = StateMachine(MemoryEngine())
        machine.apply([Entry(index, 1, data) for index, data in enumerate(commands, 1)])
        return machine.hash

    def test_isOfTheRecords(self) -> None:
        """
        The hash is the sum of what the records add to it, so it is the same whatever was there before and is not any
        more: replaced, deleted or purged.
        """
        self.assertEqual(self.kv.hash, 0)
        self.apply(encodeSet(1, b"a", 0, b"one"))
        one = self.kv.hash
        self.apply(encodeSet(1, b"b", 0, b"two"), encodeSet(1, b"c", 1, b"brief"))
        three = self.kv.hash
        self.assertEqual(len({0, one, three}), 3)
        self.apply(encodeTouch(1, b"b", 0), encodeSet(1, b"b", 2, b"three"), encodeDelete(1, b"b"))
        self.apply(encodeClock(3000))
        self.assertEqual((self.kv.hash, self.kv.keys), (one, 1))
        self.apply(encodeDelete(3000, b"a"))
        self.assertEqual(self.kv.hash, 0)

    def test_saysEverything(self) -> None:
        """
        It differs where a key, a value, a version or a deadline does, or only what belongs together.
        """
        commands = [
            [encodeSet(1, b"a", 0, b"1")],
            [encodeSet(1, b"b", 0, b"1")],
            [encodeSet(1, b"a", 0, b"2")],
            [encodeSet(1, b"a1", 0, b"")],
            [encodeSet(1, b"a", 1, b"1")],
            [encodeSet(1, b"a", 2, b"1")],
            [b"", encodeSet(1, b"a", 0, b"1")],
            [encodeSet(1, b"a", 0, b"1"), encodeSet(1, b"b", 0, b"2")],
            [encodeSet(1, b"a", 0, b"2"), encodeSet(1, b"b", 0, b"1")],
        ]
        self.assertEqual(len({self.hashOf(*log) for log in commands}), len(commands))

    def test_sameForAll(self) -> None:
        """
        It does not depend on the engine, the process or the machine, nor on the version of replkv.
        """
        self.assertEqual(self.hashOf(encodeSet(1, b"a", 5, b"one"), encodeSet(1, b"b", 0, b"")), 10887806955989185904)

    def test_purgeReadsNothing(self) -> None:
        """
        What is purged is not read for it.
        """
        self.apply(encodeSet(0, b"a", 1, b"one"))
        self.patch(self.engine, "get", None)
        self.patch(self.engine, "getMany", None)
        self.apply(encodeClock(1000))
        self.assertEqual((self.kv.keys, self.kv.hash), (0, 0))

    def rot(self, name: bytes, place: int) -> None:
        """
        Have a bit rot in what the engine has.
        """
        stored = bytearray(self.engine.get(name) or b"")
        stored[place] ^= 16
        self.engine.write({name: bytes(stored)})

    def test_rottenRecord(self) -> None:
        """
        A record in which any bit has rotted is not told to anyone, nor written anew by a touch: that is an error. A set
        puts a new record in its place, and a delete takes it away, whatever its value has become.
        """
        for place in range(24 + 3):
            self.setUp()
            self.apply(encodeSet(1, b"a", 9, b"one"), encodeSet(1, b"b", 0, b"two"))
            self.rot(b"ka", place)
            self.assertRaises(RottenRecord, self.kv.read, b"a")
            self.assertEqual(self.kv.read(b"b"), Record(2, 0, b"two"))
        touched = StateMachine(self.engine)
        self.assertRaises(RottenRecord, touched.apply, [Entry(3, 1, encodeTouch(1, b"a", 0))])
        self.kv = StateMachine(self.engine)
        self.apply(encodeSet(1, b"a", 0, b"new"))
        self.assertEqual(self.kv.read(b"a"), Record(3, 0, b"new"))
        self.rot(b"kb", 25)
        self.assertEqual(self.apply(encodeDelete(1, b"b"), encodeDelete(1, b"a")), [Deleted(), Deleted()])
        self.assertEqual((self.kv.keys, self.kv.hash), (0, 0))

    def test_anotherKeysRecord(self) -> None:
        """
        The record of one key is not taken for that of another.
        """
        self.apply(encodeSet(1, b"a", 0, b"one"), encodeSet(1, b"b", 0, b"two"))
        self.engine.write({b"ka": self.engine.get(b"kb")})
        self.assertRaises(RottenRecord, self.kv.read, b"a")

    def test_rottenIsTold(self) -> None:
        """
        The operator is told in one line which record it is, in a form that fits every terminal.
        """
        self.assertEqual(
            str(RottenRecord(b"key")),
            "the store's record of the key key does not fit its checksum: it is not what was written",
        )
        self.assertIn(r" of the key \x00\n%\xff does not", str(RottenRecord(b"\0\n%\xff")))
        self.assertIn(f" of the key {'k' * 60} does not", str(RottenRecord(b"k" * 60)))
        self.assertIn(f" of the key {'k' * 60}..., of 250 bytes does not", str(RottenRecord(b"k" * 250)))
