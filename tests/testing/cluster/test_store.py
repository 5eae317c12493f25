"""
Tests for the simulated store.
"""

from __future__ import annotations

import errno
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from replkv.kv.engine import EngineError
from replkv.kv.record import HEAD_BYTES
from replkv.testing.cluster.store import Store, saveFile
from replkv.testing.files import MemoryFiles, PowerLoss


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


class RotTests(SynchronousTestCase):
    """
    Tests for records that rot.
    """

    HEAD = bytes(HEAD_BYTES)

    def test_rot(self) -> None:
        """
        One bit of the value of a record is another one, in memory as on the disk; all else is as it was, and so is the
        digest.
        """
        for seed in range(40):
            values = {b"ka": self.HEAD + b"one", b"kb": self.HEAD, b"m": self.HEAD + b"state", b"x": self.HEAD + b"x"}
            store = Store(Random(0), values)
            before = store.digest
            self.assertEqual(store.rot(Random(seed)), b"a")
            found = store.get(b"ka") or b""
            self.assertEqual(found[:HEAD_BYTES], self.HEAD)
            bits = [(one ^ other).bit_count() for one, other in zip(found, values[b"ka"], strict=True)]
            self.assertEqual(sum(bits), 1)
            self.assertEqual({key: store.get(key) for key in values}, {**values, b"ka": found})
            self.assertEqual((store.digest, store.sound, store.isRotten), (before, values, True))
            crashed = store.crash()
            self.assertEqual((crashed.get(b"ka"), crashed.digest, crashed.isRotten), (found, before, True))

    def test_nothingToRot(self) -> None:
        """
        Where no record has a value, nothing rots.
        """
        store = Store(Random(0), {b"ka": self.HEAD, b"m": bytes(99)})
        self.assertIsNone(store.rot(Random(0)))
        self.assertFalse(store.isRotten)

    def test_writtenOver(self) -> None:
        """
        What was written over or deleted was as it had been written, for the digest; a crash may bring it back.
        """
        store = Store(Random(0), {b"ka": self.HEAD + b"one"}, flushRate=0.0)
        store.rot(Random(0))
        rotten = store.get(b"ka")
        store.write({b"ka": self.HEAD + b"two"})
        self.assertEqual(store.digest, digest({b"ka": self.HEAD + b"two"}))
        self.assertEqual(store.crash().get(b"ka"), rotten)
        self.assertEqual(store.crash().digest, digest({b"ka": self.HEAD + b"one"}))
        store.write({b"ka": None})
        self.assertEqual(store.digest, digest({}))

    def test_onlyInMemory(self) -> None:
        """
        What is not on the disk yet rots in memory only; then the rest comes to the disk as it is.
        """
        store = Store(Random(0), {b"ka": self.HEAD + b"one"}, flushRate=0.0)
        store.write({b"ka": self.HEAD + b"two"})
        store.rot(Random(0))
        self.assertEqual(store.crash().get(b"ka"), self.HEAD + b"one")
        store.flush()
        self.assertEqual(store.crash().get(b"ka"), store.get(b"ka"))

    def test_heal(self) -> None:
        """
        All is again as it was written, what has rotted twice too, in memory as on the disk, also after a crash.
        """
        values = {b"ka": self.HEAD + b"one", b"kb": self.HEAD + b"two"}
        store = Store(Random(0), values)
        for seed in range(9):
            store.rot(Random(seed))
        crashed = store.crash()
        store.heal()
        for healed in (store, store.crash()):
            self.assertEqual((dict(healed.scan(b"", b"~", 9)), healed.isRotten), (values, False))
        self.assertNotEqual(dict(crashed.scan(b"", b"~", 9)), values)
        crashed.heal()
        self.assertEqual(dict(crashed.scan(b"", b"~", 9)), values)


class SaveTests(SynchronousTestCase):
    """
    Tests for L{saveFile}.
    """

    def test_durable(self) -> None:
        """
        The file survives a loss of power, whole; before it is there, the power may be lost in any step of it.
        """
        files = MemoryFiles()
        saveFile(files, "/0/copy/values", b"content")
        steps = len(files.operations)
        for seed in range(20):
            self.assertEqual(files.afterPowerLoss(Random(seed)).contents(), {"/0/copy/values": b"content"})
        for step in range(steps):
            files = MemoryFiles()
            files.powerLossAt = step
            self.assertRaises(PowerLoss, saveFile, files, "/0/copy/values", b"content")

    def test_fails(self) -> None:
        """
        A disk that refuses anything of it is an error of the engine's, in one line.
        """
        for refused in ("makeFolder", "create", "write", "sync", "syncFolder"):
            files = MemoryFiles()
            files.failing = lambda kind, path, refused=refused: errno.ENOSPC if kind == refused else 0  # type: ignore[misc]
            error = self.assertRaises(EngineError, saveFile, files, "/0/copy/values", b"content")
            self.assertIn("the checkpoint in /0/copy cannot be written: ", str(error))
