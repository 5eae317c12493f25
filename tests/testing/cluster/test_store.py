"""
Tests for the simulated store.
"""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from replkv.kv.engine import EngineError
from replkv.testing.cluster.store import Store


def digest(values: dict[bytes, bytes]) -> bytes:
    """
    The digest of a store that holds this.
    """
    return Store(Random(0), values).digest


class DigestTests(SynchronousTestCase):
    """
    Tests for L{Store.digest}.
    """

    def test_contents(self) -> None:
        """
        It depends on what is held, on each key and each value, and on where a key ends.
        """
        contents: list[dict[bytes, bytes]] = [
            {},
            {b"": b""},
            {b"a": b""},
            {b"a": b"b"},
            {b"b": b"a"},
            {b"ab": b""},
            {b"": b"ab"},
            {b"a": b"c"},
            {b"a": b"a", b"b": b"b"},
            {b"a": b"b", b"b": b"a"},
            {b"a": b"a", b"b": b"a"},
        ]
        self.assertEqual(len({digest(values) for values in contents}), len(contents))

    def test_way(self) -> None:
        """
        It does not depend on how that came about.
        """
        random = Random(1)
        for _ in range(20):
            store, values = Store(Random(0)), dict[bytes, bytes]()
            for _ in range(100):
                key = b"%d" % random.randrange(10)
                value = None if random.random() < 0.3 else b"%d" % random.randrange(5)
                store.write({key: value})
                values.pop(key, None)
                if value is not None:
                    values[key] = value
                self.assertEqual(store.digest, digest(values))

    def test_several(self) -> None:
        """
        Several changes at once count like one after the other.
        """
        store = Store(Random(0), {b"a": b"1", b"b": b"2"})
        store.write({b"a": None, b"b": b"3", b"c": b"4", b"d": None})
        self.assertEqual(store.digest, digest({b"c": b"4", b"b": b"3"}))


class CrashTests(SynchronousTestCase):
    """
    Tests for L{Store.crash}.
    """

    def survivors(self, steps: int, flushed: int = 0) -> set[int]:
        """
        How many of a number of steps are there after a crash, over many seeds.

        @param flushed: after how many steps it is told to flush.
        """
        counts = set()
        for seed in range(300):
            store = Store(Random(seed), flushRate=0.2)
            for number in range(steps):
                store.write({b"%d" % number: b"there", b"last": b"%d" % (number + 1)})
                if number + 1 == flushed:
                    store.flush()
            crashed = store.crash()
            count = int(crashed.get(b"last") or b"0")
            held = [crashed.get(b"%d" % number) for number in range(steps)]
            self.assertEqual(held, [b"there"] * count + [None] * (steps - count))
            self.assertEqual(crashed.digest, digest(dict(crashed.scan(b"", b"~", 100))))
            counts.add(count)
        return counts

    def test_prefix(self) -> None:
        """
        There may be any number of the first steps, each whole.
        """
        self.assertEqual(self.survivors(5), {0, 1, 2, 3, 4, 5})

    def test_flushed(self) -> None:
        """
        What was flushed is there.
        """
        self.assertEqual(self.survivors(5, flushed=3), {3, 4, 5})

    def test_again(self) -> None:
        """
        What a store had after a crash it has after the next one, and it goes on as before.
        """
        store = Store(Random(0), {b"a": b"1"}, flushRate=0.0).crash().crash()
        self.assertEqual(store.get(b"a"), b"1")
        store.write({b"a": b"2"})
        self.assertEqual(store.crash().get(b"a"), b"1")
        store.flush()
        self.assertEqual(store.crash().get(b"a"), b"2")


class FailingTests(SynchronousTestCase):
    """
    Tests for a store whose disk fails.
    """

    def test_failing(self) -> None:
        """
        It cannot be written and not be flushed, also after a crash, and holds what it held. Then it goes on.
        """
        store = Store(Random(0), {b"a": b"1"})
        before = store.digest
        store.failing = True
        for broken in (store, store.crash()):
            self.assertRaises(EngineError, broken.write, {b"a": b"2"})
            self.assertRaises(EngineError, broken.flush)
            self.assertEqual((broken.get(b"a"), broken.digest, broken.steps), (b"1", before, 0))
        store.failing = False
        store.write({b"a": b"2"})
        self.assertEqual((store.get(b"a"), store.steps), (b"2", 1))
