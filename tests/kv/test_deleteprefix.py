"""
Tests for the removal of many keys: how much one entry does, and that the next one goes on.
"""

from __future__ import annotations

from collections.abc import Iterator

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.count import Count
from replkv.commands.deleteprefix import MOST_BYTES, MOST_MET, MOST_REMOVED, DeletePrefix
from replkv.commands.results import Removed, Result, Total
from replkv.kv.limits import MachineLimits
from replkv.kv.machine import StateMachine
from replkv.kv.memory import MemoryEngine
from replkv.kv.view import View
from replkv.raft.entry import Entry
from tests.commands.logged import encodeDelete, encodeSet
from tests.kv.machinecase import MachineCase
from tests.kv.model import Model


class WalkedEngine(MemoryEngine):
    """
    An engine that counts the records that it comes to.
    """

    walked = 0

    def walk(self, start: bytes, stop: bytes, most: int) -> Iterator[tuple[bytes, bytes, int]]:
        """
        Count, and go on.
        """
        for found in super().walk(start, stop, most):
            self.walked += 1
            yield found


class DeletePrefixTests(MachineCase):
    """
    Tests for L{DeletePrefix}.
    """

    def remove(self, prefix: bytes, below: int = 0, after: bytes = b"", stamp: int = 1000) -> Result | None:
        """
        Remove as much as one entry does.
        """
        [result] = self.apply(DeletePrefix(prefix, below, after).encode(stamp))
        return result

    def test_prefix(self) -> None:
        """
        All that begin so go, and no others, the last of all bytes included.
        """
        keys = [b"a", b"b", b"b\0", b"b\xff", b"b\xff\xff", b"c", b"\xff", b"\xff\xff", b"\xff\xffz"]
        self.apply(*(encodeSet(1000, key, 0, b"") for key in keys))
        self.assertEqual(self.remove(b"b\xff"), Removed(2))
        self.assertEqual(self.remove(b"b"), Removed(2))
        self.assertEqual(self.remove(b"\xff\xff"), Removed(2))
        self.assertEqual([key for key in keys if self.kv.read(key)], [b"a", b"c", b"\xff"])
        self.assertEqual(self.remove(b""), Removed(3))
        self.assertEqual((self.kv.keys, self.kv.hash), (0, 0))

    def test_below(self) -> None:
        """
        What has that version, or a later one, stays; 0 is the version that the entry would give.
        """
        self.apply(*(encodeSet(1000, key, 0, b"") for key in (b"ka", b"kb", b"kc")))
        self.assertEqual(self.remove(b"k", below=2), Removed(1))
        self.assertEqual(self.remove(b"k", below=2), Removed(0))
        self.assertEqual(self.remove(b"k"), Removed(2))

    def test_inOneCall(self) -> None:
        """
        What is written and removed before it in the same call is seen, and what comes after it is not.
        """
        self.apply(encodeSet(1000, b"ka", 0, b""), encodeSet(1000, b"kb", 0, b""))
        results = self.apply(
            encodeDelete(1000, b"ka"),
            encodeSet(1000, b"kaa", 0, b""),
            encodeSet(1000, b"kc", 0, b""),
            DeletePrefix(b"k", 0).encode(1000),
            encodeSet(1000, b"kd", 0, b""),
        )
        self.assertEqual(results[3], Removed(3))
        self.assertEqual((self.kv.keys, self.kv.read(b"kd") is not None), (1, True))

    def test_goesOn(self) -> None:
        """
        One entry removes so many; with what it tells, the next one goes on, and spares what was written meanwhile.
        """
        self.apply(*(encodeSet(1000, b"k%03d" % number, 0, b"") for number in range(2 * MOST_REMOVED)))
        first = self.remove(b"k")
        last = b"k%03d" % (MOST_REMOVED - 1)
        self.assertEqual(first, Removed(MOST_REMOVED, self.kv.appliedIndex, last))
        self.apply(encodeSet(1000, b"k000", 0, b""), encodeSet(1000, b"k999", 0, b""), encodeSet(1000, b"k200", 0, b""))
        assert isinstance(first, Removed)
        second = self.remove(b"k", first.below, last)
        self.assertEqual(second, Removed(MOST_REMOVED - 1))
        self.assertEqual(self.kv.keys, 3)

    def test_met(self) -> None:
        """
        One entry looks at so many keys, though it removes none of them.
        """
        self.apply(*(encodeSet(1000, b"k%04d" % number, 0, b"") for number in range(MOST_MET + 1)))
        self.assertEqual(self.remove(b"k", below=1), Removed(0, 1, b"k%04d" % (MOST_MET - 1)))
        self.assertEqual(self.remove(b"k", 1, b"k%04d" % (MOST_MET - 1)), Removed(0))

    def test_bytes(self) -> None:
        """
        One entry looks at so many bytes, and at one key at the least.
        """
        value = bytes(MOST_BYTES // 2)
        self.apply(*(encodeSet(1000, b"k%d" % number, 0, value) for number in range(4)))
        first = self.remove(b"k")
        self.assertEqual(first, Removed(2, self.kv.appliedIndex, b"k1"))
        self.assertGreater(self.kv.copied, MOST_BYTES)
        self.apply(encodeSet(1000, b"k", 0, value + value))
        self.assertEqual(self.remove(b"k"), Removed(1, self.kv.appliedIndex, b"k"))

    def test_expired(self) -> None:
        """
        What has expired is freed, and not counted.
        """
        kv = StateMachine(MemoryEngine(), MachineLimits(purged=1))
        model = Model(1)
        for index, data in enumerate(
            [
                *(encodeSet(1000, b"k%d" % number, 1, b"") for number in range(4)),
                encodeSet(1000, b"k9", 0, b""),
                encodeSet(2000, b"a", 0, b""),
                DeletePrefix(b"k", 0).encode(2000),
            ],
            1,
        ):
            [result] = kv.apply([Entry(index, 1, data)])
            self.assertEqual(result, model.apply(Entry(index, 1, data)))
        self.assertEqual(result, Removed(1))
        self.assertEqual((kv.keys, kv.nextDeadline, kv.hash), (1, None, model.hash()))


class WorkTests(SynchronousTestCase):
    """
    Tests for how much work there is at once.
    """

    def test_call(self) -> None:
        """
        A call ends when there was enough to walk over, so that what is gone, but still in the engine, is not walked
        over for ever.
        """
        engine = WalkedEngine()
        kv = StateMachine(engine, MachineLimits(gaps=0))
        count = 20 * MOST_REMOVED
        kv.apply([Entry(index, 1, encodeSet(1000, b"k%05d" % index, 0, b"")) for index in range(1, count + 1)])
        log = [Entry(count + index, 1, DeletePrefix(b"k", 0).encode(1000)) for index in range(1, 2001)]
        calls = 0
        while kv.appliedIndex < count + 2000:
            calls += 1
            walked, before = engine.walked, kv.appliedIndex
            kv.apply(log[kv.appliedIndex - count :])
            self.assertLess(engine.walked - walked, 20_000)
            self.assertLess(kv.copied, 8 << 20)
            self.assertGreater(kv.appliedIndex, before)
        self.assertEqual(kv.keys, 0)
        self.assertGreater(calls, 1)

    def test_manyChanges(self) -> None:
        """
        A call ends too when what is yet to be written was looked through often enough, though nothing was there.
        """
        kv = StateMachine(MemoryEngine())
        log = [Entry(index, 1, encodeSet(1000, b"k%05d" % index, 0, b"")) for index in range(1, 2001)]
        log += [Entry(index, 1, DeletePrefix(b"z", 0).encode(1000)) for index in range(2001, 4001)]
        self.assertLess(len(kv.apply(log)), 2200)

    def test_gaps(self) -> None:
        """
        What one entry has removed, the next ones do not come to, though it is still in the engine; nor does a read.
        """
        engine = WalkedEngine()
        kv = StateMachine(engine)
        count = 20 * MOST_REMOVED
        kv.apply([Entry(index, 1, encodeSet(1000, b"k%05d" % index, 0, b"")) for index in range(1, count + 1)])
        log = [Entry(count + index, 1, DeletePrefix(b"k", 0).encode(1000)) for index in range(1, 19)]
        while kv.appliedIndex < count + 18:
            kv.apply(log[kv.appliedIndex - count :])
        self.assertEqual(kv.keys, 2 * MOST_REMOVED)
        # And the next record after the last of each.
        self.assertLess(engine.walked, 18 * (MOST_REMOVED + 2))
        walked = engine.walked
        self.assertEqual(Count(b"").tell(View(kv, 1000)), Total(2 * MOST_REMOVED))
        self.assertEqual(engine.walked - walked, 2 * MOST_REMOVED)
        kv.apply([Entry(count + 19, 1, encodeSet(1000, b"k00077", 0, b"new"))])
        self.assertEqual(Count(b"").tell(View(kv, 1000)), Total(2 * MOST_REMOVED + 1))
