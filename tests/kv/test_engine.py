"""
Tests for the engines: L{replkv.kv.memory} and L{replkv.kv.rocks}, held to one contract.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import threading
from random import Random
from typing import TYPE_CHECKING

from twisted.trial.unittest import SynchronousTestCase

from replkv.kv.engine import Engine, EngineError
from replkv.kv.memory import CHECKPOINT, MemoryEngine, read
from replkv.kv.rocks import RocksEngine
from replkv.testing.cluster.store import saveFile
from replkv.testing.files import MemoryFiles
from tests.kv import dying
from tests.kv.rocksfolder import RocksFolder

if TYPE_CHECKING:
    _Case = SynchronousTestCase
else:
    _Case = object

PAIRS: dict[bytes, bytes | None] = {b"b": b"2", b"a": b"1", b"\xff\0": b"", b"c": b"\0\r\n%"}


class EngineContract(_Case):
    """
    What every engine does.

    @ivar engine: the engine under test, empty at first.
    """

    engine: Engine

    def crashed(self) -> Engine:
        """
        Lose the power, and return the engine that is there afterwards.
        """
        raise NotImplementedError

    def test_get(self) -> None:
        """
        What was written is there; an empty value is a value.
        """
        self.engine.write(PAIRS)
        for key, value in PAIRS.items():
            self.assertEqual(self.engine.get(key), value)
        self.assertIsNone(self.engine.get(b"d"))

    def test_getMany(self) -> None:
        """
        Several keys are told in the order asked for, repeated and absent ones too.
        """
        self.engine.write(PAIRS)
        values = self.engine.getMany([b"c", b"d", b"a", b"\xff\0", b"c"])
        self.assertEqual(values, [b"\0\r\n%", None, b"1", b"", b"\0\r\n%"])
        self.assertEqual(self.engine.getMany([]), [])

    def test_overwrite(self) -> None:
        """
        A later value takes the place of an earlier one, and the caller's mapping is not held on to.
        """
        changes: dict[bytes, bytes | None] = {b"a": b"1"}
        self.engine.write(changes)
        changes[b"a"] = b"2"
        self.assertEqual(self.engine.get(b"a"), b"1")
        self.engine.write(changes)
        self.assertEqual(self.engine.get(b"a"), b"2")
        self.assertEqual(self.engine.scan(b"", b"\xff", 9), [(b"a", b"2")])

    def test_delete(self) -> None:
        """
        C{None} deletes, in the same step as other changes; what is not there may be deleted too.
        """
        self.engine.write(PAIRS)
        self.engine.write({b"a": None, b"nothing": None, b"d": b"4"})
        self.assertEqual(self.engine.getMany([b"a", b"b", b"d"]), [None, b"2", b"4"])
        self.assertEqual([key for key, _ in self.engine.scan(b"", b"\xff\xff", 9)], [b"b", b"c", b"d", b"\xff\0"])

    def test_scan(self) -> None:
        """
        A scan goes in the order of the bytes, from its start, included, to its stop, not included.
        """
        self.engine.write(PAIRS)
        self.assertEqual(self.engine.scan(b"a", b"c", 9), [(b"a", b"1"), (b"b", b"2")])
        self.assertEqual(self.engine.scan(b"aa", b"c\0", 9), [(b"b", b"2"), (b"c", b"\0\r\n%")])
        self.assertEqual(self.engine.scan(b"c\0", b"\xff", 9), [])
        self.assertEqual(self.engine.scan(b"d", b"\xff\xff", 9), [(b"\xff\0", b"")])

    def test_scanLimit(self) -> None:
        """
        A scan tells no more than it was asked for.
        """
        self.engine.write(PAIRS)
        self.assertEqual(self.engine.scan(b"", b"\xff", 2), [(b"a", b"1"), (b"b", b"2")])
        self.assertEqual(self.engine.scan(b"", b"\xff", 0), [])

    def test_walk(self) -> None:
        """
        A walk goes the same way, and tells but the beginning and the length of what it meets.
        """
        self.engine.write(PAIRS)
        self.assertEqual(list(self.engine.walk(b"a", b"c", 9)), [(b"a", b"1", 1), (b"b", b"2", 1)])
        self.assertEqual(list(self.engine.walk(b"aa", b"d", 2)), [(b"b", b"2", 1), (b"c", b"\0\r", 4)])
        self.assertEqual(list(self.engine.walk(b"c", b"\xff\xff", 0)), [(b"c", b"", 4), (b"\xff\0", b"", 0)])
        self.assertEqual(list(self.engine.walk(b"c\0", b"\xff", 9)), [])

    def test_walkGivenUp(self) -> None:
        """
        A walk that is given up is over: the engine is written, and walked again.
        """
        self.engine.write(PAIRS)
        walk = self.engine.walk(b"a", b"\xff", 1)
        self.assertEqual(next(walk), (b"a", b"1", 1))
        del walk
        self.engine.write({b"a": None, b"aa": b"23"})
        self.assertEqual(list(self.engine.walk(b"a", b"c", 1)), [(b"aa", b"2", 2), (b"b", b"2", 1)])

    def test_flushed(self) -> None:
        """
        What was flushed survives a loss of power, deletions too.
        """
        self.engine.write(PAIRS)
        self.engine.flush()
        self.engine.write({b"a": None, b"b": b"3"})
        self.engine.flush()
        engine = self.crashed()
        self.assertEqual(engine.scan(b"", b"\xff\xff", 9), [(b"b", b"3"), (b"c", b"\0\r\n%"), (b"\xff\0", b"")])

    def test_notFlushed(self) -> None:
        """
        What was not flushed is lost as a whole: what a crash leaves is what was there at a flush.
        """
        self.engine.write({b"a": b"1", b"b": b"1"})
        self.engine.flush()
        self.engine.write({b"a": b"2", b"b": None, b"c": b"2"})
        self.assertEqual(self.crashed().scan(b"", b"\xff", 9), [(b"a", b"1"), (b"b", b"1")])

    def test_flushBeside(self) -> None:
        """
        A flush in a thread of its own neither loses nor invents anything while the engine is read and written.
        """
        self.engine.write({b"%05d" % number: b"old" for number in range(2000)})
        flushing = threading.Thread(target=self.engine.flush)
        flushing.start()
        for number in range(2000):
            self.engine.write({b"%05d" % number: b"new"})
            self.assertEqual(self.engine.get(b"%05d" % number), b"new")
        flushing.join()
        survivors = [value for _, value in self.crashed().scan(b"", b"9", 2000)]
        self.assertEqual(len(survivors), 2000)
        # The writes went from the first key to the last: a true prefix of them is some new values, then old ones.
        self.assertEqual(survivors, sorted(survivors))

    def opened(self, checkpoint: str) -> Engine:
        """
        Open a checkpoint, which has survived a loss of power.
        """
        raise NotImplementedError

    def checkpointPath(self) -> str:
        """
        Where a checkpoint can be made.
        """
        raise NotImplementedError

    def test_checkpoint(self) -> None:
        """
        A checkpoint has all that was written, flushed or not, and nothing that comes later; nor has the engine anything
        of what becomes of the checkpoint. It survives a loss of power.
        """
        path = self.checkpointPath()
        self.engine.write(PAIRS)
        self.engine.flush()
        self.engine.write({b"a": None, b"b": b"3"})
        self.engine.checkpoint(path)
        self.engine.write({b"b": b"4", b"c": None})
        expected = [(b"b", b"3"), (b"c", b"\0\r\n%"), (b"\xff\0", b"")]
        copy = self.opened(path)
        self.assertEqual(copy.scan(b"", b"\xff\xff", 9), expected)
        copy.write({b"d": b"5"})
        copy.flush()
        self.assertEqual(self.engine.scan(b"", b"\xff\xff", 9), [(b"b", b"4"), (b"\xff\0", b"")])
        copy.close()

    def test_checkpointOfNothing(self) -> None:
        """
        A checkpoint of an empty engine is an empty engine.
        """
        path = self.checkpointPath()
        self.engine.checkpoint(path)
        copy = self.opened(path)
        self.assertEqual(copy.scan(b"", b"\xff\xff", 9), [])
        copy.close()

    def test_checkpointBeside(self) -> None:
        """
        A checkpoint that is made in a thread of its own while the engine is written is a true prefix of the steps, and
        has all that were taken before it began.
        """
        path = self.checkpointPath()
        self.engine.write({b"%05d" % number: b"old" for number in range(2000)})
        copying = threading.Thread(target=self.engine.checkpoint, args=[path])
        copying.start()
        for number in range(2000):
            self.engine.write({b"%05d" % number: b"new"})
        copying.join()
        copy = self.opened(path)
        values = [value for _, value in copy.scan(b"", b"9", 2000)]
        self.assertEqual(len(values), 2000)
        self.assertEqual(values, sorted(values))
        copy.close()

    def test_checkpointInTheWay(self) -> None:
        """
        A checkpoint is not made where there is one already, and that one stays as it is.
        """
        path = self.checkpointPath()
        self.engine.write(PAIRS)
        self.engine.checkpoint(path)
        self.engine.write({b"a": b"9"})
        error = self.assertRaises(EngineError, self.engine.checkpoint, path)
        self.assertEqual(str(error).splitlines(), [str(error)])
        copy = self.opened(path)
        self.assertEqual(copy.get(b"a"), b"1")
        copy.close()


class MemoryEngineTests(EngineContract, SynchronousTestCase):
    """
    The contract, for L{MemoryEngine}.
    """

    def setUp(self) -> None:
        """
        Make an engine.
        """
        self.files = MemoryFiles()
        self.engine = self.memory = MemoryEngine(save=self.save)

    def save(self, path: str, data: bytes) -> None:
        """
        Make a file.
        """
        saveFile(self.files, path, data)

    def crashed(self) -> Engine:
        """
        Lose what was not flushed.
        """
        return self.memory.crash()

    def checkpointPath(self) -> str:
        """
        Where a checkpoint can be made.
        """
        return "/checkpoint"

    def opened(self, checkpoint: str) -> Engine:
        """
        Lose what was not synced, and open a checkpoint.
        """
        self.files = self.files.afterPowerLoss(Random(0))
        return MemoryEngine(read(self.files.contents()[f"{checkpoint}/{CHECKPOINT}"]))

    def test_crashedEngineHasADisk(self) -> None:
        """
        An engine that has lost the power has its disk again.
        """
        self.memory.crash().checkpoint("/checkpoint")
        self.opened("/checkpoint")

    def test_noDisk(self) -> None:
        """
        An engine without a disk makes no checkpoint.
        """
        error = self.assertRaises(EngineError, MemoryEngine().checkpoint, "/checkpoint")
        self.assertEqual(str(error), "/checkpoint/values cannot be written: there is no disk")

    def test_damagedCheckpoint(self) -> None:
        """
        A checkpoint in which anything has changed or is missing is refused.
        """
        self.memory.write(PAIRS)
        self.memory.checkpoint("/checkpoint")
        (data,) = self.files.contents().values()
        for place in range(len(data)):
            self.assertRaises(EngineError, read, data[:place])
            changed = bytearray(data)
            changed[place] ^= 1
            self.assertRaises(EngineError, read, bytes(changed))
        self.assertRaises(EngineError, read, data + b"\0")


class RocksEngineTests(EngineContract, SynchronousTestCase):
    """
    The contract, for L{RocksEngine}, and what is particular to it.
    """

    def setUp(self) -> None:
        """
        Make an engine in a folder of its own.
        """
        self.folder = RocksFolder()
        self.addCleanup(self.folder.remove)
        self.engine = self.rocks = self.folder.open()
        self.addCleanup(self.closeIfOpen)

    def closeIfOpen(self) -> None:
        """
        Close the engine, which a test may have closed itself.
        """
        with contextlib.suppress(EngineError):
            self.rocks.close()

    def crashed(self) -> Engine:
        """
        Go on with what the files have.
        """
        self.rocks = self.folder.crash(self.rocks)
        return self.rocks

    def checkpointPath(self) -> str:
        """
        Where a checkpoint can be made.
        """
        return self.folder.path + "-checkpoint"

    def opened(self, checkpoint: str) -> Engine:
        """
        Open a copy of the checkpoint, with what its files have now.
        """
        shutil.copytree(checkpoint, checkpoint + "-copy")
        return RocksEngine(checkpoint + "-copy")

    def refusal(self) -> str:
        """
        Open the store once more, which must fail, and return the one line that says why.
        """
        error = self.assertRaises(EngineError, self.folder.open)
        message = str(error)
        self.assertEqual(message.splitlines(), [message])
        self.assertIn(f"the store in {self.folder.path} cannot be opened: ", message)
        return message

    def test_reopen(self) -> None:
        """
        A store that was flushed and closed has everything when it is opened again.
        """
        self.rocks.write(PAIRS)
        self.rocks.flush()
        self.rocks.close()
        self.rocks = self.folder.open()
        self.assertEqual(self.rocks.getMany(list(PAIRS)), list(PAIRS.values()))

    def test_inUse(self) -> None:
        """
        A store that is open is refused.
        """
        self.assertIn("lock", self.refusal())

    def test_closesAfterScan(self) -> None:
        """
        A scan, even one that did not reach its end, leaves nothing that would keep a closed store locked.
        """
        self.rocks.write(PAIRS)
        self.rocks.scan(b"", b"\xff", 1)
        next(self.rocks.walk(b"", b"\xff", 1))
        self.rocks.close()
        self.rocks = self.folder.open()

    def test_damagedManifest(self) -> None:
        """
        A store whose list of files is damaged is refused.
        """
        self.rocks.write(PAIRS)
        self.rocks.flush()
        self.rocks.close()
        (manifest,) = [name for name in os.listdir(self.folder.path) if name.startswith("MANIFEST")]
        with open(os.path.join(self.folder.path, manifest), "r+b") as file:
            file.seek(30)
            file.write(b"????")
        self.assertIn("Corruption", self.refusal())

    def test_damagedTable(self) -> None:
        """
        Damage in a table is an error for each way of reading; it is never taken for a key that is not there, nor for
        the end of a scan.
        """
        self.rocks.write(PAIRS)
        self.rocks.flush()
        self.rocks.close()
        (table,) = [name for name in os.listdir(self.folder.path) if name.endswith(".sst")]
        with open(os.path.join(self.folder.path, table), "r+b") as file:
            file.seek(5)
            file.write(b"????")
        self.rocks = self.folder.open()
        for readSome in (
            lambda: self.rocks.get(b"a"),
            lambda: self.rocks.getMany([b"a", b"b"]),
            lambda: self.rocks.scan(b"", b"\xff", 9),
            lambda: list(self.rocks.walk(b"", b"\xff", 9)),
        ):
            error = self.assertRaises(EngineError, readSome)
            self.assertIn("cannot be read: Corruption", str(error))

    def test_fileInItsPlace(self) -> None:
        """
        A store that cannot be made, because a file is in its place, is refused.
        """
        self.rocks.close()
        shutil.rmtree(self.folder.path)
        with open(self.folder.path, "wb"):
            pass
        self.refusal()

    def test_unwritable(self) -> None:
        """
        A write that RocksDB refuses is an error in one line.
        """
        self.rocks.close()
        error = self.assertRaises(EngineError, self.rocks.write, {b"a": b"1"})
        self.assertIn("cannot be written: ", str(error))
        error = self.assertRaises(EngineError, self.rocks.flush)
        self.assertIn("cannot be flushed: ", str(error))

    def test_prefixAfterDeath(self) -> None:
        """
        A process that dies while RocksDB writes full memtables by itself leaves a true prefix of its steps: all of
        them up to one, whole, and nothing of the later ones.
        """
        path = self.folder.path + "-dying"
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path)))
        subprocess.run([sys.executable, dying.__file__, path], check=True, env=environment)
        engine = RocksEngine(path)
        self.addCleanup(engine.close)
        last = int(engine.get(b"last") or b"0")
        self.assertTrue(0 < last < dying.STEPS, f"{last} of {dying.STEPS} steps")
        steps = [key for key, _ in engine.scan(b"step", b"step9", dying.STEPS)]
        self.assertEqual(steps, [b"step%06d" % step for step in range(1, last + 1)])
