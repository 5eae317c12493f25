"""
Tests for L{replkv.service.inspection}.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import zlib
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from replkv.kv.rocks import RocksEngine
from replkv.kv.state import STATE, MachineState, UnknownStore
from replkv.raft.entry import Entry
from replkv.service.inspection import Inspection, inspect
from replkv.storage.errors import UnknownFormat
from replkv.storage.files import OSFiles
from replkv.storage.folder import DataFolder
from replkv.storage.log import LogStorage
from replkv.storage.segments import STAGED
from replkv.storage.stamp import FolderError, NewerFolder
from replkv.storage.start import LogStart, writeStart
from replkv.storage.survey import entriesOf
from tests.service.datafolder import CLUSTER, MEMBERS, SEGMENT_BYTES, contentOf, entries, makeFolder
from tests.storage.model import newFolder


class InspectTests(SynchronousTestCase):
    """
    Each test looks at the folder of a server that is stopped. Nothing in it changes by that.
    """

    def setUp(self) -> None:
        """
        Make the folder.
        """
        self.path = os.path.join(newFolder(self), "0")
        self.machine = makeFolder(self.path)
        self.log = Path(self.path, "log")

    def inspect(self, isThorough: bool = True) -> Inspection:
        """
        Look at the folder.
        """
        before = contentOf(self.path)
        try:
            return inspect(self.path, isThorough)
        finally:
            self.assertEqual(contentOf(self.path), before)

    def assertFinding(self, *words: str) -> None:
        """
        One thing is wrong, which is told in one line that has these words.
        """
        [line] = self.inspect().findings
        self.assertNotIn("\n", line)
        for word in words:
            self.assertIn(word, line)

    def test_sound(self) -> None:
        """
        All that is there is told, and nothing is wrong with it.
        """
        found = self.inspect()
        self.assertEqual(found.findings, ())
        self.assertEqual((found.stamp.serverId, found.stamp.cluster, found.stamp.members), (0, CLUSTER, MEMBERS))
        self.assertEqual((found.past and found.past.starts, found.peers, found.clock), (1, {}, None))
        assert found.log is not None
        outline = found.log.outline
        self.assertEqual((outline.term, outline.votedFor, outline.firstIndex, outline.lastIndex), (1, 0, 1, 200))
        segments = found.log.segments
        self.assertGreater(len(segments), 3)
        self.assertEqual([segment.first for segment in segments[1:]], [segment.last + 1 for segment in segments[:-1]])
        self.assertEqual((segments[0].first, segments[-1].last), (1, 200))
        self.assertEqual({(segment.size, segment.isIndexed) for segment in segments[:-1]}, {(SEGMENT_BYTES, True)})
        machine = self.machine
        self.assertEqual(found.state, MachineState(150, 1, machine.clock, machine.keys, machine.hash))

    def test_entries(self) -> None:
        """
        Any entries can be read, over the ends of segments too.
        """
        log = self.inspect().log
        assert log is not None
        for first, last in ((1, 200), (37, 37), (5, 123), (200, 200)):
            found = list(entriesOf(str(self.log), log.outline, first, last))
            self.assertEqual(found, entries(first, last))

    def test_compacted(self) -> None:
        """
        A log that begins later is as sound, and the segments that are free do not belong to it.
        """
        shutil.rmtree(self.path)
        makeFolder(self.path, compacted=120)
        found = self.inspect()
        self.assertEqual(found.findings, ())
        assert found.log is not None
        self.assertGreater(found.log.outline.firstIndex, 1)
        self.assertGreater(found.log.free, 0)
        self.assertEqual(found.log.segments[0].first, found.log.outline.firstIndex)

    def test_running(self) -> None:
        """
        The server may run.
        """
        folder = DataFolder.open(OSFiles(), self.path, 0, CLUSTER, MEMBERS, random.Random(2))
        log = LogStorage.open(OSFiles(), folder.logPath, random.Random(2), SEGMENT_BYTES)
        engine = RocksEngine(folder.storePath(0))
        self.assertEqual(self.inspect().findings, ())
        engine.close()
        log.close()
        folder.close()

    def test_young(self) -> None:
        """
        A folder that was just made has neither log nor store.
        """
        shutil.rmtree(self.path)
        DataFolder.open(OSFiles(), self.path, 0, CLUSTER, MEMBERS, random.Random(2)).close()
        found = self.inspect()
        self.assertEqual((found.findings, found.log, found.state), ((), None, None))

    def test_unfinished(self) -> None:
        """
        A write that was not finished is told of, and nothing is wrong with that.
        """
        last = sorted(self.log.glob("*.segment"))[-1]
        found = self.inspect().log
        assert found is not None
        with open(last, "r+b") as file:
            file.seek(found.segments[-1].used)
            file.write(b"unfinished")
        log = self.inspect().log
        assert log is not None
        self.assertEqual((log.unfinished, log.damage), (10, None))

    def test_staged(self) -> None:
        """
        So is the beginning of a log that a crash has left half made. The store that goes with it is not there in this
        one, which is damage.
        """
        shutil.copy(sorted(self.log.glob("*.segment"))[-1], self.log / STAGED)
        writeStart(OSFiles(), str(self.log), LogStart(99, 201, 1, 1, None, 1))
        found = self.inspect()
        assert found.log is not None
        self.assertTrue(found.log.isBeginning)
        self.assertEqual((found.log.outline.firstIndex, found.store), (201, 1))
        self.assertIn("the store has lost what is no longer in the log", found.findings[0])

    def test_rottenEntry(self) -> None:
        """
        Damage in the middle of the log is found, and what comes before it is told.
        """
        path = self.log / f"{2:016d}.segment"
        data = bytearray(path.read_bytes())
        data[5000] ^= 1
        path.write_bytes(data)
        self.assertFinding("the log is damaged", str(path))
        log = self.inspect().log
        assert log is not None
        self.assertEqual(log.segments[0].number, 1)

    def test_missingSegment(self) -> None:
        """
        So is a segment that is missing.
        """
        (self.log / f"{2:016d}.segment").unlink()
        self.assertFinding("the segment is missing, and later ones are there")

    def test_rottenStore(self) -> None:
        """
        A record that rots in the store is found by who reads all of it.
        """
        engine = RocksEngine(os.path.join(self.path, "store"))
        record = bytearray(engine.get(b"kkey1") or b"")
        record[-1] ^= 1
        engine.write({b"kkey1": bytes(record)})
        engine.close()
        self.assertFinding("the store's record of the key key1 does not fit its checksum")
        self.assertEqual(self.inspect(isThorough=False).findings, ())

    def test_storeAhead(self) -> None:
        """
        A store that has more than the log is found.
        """
        engine = RocksEngine(os.path.join(self.path, "store"))
        engine.write({STATE: self.machineState()._replace(appliedIndex=999).encode()})
        engine.close()
        self.assertFinding("the log has lost entries")

    def test_wrong(self) -> None:
        """
        What the server has found out about itself is told, and what to do; but not of a store that is no longer used.
        """
        wrong = Path(self.path, "wrong.json")
        wrong.write_text(json.dumps({"Store": 0, "Reason": "it has a bit too many"}))
        self.assertFinding("its state is wrong: it has a bit too many. It goes on from a snapshot of another server")
        wrong.write_text(json.dumps({"Store": 3, "Reason": "it has a bit too many"}))
        self.assertEqual(self.inspect().findings, ())
        wrong.write_text("{}")
        self.assertFinding("wrong.json", "it does not tell which store is wrong")

    def test_wrongAlone(self) -> None:
        """
        One that is alone has nobody to ask.
        """
        stamp = Path(self.path, "stamp.json")
        stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {"Members": [0]}))
        Path(self.path, "wrong.json").write_text(json.dumps({"Store": 0, "Reason": "it has a bit too many"}))
        self.assertFinding("restore a backup")

    def test_leftovers(self) -> None:
        """
        Stores that are not in use, and snapshots for others, are told of; they are not damage.
        """
        found = self.inspect()
        self.assertEqual((found.leftovers, found.snapshots), ((), 0))
        for name in ("store-1", "store-12", "snapshots/0123456789abcdef"):
            Path(self.path, name).mkdir(parents=True)
        found = self.inspect()
        self.assertEqual((found.findings, found.leftovers, found.snapshots), ((), ("store-1", "store-12"), 1))

    def test_damagedFiles(self) -> None:
        """
        Each of the small files is looked at, and one that is damaged hides nothing of the others.
        """
        names = ("starts.json", "peers.json", "clock.json", "wrong.json")
        for name in names:
            Path(self.path, name).write_text("[")
        for name, finding in zip(names, self.inspect().findings, strict=True):
            self.assertIn(name, finding)

    def test_noFolder(self) -> None:
        """
        What is no data folder is refused, and so is one without a stamp that can be read.
        """
        for path in (os.path.join(self.path, "none"), str(self.log), str(self.log / f"{1:016d}.segment")):
            self.assertRaises(FolderError, inspect, path, False)
        Path(self.path, "stamp.json").write_text("{}")
        self.assertIn("is damaged", str(self.assertRaises(FolderError, self.inspect)))

    def test_newer(self) -> None:
        """
        What a later version has made is refused, and not taken for damage.
        """
        engine = RocksEngine(os.path.join(self.path, "store"))
        state = engine.get(STATE) or b""
        engine.write({STATE: b"\0\0\0\x63" + state[4:]})
        engine.close()
        self.assertRaises(UnknownStore, self.inspect)
        start = b"rkvlog\0\x63"
        writeStart(OSFiles(), str(self.log), LogStart(votedFor=None))
        content = (self.log / "start").read_bytes()
        changed = start + content[8:-4]
        (self.log / "start").write_bytes(changed + zlib.crc32(changed).to_bytes(4, "big"))
        self.assertRaises(UnknownFormat, self.inspect)
        stamp = Path(self.path, "stamp.json")
        stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {"Format": 2}))
        self.assertRaises(NewerFolder, self.inspect)

    def test_anything(self) -> None:
        """
        Whatever is in the folder, it is told in single lines, and nothing is changed.
        """
        files = sorted(path for path in Path(self.path).rglob("*") if path.is_file())
        kept = {path: path.read_bytes() for path in files}
        for seed in range(40):
            chance = random.Random(seed)
            path = chance.choice(files)
            data = bytearray(kept[path])
            match chance.randrange(4):
                case 0:
                    data = data[: chance.randrange(len(data) + 1)]
                case 1:
                    data = bytearray(chance.randbytes(chance.randrange(5000)))
                case 2:
                    path.unlink()
                    path.mkdir()
                case _:
                    for _ in range(chance.randrange(1, 5)):
                        data[chance.randrange(max(1, len(data))) : 0] = chance.randbytes(3)
            if path.is_file():
                path.write_bytes(data)
            try:
                lines = self.inspect().findings
            except (FolderError, UnknownFormat, UnknownStore) as error:
                lines = (str(error),)
            for line in lines:
                self.assertNotIn("\n", line, path)
            if path.is_dir():
                path.rmdir()
            path.write_bytes(kept[path])
        self.assertEqual(self.inspect().findings, ())

    def machineState(self) -> MachineState:
        """
        What the store says of itself.
        """
        machine = self.machine
        return MachineState(150, 1, machine.clock, machine.keys, machine.hash)


class NoEntriesTests(SynchronousTestCase):
    """
    A log that has none.
    """

    def test_entries(self) -> None:
        """
        None are read where none are asked for.
        """
        path = os.path.join(newFolder(self), "0")
        makeFolder(path, 10, 10)
        log = inspect(path, False).log
        assert log is not None
        nothing: list[Entry] = []
        self.assertEqual(list(entriesOf(os.path.join(path, "log"), log.outline, 11, 10)), nothing)
