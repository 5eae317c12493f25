"""
Tests for reads that ask which keys there are: how much one of them does, and that the next one goes on.
"""

from __future__ import annotations

from replkv.commands import count, scan
from replkv.commands.condition import ANY
from replkv.commands.count import Count
from replkv.commands.gets import Gets
from replkv.commands.layout import MAX_VALUE_BYTES
from replkv.commands.lifetime import FOREVER
from replkv.commands.put import Put
from replkv.commands.results import Items, KeyInfo, Keys, Result, TooLarge, Total
from replkv.commands.scan import Scan
from replkv.commands.state import Overdue
from replkv.kv.engine import EngineError
from replkv.kv.limits import MachineLimits
from replkv.kv.machine import StateMachine
from replkv.kv.records import STEP_BYTES
from replkv.kv.view import View
from replkv.raft.entry import Entry
from tests.commands.logged import encodeSet
from tests.kv.machinecase import MachineCase, RecordingEngine


class RangeTests(MachineCase):
    """
    Tests for L{Scan} and L{Count}.
    """

    def tell(self, command: Scan | Count, time: int = 1000) -> Result:
        """
        Ask, at a time.
        """
        return command.tell(View(self.kv, time))

    def write(self, count: int, value: bytes = b"") -> list[KeyInfo]:
        """
        Write so many keys.

        @return: what there is to say of them.
        """
        first = self.kv.appliedIndex + 1
        keys = [b"k%06d" % number for number in range(count)]
        self.kv.apply([Entry(first + place, 1, encodeSet(1000, key, 0, value)) for place, key in enumerate(keys)])
        return [KeyInfo(key, first + place, len(value)) for place, key in enumerate(keys)]

    def test_keys(self) -> None:
        """
        Keys are told in their order, with the sizes of their values, flags or none.
        """
        self.apply(
            encodeSet(1000, b"b", 0, b"12"),
            Put(b"a\xff", 2**32 - 1, FOREVER, ANY, b"123", False).encode(1000),
            encodeSet(1000, b"a", 0, b""),
        )
        a, b = [KeyInfo(b"a", 3, 0), KeyInfo(b"a\xff", 2, 3)], KeyInfo(b"b", 1, 2)
        self.assertEqual(self.tell(Scan(b"", 9)), Keys((*a, b)))
        self.assertEqual(self.tell(Scan(b"a", 9)), Keys((*a,)))
        self.assertEqual(self.tell(Scan(b"", 9, b"a")), Keys((a[1], b)))
        self.assertEqual(self.tell(Scan(b"c", 9)), Keys(()))
        self.assertEqual(self.tell(Scan(b"a", 9, b"b")), Keys(()))
        self.assertEqual(self.tell(Scan(b"b", 9, b"a")), Keys((b,)))
        self.assertEqual([self.tell(Count(prefix)) for prefix in (b"", b"a", b"c")], [Total(3), Total(2), Total(0)])
        self.assertEqual(self.tell(Count(b"", b"a")), Total(2))

    def test_pages(self) -> None:
        """
        A page has as many keys as are wanted, and tells where the next one begins, if there is one.
        """
        keys = self.write(5)
        self.assertEqual(self.tell(Scan(b"k", 2)), Keys((*keys[:2],), keys[1].key))
        self.assertEqual(self.tell(Scan(b"k", 2, keys[1].key)), Keys((*keys[2:4],), keys[3].key))
        self.assertEqual(self.tell(Scan(b"k", 2, keys[3].key)), Keys((*keys[4:],)))
        self.assertEqual(self.tell(Scan(b"k", 5)), Keys(tuple(keys)))

    def test_expired(self) -> None:
        """
        Keys that have expired and are not freed yet are not told; for so many of them is looked at the most.
        """
        self.kv = StateMachine(RecordingEngine(), MachineLimits(purged=1))
        count = scan.MOST_MET + 2
        self.kv.apply([Entry(1 + n, 1, encodeSet(1000, b"k%06d" % n, 1, b"")) for n in range(count)])
        last = Entry(count + 1, 1, encodeSet(2000, b"l", 0, b""))
        self.kv.apply([last])  # And one is freed.
        place = b"k%06d" % scan.MOST_MET
        self.assertEqual(self.tell(Scan(b"", 7), 2000), Keys((), place))
        self.assertEqual(self.tell(Scan(b"", 7, place), 2000), Keys((KeyInfo(b"l", last.index, 0),)))
        self.assertEqual(self.tell(Count(b""), 2000), Total(1))

    def test_overdue(self) -> None:
        """
        A key that is due by the time of the read, but not by the log, is neither there nor gone.
        """
        self.apply(encodeSet(1000, b"k", 1, b""))
        self.assertEqual(self.tell(Count(b""), 1999), Total(1))
        self.assertRaises(Overdue, self.tell, Count(b""), 2000)
        self.assertRaises(Overdue, self.tell, Scan(b"k", 1), 2000)
        self.assertEqual(self.tell(Count(b"l"), 2000), Total(0))

    def test_many(self) -> None:
        """
        One command counts so many keys, and tells after which the next ones come.
        """
        keys = self.write(count.MOST_MET + 1)
        self.assertEqual(self.tell(Count(b"")), Total(count.MOST_MET, keys[-2].key))
        self.assertEqual(self.tell(Count(b"", keys[-2].key)), Total(1))

    def test_large(self) -> None:
        """
        A command looks at records of so many bytes, and at one at the least.
        """
        keys = self.write(4, bytes(scan.MOST_BYTES // 2))
        self.assertEqual(self.tell(Scan(b"", 9)), Keys((*keys[:2],), keys[1].key))
        self.assertEqual(self.tell(Count(b"")), Total(2, keys[1].key))
        view = View(self.kv, 1000)
        Scan(b"", 9).tell(view)
        self.assertGreater(view.read, scan.MOST_BYTES)

    def test_several(self) -> None:
        """
        What is read for keys that are asked for by name counts: each of them, whether it is there or not, and what they
        hold, though it is more than can be told.
        """
        view = View(self.kv, 1000)
        self.assertEqual(Gets((b"a", b"b", b"c")).tell(view), Items(()))
        self.assertEqual(view.read, 3 * STEP_BYTES)
        self.write(2, bytes(MAX_VALUE_BYTES))
        view = View(self.kv, 1000)
        self.assertEqual(Gets((b"k000000", b"k000001")).tell(view), TooLarge())
        self.assertGreater(view.read, 2 * MAX_VALUE_BYTES)

    def test_nothingIsKept(self) -> None:
        """
        What a read meets is not held in memory.
        """
        keys = self.write(10)
        self.kv = StateMachine(self.engine)
        self.assertEqual(self.tell(Scan(b"", 9)), Keys((*keys[:9],), keys[8].key))
        self.assertEqual((self.kv._records.heads.bytes, self.kv._records.copied), (0, 0))

    def test_noRecord(self) -> None:
        """
        What is too short for a record is an error.
        """
        self.engine.write({b"kx": bytes(23)})
        self.assertRaises(EngineError, self.tell, Scan(b"", 1))


class LatestDueTests(MachineCase):
    """
    Tests for the latest deadline that is due.
    """

    def test_latestDue(self) -> None:
        """
        It is exact, as long as no more are due than are read ahead.
        """
        self.kv = StateMachine(self.engine, MachineLimits(frontLength=2))
        self.assertEqual(self.kv.latestDue(5000), 0)
        self.apply(*(encodeSet(1000, b"%d" % seconds, seconds, b"") for seconds in (1, 2, 3, 4, 5, 6)))
        self.assertEqual([self.kv.latestDue(time) for time in (1999, 2000, 2001, 3999)], [0, 2000, 2000, 3000])
        self.assertEqual(self.kv.latestDue(9500), 9500)
