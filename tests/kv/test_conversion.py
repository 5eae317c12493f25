"""
Tests for L{replkv.kv.conversion}.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.logged import encodeClock
from replkv.kv.conversion import convert
from replkv.kv.engine import EngineError
from replkv.kv.limits import MACHINE_LIMITS, MachineLimits
from replkv.kv.machine import StateMachine
from replkv.kv.memory import MemoryEngine
from replkv.kv.record import Record
from replkv.kv.state import UnknownStore
from replkv.raft.entry import Entry
from tests.commands.logged import encodeDelete, encodeSet
from tests.kv.rocksfolder import RocksFolder

LIMITS = MachineLimits(readAhead=3)


def firstFormat(engine: MemoryEngine) -> dict[bytes, bytes]:
    """
    What an engine would have if it had been written in the first format.
    """
    values = {}
    for key, value in engine.scan(b"", b"\xff\xff", 10**6):
        match key[:1]:
            case b"k":
                values[key] = value[:16] + value[24:]
            case b"x":
                values[key] = b""
            case _:
                _, index, _, clock, keys, _ = struct.unpack(">IQQQQQ", value)
                values[key] = struct.pack(">QQQ", index, clock, keys)
    return values


def machineOf(count: int, seed: int = 0) -> MemoryEngine:
    """
    An engine in which a machine has held so many keys, of which some were deleted.
    """
    random = Random(seed)
    engine = MemoryEngine()
    machine = StateMachine(engine)
    log = [encodeClock(1)]
    log += [encodeSet(1, b"%d" % number, random.choice((0, 5, 9)), random.randbytes(9)) for number in range(count)]
    log += [encodeDelete(1, b"%d" % number) for number in range(0, count, 4)]
    machine.apply([Entry(index, 7, data) for index, data in enumerate(log, 1)])
    return engine


class CountingEngine(MemoryEngine):
    """
    An engine that counts its steps, and loses the power before one of them.

    @ivar left: how many steps it takes until then.
    """

    left = -1
    steps = 0

    def write(self, changes: Mapping[bytes, bytes | None]) -> None:
        """
        Write, and bring it to the disk.
        """
        if self.left == 0:
            raise EngineError("the power is gone")
        self.left -= 1
        self.steps += 1
        super().write(changes)
        self.flush()


def contents(engine: MemoryEngine) -> Sequence[tuple[bytes, bytes]]:
    """
    All that is in an engine.
    """
    return engine.scan(b"", b"\xff\xff", 10**6)


class ConversionTests(SynchronousTestCase):
    """
    Tests for L{convert}, which takes three records at a time here.
    """

    def termOf(self, index: int) -> int:
        """
        The term of the last entry applied.
        """
        self.assertNotEqual(index, 0)
        return 7

    def test_whole(self) -> None:
        """
        A store is converted to what it would be if it had never had another format, to the byte, whatever number of
        records it has.
        """
        for count in range(12):
            expected = machineOf(count, count)
            engine = MemoryEngine(firstFormat(expected))
            self.assertEqual(convert(engine, self.termOf, LIMITS), StateMachine(expected).keys)
            self.assertEqual(contents(engine), contents(expected))

    def test_cutOff(self) -> None:
        """
        Whatever step the power is lost before, the conversion goes on from there, and leaves the same. Meanwhile no
        machine takes the store for a whole one.
        """
        expected = machineOf(21)
        counted = CountingEngine(firstFormat(expected))
        records = convert(counted, self.termOf, LIMITS)
        self.assertEqual((records, counted.steps), (15, 6))
        for left in range(counted.steps):
            engine = CountingEngine(firstFormat(expected))
            engine.left = left
            self.assertRaises(EngineError, convert, engine, self.termOf, LIMITS)
            after = engine.crash()
            self.assertRaises(EngineError, StateMachine, after)
            self.assertEqual(convert(after, self.termOf, LIMITS), records - 3 * left)
            self.assertEqual(contents(after), contents(expected))

    def test_oldVersionRefuses(self) -> None:
        """
        From the first step on, the machine's state has another length than a version of the first format looks for.
        """
        for left in range(1, 6):
            engine = CountingEngine(firstFormat(machineOf(21)))
            engine.left = left
            self.assertRaises(EngineError, convert, engine, self.termOf, LIMITS)
            self.assertNotEqual(len(engine.get(b"m") or b""), 24)

    def test_nothingToDo(self) -> None:
        """
        A new store, and one that is of this format already, are left alone.
        """
        self.assertEqual(convert(MemoryEngine(), self.termOf, LIMITS), 0)
        engine = CountingEngine(dict(contents(machineOf(9))))
        self.assertEqual(convert(engine, self.termOf, LIMITS), 0)
        self.assertEqual(engine.steps, 0)

    def test_strangeStore(self) -> None:
        """
        A store of a later format, and one that no replkv has left, are refused and not changed.
        """
        for error, values in (
            (UnknownStore, {b"m": struct.pack(">I", 3) + bytes(40)}),
            (EngineError, {b"m": bytes(23)}),
            (EngineError, {b"m": bytes(24), b"ka": bytes(15)}),
        ):
            engine = CountingEngine(values)
            self.assertRaises(error, convert, engine, lambda index: 0, LIMITS)
            self.assertEqual((dict(contents(engine)), engine.steps), (values, 0))

    def test_onDisk(self) -> None:
        """
        So it is on the disk, where the machine then goes on.
        """
        expected = machineOf(200)
        folder = RocksFolder()
        self.addCleanup(folder.remove)
        rocks = folder.open()
        rocks.write(firstFormat(expected))
        rocks.flush()
        convert(rocks, self.termOf, MACHINE_LIMITS)
        rocks = folder.crash(rocks)
        self.addCleanup(rocks.close)
        convert(rocks, self.termOf, MACHINE_LIMITS)
        self.assertEqual(rocks.scan(b"", b"\xff\xff", 10**6), contents(expected))
        machine = StateMachine(rocks)
        machine.apply([Entry(machine.appliedIndex + 1, 7, encodeSet(1, b"1", 0, b"new"))])
        self.assertEqual(machine.read(b"1"), Record(machine.appliedIndex, 0, b"new"))
