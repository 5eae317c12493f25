"""
Tests for L{replkv.kv.machine}: what it makes of commands, and of the time.
"""

from __future__ import annotations

from replkv.commands.add import Add
from replkv.commands.append import Append
from replkv.commands.cad import Cad
from replkv.commands.decr import Decr
from replkv.commands.incr import Incr
from replkv.commands.logged import UnknownCommand, decode, encodeClock
from replkv.commands.prepend import Prepend
from replkv.commands.replace import Replace
from replkv.commands.results import (
    Counted,
    Deleted,
    Exists,
    NotFound,
    NotNumber,
    Stored,
    TooLarge,
    Touched,
    VersionMismatch,
)
from replkv.kv import machine as machineModule
from replkv.kv.limits import MACHINE_LIMITS, MachineLimits
from replkv.kv.machine import StateMachine
from replkv.kv.record import Record
from replkv.raft.entry import Entry
from replkv.times import FAR_FUTURE
from tests.commands.logged import encodeCas, encodeDelete, encodeSet, encodeTouch
from tests.kv.machinecase import MachineCase


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

    def test_add(self) -> None:
        """
        An add stores where there is no key, or none any more, and nowhere else.
        """
        add = Add(b"a", 2, b"one", False)
        self.assertEqual(self.apply(add.encode(0), add.encode(1000)), [Stored(1), Exists()])
        self.assertEqual(self.kv.read(b"a"), Record(1, 2000, b"one"))
        self.assertEqual(self.apply(add.encode(2000)), [Stored(3)])

    def test_replace(self) -> None:
        """
        A replace stores where there is a key, with an expiry of its own.
        """
        replace = Replace(b"a", 0, b"two", False)
        self.assertEqual(self.apply(replace.encode(0), encodeSet(0, b"a", 2, b"one")), [NotFound(), Stored(2)])
        self.assertEqual(self.apply(replace.encode(0)), [Stored(3)])
        self.assertEqual(self.kv.read(b"a"), Record(3, 0, b"two"))

    def test_cad(self) -> None:
        """
        A cad deletes the version that it names, and no other one.
        """
        self.assertEqual(self.apply(Cad(b"a", 1).encode(0), encodeSet(0, b"a", 0, b"one")), [NotFound(), Stored(2)])
        self.assertEqual(self.apply(*[Cad(b"a", version).encode(0) for version in (1, 3)]), [VersionMismatch()] * 2)
        self.assertEqual(self.apply(Cad(b"a", 2).encode(0)), [Deleted()])
        self.assertEqual((self.kv.read(b"a"), self.kv.keys), (None, 0))

    def test_extend(self) -> None:
        """
        What is added to a value leaves its expiry alone; it is refused where the value would be too large.
        """
        after, before = Append(b"a", b"!", False, most=5), Prepend(b"a", b"(", False, most=5)
        self.assertEqual(self.apply(after.encode(0), encodeSet(0, b"a", 9, b"one")), [NotFound(), Stored(2)])
        self.assertEqual(self.apply(after.encode(1000), before.encode(2000)), [Stored(3), Stored(4)])
        self.assertEqual(self.apply(after.encode(3000), before.encode(3000)), [TooLarge()] * 2)
        self.assertEqual(self.kv.read(b"a"), Record(4, 9000, b"(one!"))

    def test_count(self) -> None:
        """
        Numbers wrap upwards and end at 0 downwards; what is none is left alone. They expire when they would have.
        """
        largest = 2**64 - 1
        self.assertEqual(self.apply(Incr(b"a", 1).encode(0), encodeSet(0, b"a", 9, b"007")), [NotFound(), Stored(2)])
        self.assertEqual(self.apply(Incr(b"a", 3).encode(1000)), [Counted(3, 10)])
        self.assertEqual(self.kv.read(b"a"), Record(3, 9000, b"10"))
        self.assertEqual(
            self.apply(Incr(b"a", largest).encode(0), Decr(b"a", 10).encode(0)), [Counted(4, 9), Counted(5, 0)]
        )
        self.assertEqual(
            self.apply(Incr(b"a", largest).encode(0), Incr(b"a", 1).encode(0)), [Counted(6, largest), Counted(7, 0)]
        )
        for value in (b"", b"-1", b"1 ", b"1.0", b"x", b"%d" % 2**64, b"0" * 21):
            self.assertEqual(self.apply(encodeSet(0, b"a", 0, value), Incr(b"a", 1).encode(0))[1], NotNumber(), value)
            found = self.kv.read(b"a")
            assert found is not None
            self.assertEqual(found.value, value)

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
        # However many are read ahead.
        self.kv = StateMachine(self.engine, MachineLimits(readAhead=8, copiedBytes=100))
        self.assertEqual(self.kv.apply(touches[4:]), [Touched()] * 2)

    def test_muchToReadAhead(self) -> None:
        """
        What is read only to be written over counts too, where it was not known: what was read ahead is carried out,
        and nothing more.
        """
        self.apply(*[encodeSet(1, b"%d" % number, 0, bytes(60)) for number in range(8)])
        self.kv = StateMachine(self.engine, MachineLimits(readAhead=2, copiedBytes=100))
        sets = [Entry(index, 1, encodeSet(1, b"%d" % number, 0, b"")) for number, index in enumerate(range(9, 17))]
        self.assertEqual(self.kv.apply(sets), [Stored(9), Stored(10)])
        self.assertGreater(self.kv.copied, 2 * 60)

    def test_decodesNoMore(self) -> None:
        """
        What is left for the next call is not decoded before, but for what was read ahead: there may be very much of it.
        """
        self.kv = StateMachine(self.engine, MachineLimits(readAhead=2, copiedBytes=1))
        self.apply(encodeSet(1, b"k", 0, bytes(60)))
        decoded: list[bytes] = []

        def note(data: bytes, version: int) -> object:
            decoded.append(data)
            return decode(data, version)

        self.patch(machineModule, "decode", note)
        touches = [Entry(index, 1, encodeTouch(1, b"k", 0)) for index in range(2, 100)]
        self.assertEqual(self.kv.apply(touches), [Touched()])
        self.assertEqual(len(decoded), 2)

    def test_noCommandLater(self) -> None:
        """
        What comes before an entry that is no command is applied, and the next call refuses that one.
        """
        self.kv = StateMachine(self.engine, MachineLimits(readAhead=1))
        entries = [Entry(1, 1, encodeSet(1, b"k", 0, b"v")), Entry(2, 1, b"\xff"), Entry(3, 1, b"")]
        self.assertEqual(self.kv.apply(entries), [Stored(1)])
        self.assertRaises(UnknownCommand, self.kv.apply, entries[1:])
        self.assertEqual((self.kv.appliedIndex, self.kv.read(b"k")), (1, Record(1, 0, b"v")))

    def test_nothingIsCarriedOver(self) -> None:
        """
        A call writes what it changed itself, and holds nothing of it afterwards.
        """
        self.kv = StateMachine(self.engine, MachineLimits(frontLength=1))
        self.apply(*[encodeSet(1, b"%d" % number, 1, b"") for number in range(9)])
        self.apply(encodeSet(1, b"a", 0, b""))
        self.assertEqual(self.engine.steps[1].keys(), {b"ka", b"m"})
        records = self.kv._records
        self.assertEqual((records.changes, records.expiry._beyond), ({}, {}))

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
