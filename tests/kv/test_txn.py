"""
Tests for transactions on the state machine.
"""

from __future__ import annotations

from collections.abc import Sequence

from replkv.commands.condition import ABSENT, PRESENT, Condition, Need
from replkv.commands.layout import MAX_VALUE_BYTES
from replkv.commands.lifetime import FOREVER, KEPT, OVER, Lifetime
from replkv.commands.results import Deleted, Failed, Item, Items, NotFound, Result, Stored, TooLarge, Transacted
from replkv.commands.steps import If, IfValue, Step, StepDelete, StepGet, StepPut
from replkv.commands.txn import Txn
from replkv.kv.limits import MachineLimits
from replkv.kv.machine import StateMachine
from replkv.kv.memory import MemoryEngine
from replkv.kv.record import Record
from replkv.kv.records import STEP_BYTES
from replkv.raft.entry import Entry
from tests.commands.logged import encodeSet
from tests.kv.machinecase import MachineCase


class TxnTests(MachineCase):
    """
    Tests for L{Txn}.
    """

    def transact(self, *steps: Step, stamp: int = 1000) -> Result | None:
        """
        Carry out a transaction.
        """
        [result] = self.apply(Txn(steps).encode(stamp))
        return result

    def test_all(self) -> None:
        """
        All operations are carried out, in one entry, which gives all keys its version.
        """
        self.apply(encodeSet(1000, b"b", 0, b"old"))
        result = self.transact(StepPut(b"a", 7, FOREVER, b"1"), StepDelete(b"b"), StepPut(b"c", 0, FOREVER, b"2"))
        self.assertEqual(result, Transacted((Stored(2), Deleted(), Stored(2))))
        self.assertEqual(
            [self.kv.read(key) for key in (b"a", b"b", b"c")], [Record(2, 0, b"1", 7), None, Record(2, 0, b"2")]
        )

    def test_order(self) -> None:
        """
        An operation sees what those before it have written.
        """
        result = self.transact(
            StepGet(b"k"),
            StepDelete(b"k"),
            StepPut(b"k", 3, Lifetime(500), b"1"),
            StepGet(b"k"),
            StepPut(b"k", 0, KEPT, b"2"),
            StepGet(b"k"),
            StepDelete(b"k"),
            StepDelete(b"k"),
            StepGet(b"k"),
            StepPut(b"k", 0, KEPT, b"3"),
            StepGet(b"k"),
            StepPut(b"k", 0, OVER, b"4"),
            StepGet(b"k"),
            StepDelete(b"k"),
        )
        self.assertEqual(
            result,
            Transacted(
                (
                    NotFound(),
                    NotFound(),
                    Stored(1),
                    Items((Item(b"k", 3, 1, 500, b"1"),)),
                    Stored(1),
                    Items((Item(b"k", 0, 1, 500, b"2"),)),
                    Deleted(),
                    NotFound(),
                    NotFound(),
                    Stored(1),
                    Items((Item(b"k", 0, 1, 0, b"3"),)),
                    Stored(1),
                    NotFound(),
                    NotFound(),
                )
            ),
        )
        self.assertIsNone(self.kv.read(b"k"))
        self.assertEqual(self.kv.hash, 0)

    def test_comparisons(self) -> None:
        """
        The first comparison that does not hold is told, and nothing is done, wherever it stands.
        """
        self.apply(encodeSet(1000, b"k", 0, b"v"))
        put = StepPut(b"k", 0, FOREVER, b"w")
        version = Condition(Need.VERSION, 1)
        holding = (If(b"k", PRESENT), If(b"none", ABSENT), If(b"k", version), IfValue(b"k", b"v"))
        for number, comparison in enumerate(
            (
                If(b"k", ABSENT),
                If(b"none", PRESENT),
                If(b"k", Condition(Need.VERSION, 2)),
                If(b"none", version),
                IfValue(b"k", b"w"),
                IfValue(b"k", b""),
                IfValue(b"none", b""),
            ),
            2,
        ):
            self.assertEqual(self.transact(put, *holding, comparison, If(b"k", ABSENT)), Failed(6))
            self.assertEqual((self.kv.appliedIndex, self.kv.read(b"k")), (number, Record(1, 0, b"v")))
        self.assertEqual(self.transact(put, *holding), Transacted((Stored(9),)))

    def test_comparedAsItWas(self) -> None:
        """
        What is compared is what there was before.
        """
        result = self.transact(StepPut(b"k", 0, FOREVER, b"w"), If(b"k", ABSENT))
        self.assertEqual(result, Transacted((Stored(1),)))

    def test_onlyComparisons(self) -> None:
        """
        There need not be anything to do.
        """
        self.assertEqual(self.transact(If(b"k", ABSENT)), Transacted(()))

    def test_inOneCall(self) -> None:
        """
        What is not written yet is seen, though no other command has met the keys.
        """
        results = self.apply(
            Txn((StepPut(b"a", 0, FOREVER, b"1"), StepPut(b"b", 0, FOREVER, b"2"))).encode(1000),
            Txn((IfValue(b"a", b"1"), StepDelete(b"a"), StepGet(b"b"))).encode(1000),
            Txn((If(b"a", PRESENT),)).encode(1000),
        )
        self.assertEqual(results[1], Transacted((Deleted(), Items((Item(b"b", 0, 1, 0, b"2"),)))))
        self.assertEqual(results[2], Failed(1))

    def test_tooLarge(self) -> None:
        """
        Where it would tell more than a value may have, nothing is done.
        """
        half = bytes(MAX_VALUE_BYTES // 2)
        self.apply(encodeSet(1000, b"a", 0, half), encodeSet(1000, b"b", 0, half), encodeSet(1000, b"c", 0, b"1"))
        gets = (StepGet(b"a"), StepGet(b"b"))
        before = self.kv.hash
        self.assertEqual(
            self.transact(StepDelete(b"c"), *gets, StepPut(b"d", 0, FOREVER, b"1"), StepGet(b"d")), TooLarge()
        )
        self.assertEqual(self.kv.hash, before)
        self.assertIsInstance(self.transact(*gets), Transacted)
        # What is over at once is not told.
        self.assertIsInstance(self.transact(StepPut(b"c", 0, OVER, half), *gets, StepGet(b"c")), Transacted)

    def test_readNoMore(self) -> None:
        """
        No more is read than is told, and one value.
        """
        self.apply(*(encodeSet(1000, b"%d" % number, 0, bytes(MAX_VALUE_BYTES)) for number in range(3)))
        result = self.transact(*(StepGet(b"%d" % number) for number in range(3)))
        self.assertEqual(result, TooLarge())
        self.assertLess(self.kv.copied, 2 * MAX_VALUE_BYTES + 3 * STEP_BYTES + 1000)

    def test_copied(self) -> None:
        """
        What a transaction reads counts, so that a call ends where much was read.
        """
        limits = MachineLimits(copiedBytes=STEP_BYTES + 100)
        kv = StateMachine(MemoryEngine(), limits)
        kv.apply([Entry(1, 1, encodeSet(1000, b"k", 0, bytes(50)))])
        for step in (StepGet(b"k"), IfValue(b"k", bytes(50))):
            first = kv.appliedIndex + 1
            log = [Entry(first + number, 1, Txn((step,)).encode(1000)) for number in range(9)]
            self.assertEqual(len(kv.apply(log)), 2)

    def test_steps(self) -> None:
        """
        So does each of its steps, whether there is such a key or not, and what was read to see that there is: a call
        ends before the next transaction.
        """
        absent = Txn(tuple(If(b"%d" % number, ABSENT) for number in range(8))).encode(1000)
        kv = StateMachine(self.engine, MachineLimits(copiedBytes=20 * STEP_BYTES))
        self.assertEqual(len(kv.apply([Entry(index, 1, absent) for index in range(1, 10)])), 3)
        kv.apply([Entry(index, 1, encodeSet(1000, b"%d" % index, 0, bytes(19 * STEP_BYTES))) for index in range(4, 9)])
        kv = StateMachine(self.engine, MachineLimits(copiedBytes=20 * STEP_BYTES))
        deletes = [Entry(index + 5, 1, Txn((StepDelete(b"%d" % index),)).encode(1000)) for index in range(4, 9)]
        self.assertEqual(len(kv.apply(deletes)), 1)

    def test_expired(self) -> None:
        """
        What has expired and is not freed yet is not there, and is written over.
        """
        kv = StateMachine(MemoryEngine(), MachineLimits(purged=1))

        def apply(*commands: bytes) -> Sequence[Result | None]:
            return kv.apply([Entry(index, 1, data) for index, data in enumerate(commands, kv.appliedIndex + 1)])

        apply(*(encodeSet(1000, b"k%d" % number, 1, b"v") for number in range(5)))
        steps = (If(b"k4", ABSENT), StepGet(b"k4"), StepDelete(b"k4"), StepPut(b"k4", 0, KEPT, b"w"), StepGet(b"k4"))
        [result] = apply(Txn(steps).encode(2000))
        told = Items((Item(b"k4", 0, 6, 0, b"w"),))
        self.assertEqual(result, Transacted((NotFound(), NotFound(), Stored(6), told)))
        self.assertEqual(kv.keys, 4)
        apply(b"", b"", b"")
        self.assertEqual((kv.keys, kv.nextDeadline), (1, None))
