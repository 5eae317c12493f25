"""
Tests for L{replkv.kv.machine}.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.logged import encodeClock
from replkv.commands.results import Deleted, NotFound, Result, Stored, Touched, VersionMismatch
from replkv.kv.engine import EngineError
from replkv.kv.limits import MACHINE_LIMITS, MachineLimits
from replkv.kv.machine import StateMachine
from replkv.kv.memory import MemoryEngine, read
from replkv.kv.record import Record, RottenRecord
from replkv.kv.state import MachineState, UnknownStore
from replkv.raft.entry import Entry
from replkv.times import FAR_FUTURE
from tests.commands.logged import encodeCas, encodeDelete, encodeSet, encodeTouch


class RecordingEngine(MemoryEngine):
    """
    An engine that records the steps that it takes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[dict[bytes, bytes | None]] = []

    def write(self, changes: Mapping[bytes, bytes | None]) -> None:
        """
        Record, and write.
        """
        self.steps.append(dict(changes))
        super().write(changes)


class MachineCase(SynchronousTestCase):
    """
    A state machine in memory.
    """

    def setUp(self) -> None:
        """
        Make a machine.
        """
        self.engine = RecordingEngine()
        self.kv = StateMachine(self.engine)

    def apply(self, *commands: bytes) -> list[Result | None]:
        """
        Apply commands, in one call, as the entries that come next.
        """
        return self.kv.apply([Entry(index, 1, data) for index, data in enumerate(commands, self.kv.appliedIndex + 1)])


class CommandTests(MachineCase):
    """
    Tests for what each command does.
    """

    def test_set(self) -> None:
        """
        A set stores, and the version is the index of its entry.
        """
        self.assertEqual(self.apply(b"", encodeSet(1, b"a", 0, b"one")), [None, Stored(2)])
        self.assertEqual(self.kv.read(b"a"), Record(2, 0, b"one"))
        self.assertIsNone(self.kv.read(b"b"))
        self.assertEqual(self.apply(encodeSet(1, b"a", 0, b"")), [Stored(3)])
        self.assertEqual(self.kv.read(b"a"), Record(3, 0, b""))

    def test_cas(self) -> None:
        """
        A cas stores if the version is the one that it names, and says what was wrong if not.
        """
        self.assertEqual(self.apply(encodeCas(1, b"a", 0, 0, b"x")), [NotFound()])
        self.apply(encodeSet(1, b"a", 0, b"one"))
        self.assertEqual(self.apply(encodeCas(1, b"a", 0, 1, b"x")), [VersionMismatch()])
        self.assertEqual(self.kv.read(b"a"), Record(2, 0, b"one"))
        self.assertEqual(self.apply(encodeCas(1, b"a", 0, 2, b"two")), [Stored(4)])
        self.assertEqual(self.kv.read(b"a"), Record(4, 0, b"two"))

    def test_delete(self) -> None:
        """
        A delete takes away what is there, once.
        """
        self.apply(encodeSet(1, b"a", 0, b"one"))
        self.assertEqual(self.apply(encodeDelete(1, b"a"), encodeDelete(1, b"a")), [Deleted(), NotFound()])
        self.assertIsNone(self.kv.read(b"a"))
        self.assertEqual(self.apply(encodeCas(1, b"a", 0, 1, b"x")), [NotFound()])

    def test_touch(self) -> None:
        """
        A touch gives what is there another deadline and another version; its value stays. The old deadline does
        nothing.
        """
        self.assertEqual(self.apply(encodeTouch(1, b"a", 5)), [NotFound()])
        self.apply(encodeSet(0, b"a", 2, b"one"))
        self.assertEqual(self.apply(encodeTouch(1000, b"a", 5)), [Touched()])
        self.assertEqual((self.kv.read(b"a"), self.kv.nextDeadline), (Record(3, 6000, b"one"), 6000))
        self.assertEqual(self.apply(encodeCas(1000, b"a", 0, 2, b"x")), [VersionMismatch()])
        self.apply(encodeTouch(2000, b"a", 0), encodeClock(9000))
        self.assertEqual((self.kv.read(b"a"), self.kv.nextDeadline), (Record(5, 0, b"one"), None))
        self.apply(encodeTouch(9000, b"a", 1))
        self.assertEqual(self.apply(encodeTouch(10000, b"a", 1)), [NotFound()])
        self.assertEqual(self.kv.keys, 0)

    def test_withinOneCall(self) -> None:
        """
        Commands of one call see what those before them did.
        """
        results = self.apply(
            encodeSet(1, b"a", 0, b"one"),
            encodeCas(1, b"a", 0, 1, b"two"),
            encodeCas(1, b"a", 0, 1, b"three"),
            encodeDelete(1, b"a"),
            encodeCas(1, b"a", 0, 2, b"four"),
        )
        stored = [Stored(1), Stored(2)]
        self.assertEqual(results, [*stored, VersionMismatch(), Deleted(), NotFound()])
        self.assertEqual((self.kv.keys, self.kv.read(b"a")), (0, None))
        results = self.apply(encodeSet(1, b"a", 0, b"one"), encodeTouch(1, b"a", 0), encodeCas(1, b"a", 0, 7, b"two"))
        self.assertEqual(results, [Stored(6), Touched(), Stored(8)])
        self.apply(encodeTouch(1, b"a", 0))
        self.assertEqual(self.kv.read(b"a"), Record(9, 0, b"two"))

    def test_oneWrite(self) -> None:
        """
        A call is one atomic step of the engine, however many entries it has; a call without entries is none.
        """
        self.apply(*[encodeSet(1, b"%d" % number, 1, b"") for number in range(1000)], encodeClock(5000))
        self.assertEqual(len(self.engine.steps), 1)
        self.assertEqual(self.apply(), [])
        self.assertEqual(len(self.engine.steps), 1)

    def test_muchToCopy(self) -> None:
        """
        Where values are to be written anew, a call goes on until it has read enough of them, and leaves the rest; it is
        whole all the same. What is stored anew does not count.
        """
        self.kv = StateMachine(self.engine, MachineLimits(readAhead=2, copiedBytes=100))
        keys = [b"%d" % number for number in range(8)]
        self.assertEqual(len(self.apply(*[encodeSet(1, key, 0, bytes(60)) for key in keys])), 8)
        touches = [Entry(index, index, encodeTouch(1, key, 0)) for index, key in enumerate(keys, 9)]
        self.assertEqual(self.kv.apply(touches), [Touched()] * 2)
        self.assertEqual((self.kv.appliedIndex, len(self.engine.steps)), (10, 2))
        again = StateMachine(self.engine)
        for machine in (self.kv, again):
            self.assertEqual((machine.appliedIndex, machine.appliedTerm), (10, 10))
        self.assertEqual(self.kv.apply(touches[2:]), [Touched()] * 2)
        self.assertEqual(self.kv.read(b"3"), Record(12, 0, bytes(60)))

    def test_nothingIsCarriedOver(self) -> None:
        """
        A call writes what it changed itself, and holds nothing of it afterwards.
        """
        self.kv = StateMachine(self.engine, MachineLimits(frontLength=1))
        self.apply(*[encodeSet(1, b"%d" % number, 1, b"") for number in range(9)])
        self.apply(encodeSet(1, b"a", 0, b""))
        self.assertEqual(self.engine.steps[1].keys(), {b"ka", b"m"})
        records = self.kv._records
        self.assertEqual((records.changes, records._heads, records.expiry._beyond), ({}, {}, {}))

    def test_clock(self) -> None:
        """
        The clock is the largest stamp so far; it does not go back.
        """
        self.assertEqual(self.apply(encodeClock(7), b""), [None, None])
        self.apply(encodeSet(5, b"a", 0, b""))
        self.assertEqual(self.kv.clock, 7)
        self.apply(encodeDelete(9, b"nothing"))
        self.assertEqual(self.kv.clock, 9)

    def test_keys(self) -> None:
        """
        The number of keys counts each key once.
        """
        self.apply(encodeSet(1, b"a", 0, b""), encodeSet(1, b"b", 0, b""), encodeSet(1, b"a", 9, b""))
        self.assertEqual(self.kv.keys, 2)
        self.apply(encodeDelete(1, b"a"), encodeDelete(1, b"a"))
        self.assertEqual(self.kv.keys, 1)


class ExpiryTests(MachineCase):
    """
    Tests for the expiry of keys.
    """

    def test_expires(self) -> None:
        """
        A key is visible until the clock reaches its deadline; then it is gone, and its memory is free, without being
        read.
        """
        self.apply(encodeSet(1000, b"a", 2, b"one"))
        self.assertEqual((self.kv.read(b"a"), self.kv.nextDeadline), (Record(1, 3000, b"one"), 3000))
        self.apply(encodeClock(2999))
        self.assertEqual(self.kv.read(b"a"), Record(1, 3000, b"one"))
        self.apply(encodeClock(3000))
        self.assertEqual((self.kv.read(b"a"), self.kv.keys, self.kv.nextDeadline), (None, 0, None))
        self.assertEqual([key for key, _ in self.engine.scan(b"", b"\xff", 9)], [b"m"])

    def test_commandSeesItsOwnTime(self) -> None:
        """
        A command's own stamp decides what it finds.
        """
        self.apply(encodeSet(1000, b"a", 2, b"one"))
        self.assertEqual(self.apply(encodeCas(3000, b"a", 0, 1, b"two")), [NotFound()])
        self.apply(encodeSet(3000, b"a", 1, b"one"))
        self.assertEqual(self.apply(encodeDelete(4000, b"a")), [NotFound()])

    def test_setAgain(self) -> None:
        """
        A key that is set again has its new deadline, earlier or later or none; the old one does nothing.
        """
        self.apply(encodeSet(0, b"a", 5, b""), encodeSet(0, b"a", 9, b"later"))
        self.apply(encodeSet(0, b"b", 5, b""), encodeSet(0, b"b", 0, b"never"))
        self.apply(encodeSet(0, b"c", 5, b""), encodeSet(0, b"c", 5, b"same"))
        self.apply(encodeSet(0, b"d", 5, b""), encodeSet(0, b"d", 1, b"earlier"))
        self.assertEqual(self.kv.nextDeadline, 1000)
        self.apply(encodeClock(1000))
        self.assertEqual([self.kv.read(key) is None for key in (b"a", b"b", b"c", b"d")], [False, False, False, True])
        self.apply(encodeClock(5000))
        self.assertEqual([self.kv.read(key) is None for key in (b"a", b"b", b"c", b"d")], [False, False, True, True])
        self.assertEqual((self.kv.keys, self.kv.nextDeadline), (2, 9000))

    def test_deletedAndSetAgain(self) -> None:
        """
        The deadline of a key that was deleted does nothing to the key's next life.
        """
        self.apply(encodeSet(0, b"a", 5, b""), encodeDelete(0, b"a"))
        self.assertIsNone(self.kv.nextDeadline)
        self.apply(encodeSet(0, b"a", 0, b"again"), encodeClock(5000))
        self.assertEqual(self.kv.read(b"a"), Record(3, 0, b"again"))

    def test_failedCasKeepsTheDeadline(self) -> None:
        """
        A cas that does not store changes no deadline.
        """
        self.apply(encodeSet(0, b"a", 5, b""), encodeCas(0, b"a", 0, 9, b""))
        self.assertEqual(self.kv.nextDeadline, 5000)

    def test_farFuture(self) -> None:
        """
        A key that expires in the far future is there until then.
        """
        self.apply(encodeSet(1, b"a", 2**64 - 1, b""), encodeClock(FAR_FUTURE - 1))
        self.assertEqual(self.kv.read(b"a"), Record(1, FAR_FUTURE, b""))
        self.apply(encodeClock(FAR_FUTURE))
        self.assertIsNone(self.kv.read(b"a"))

    def test_stampOfThePast(self) -> None:
        """
        A key whose deadline is past already when it is set is never seen.
        """
        self.apply(encodeClock(9000))
        self.assertEqual(self.apply(encodeSet(1000, b"a", 2, b"")), [Stored(2)])
        self.assertEqual((self.kv.read(b"a"), self.kv.keys), (None, 0))


class PurgeTests(MachineCase):
    """
    Tests for the freeing of expired keys.
    """

    def test_bounded(self) -> None:
        """
        No entry frees more than the limit, the earliest deadlines first; the next entries, even no-ops, go on, and the
        next deadline tells that there is more to do.
        """
        limit = MACHINE_LIMITS.purged
        count = 2 * limit + 1
        self.apply(*[encodeSet(0, b"%04d" % (count - number), 1 + number, b"") for number in range(count)])
        self.apply(encodeClock(count * 1000))
        self.assertEqual((self.kv.keys, self.kv.nextDeadline), (count - limit, (limit + 1) * 1000))
        self.apply(b"")
        self.assertEqual((self.kv.keys, self.kv.nextDeadline), (1, count * 1000))
        self.apply(b"")
        self.assertEqual((self.kv.keys, self.kv.nextDeadline), (0, None))

    def test_expiredButHeld(self) -> None:
        """
        An expired key that is not freed yet behaves as if it were: it is not read, a cas and a delete do not find it,
        and a set makes a new one, which the purge of the old one does not touch.
        """
        self.kv = StateMachine(self.engine, MachineLimits(purged=0))
        self.apply(encodeSet(0, b"a", 1, b""), encodeSet(0, b"b", 1, b""), encodeClock(1000))
        self.assertEqual((self.kv.keys, self.kv.read(b"a"), self.kv.read(b"b")), (2, None, None))
        self.assertEqual(self.apply(encodeCas(1000, b"a", 0, 1, b"")), [NotFound()])
        self.assertEqual(self.apply(encodeDelete(1000, b"a")), [NotFound()])
        self.assertEqual(self.apply(encodeSet(1000, b"a", 0, b"new")), [Stored(6)])
        self.assertEqual(self.kv.keys, 2)
        self.kv = StateMachine(self.engine, MachineLimits(purged=9))
        self.apply(b"")
        self.assertEqual((self.kv.keys, self.kv.read(b"a")), (1, Record(6, 0, b"new")))

    def test_many(self) -> None:
        """
        Keys that expire all at once, many more than are read ahead, are freed to the last, also by one call.
        """
        count = 3 * MACHINE_LIMITS.frontLength
        self.apply(*[encodeSet(0, b"%06d" % number, 1, b"") for number in range(count)])
        self.apply(*[encodeClock(1000)] * (count // MACHINE_LIMITS.purged))
        self.assertEqual((self.kv.keys, self.kv.nextDeadline), (0, None))
        self.assertEqual([key for key, _ in self.engine.scan(b"", b"\xff", 9)], [b"m"])


class RestartTests(MachineCase):
    """
    Tests for a machine that goes on from an engine.
    """

    def test_goesOn(self) -> None:
        """
        A machine that is made on what another one flushed has all of its state, and the rest can be replayed.
        """
        self.apply(encodeSet(1000, b"a", 5, b"one"), encodeSet(2000, b"b", 0, b"two"))
        self.kv.flush()
        self.apply(encodeDelete(9000, b"b"))
        self.kv = StateMachine(self.engine.crash())
        self.assertEqual((self.kv.appliedIndex, self.kv.clock, self.kv.keys), (2, 2000, 2))
        self.assertEqual((self.kv.nextDeadline, self.kv.read(b"b")), (6000, Record(2, 0, b"two")))
        self.assertEqual(self.apply(encodeDelete(9000, b"b")), [Deleted()])
        self.assertEqual((self.kv.appliedIndex, self.kv.keys), (3, 0))

    def test_layout(self) -> None:
        """
        The records and the machine's own state stay as they are: stores that have them so must be read.
        """
        self.apply(b"", encodeSet(1000, b"key", 2, b"value"))
        recordHash = 0xB44F401989BF74FB
        self.assertEqual(self.engine.get(b"kkey"), struct.pack(">QQQ", 2, 3000, recordHash) + b"value")
        self.assertEqual(self.engine.get(b"m"), struct.pack(">IQQQQQ", 2, 2, 1, 1000, 1, recordHash))

    def test_gap(self) -> None:
        """
        Entries that are not the next ones, at the start of a call or within it, are refused and change nothing.
        """
        self.apply(encodeSet(1, b"a", 0, b""))
        for indexes in ((1,), (3,), (2, 4), (2, 2)):
            entries = [Entry(index, 1, encodeDelete(1, b"a")) for index in indexes]
            self.assertRaises(ValueError, self.kv.apply, entries)
        self.assertEqual((self.kv.appliedIndex, self.kv.read(b"a")), (1, Record(1, 0, b"")))

    def test_noCommand(self) -> None:
        """
        An entry that is no command is refused, and those before it in the call are not applied either.
        """
        self.assertRaises(ValueError, self.apply, encodeSet(1, b"a", 0, b""), b"nonsense")
        self.assertEqual((self.kv.appliedIndex, self.kv.keys, self.kv.read(b"a")), (0, 0, None))

    def test_strangeStore(self) -> None:
        """
        A store that no state machine has left is refused: keys without its state, or a state of another length or of a
        format that there never was. So is one that is to be converted first.
        """
        for state in (None, b"", b"\0\0\0", b"\0" * 23, b"\0" * 44, struct.pack(">I", 2) + b"\0" * 39):
            values = {b"ka": b"\0" * 24} if state is None else {b"m": state}
            self.assertRaises(EngineError, StateMachine, MemoryEngine(values))
        error = self.assertRaises(EngineError, StateMachine, MemoryEngine({b"m": b"\0" * 24}))
        self.assertEqual(str(error), "the store is of the first format, and was not converted")
        error = self.assertRaises(EngineError, StateMachine, MemoryEngine({b"m": MachineState().encode() + b"ka"}))
        self.assertEqual(str(error), "the store is in the middle of a conversion")

    def test_newerStore(self) -> None:
        """
        A store of a later format is refused, however long its state is, in words that say what to do.
        """
        for length in (0, 19, 21, 40, 99):
            error = self.assertRaises(UnknownStore, StateMachine, MemoryEngine({b"m": b"\0\0\0\3" + bytes(length)}))
            self.assertEqual(
                str(error),
                "the store has format 3, and this version of replkv knows none after 2: it was made by a newer replkv; "
                "start that version. Nothing in it was changed",
            )

    def test_shortRecord(self) -> None:
        """
        A record that is too short to be one is an error, when it is read and when it is written over.
        """
        self.engine.write({b"ka": b"\0" * 23})
        self.assertRaises(EngineError, self.kv.read, b"a")
        self.assertRaises(EngineError, self.apply, encodeSet(1, b"a", 0, b""))


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


class CheckpointTests(MachineCase):
    """
    Tests for copies of a machine's store, and for a machine that goes on from one.
    """

    def setUp(self) -> None:
        """
        Make a machine that has a disk, and another one.
        """
        super().setUp()
        self.files: dict[str, bytes] = {}
        self.kv = StateMachine(MemoryEngine(save=self.files.__setitem__))
        self.apply(encodeSet(1000, b"a", 5, b"one"), encodeSet(2000, b"b", 0, b"two"))

    def checkpoint(self) -> MemoryEngine:
        """
        Make a copy, and open it.
        """
        self.kv.checkpoint("/copy")
        return MemoryEngine(read(self.files["/copy/values"]))

    def test_saysItself(self) -> None:
        """
        A copy says itself what it is a copy of; a machine that is made on it goes on from there.
        """
        copied, before = StateMachine(self.checkpoint()), self.kv.hash
        self.apply(encodeDelete(2000, b"a"))
        self.assertEqual((copied.appliedIndex, copied.appliedTerm, copied.clock), (2, 1, 2000))
        self.assertEqual((copied.keys, copied.hash, copied.nextDeadline), (2, before, 6000))
        copied.apply([Entry(3, 1, encodeDelete(2000, b"a"))])
        self.assertEqual(copied.hash, self.kv.hash)

    def test_install(self) -> None:
        """
        A machine that gets the state of another one goes on from that, and has nothing left of its own: neither keys
        nor deadlines. What it had is the caller's to close.
        """
        machine = StateMachine(self.engine)
        machine.apply([Entry(index, 1, encodeSet(9, b"%d" % index, 1, b"own")) for index in range(1, 6)])
        copy = self.checkpoint()
        self.assertIs(machine.install(copy), self.engine)
        self.assertEqual((machine.appliedIndex, machine.appliedTerm, machine.clock), (2, 1, 2000))
        self.assertEqual((machine.keys, machine.hash, machine.nextDeadline), (2, self.kv.hash, 6000))
        self.assertEqual((machine.read(b"a"), machine.read(b"1")), (Record(1, 6000, b"one"), None))
        more = [Entry(3, 2, encodeClock(6000)), Entry(4, 2, encodeSet(6000, b"c", 0, b"three"))]
        self.assertEqual(machine.apply(more), self.kv.apply(more))
        self.assertEqual((machine.keys, machine.hash), (2, self.kv.hash))
        self.assertEqual(copy.get(b"m"), self.kv.engine.get(b"m"))

    def test_notInstalled(self) -> None:
        """
        Where there is nothing to go on from, the machine is as it was.
        """
        before = self.kv.hash
        self.assertRaises(EngineError, self.kv.install, MemoryEngine({b"m": b""}))
        self.assertEqual((self.kv.appliedIndex, self.kv.hash), (2, before))
        self.apply(encodeDelete(2000, b"a"))
        self.assertIsNone(self.kv.read(b"a"))
