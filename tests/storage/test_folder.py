"""
Tests for L{replkv.storage.folder}.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
from collections.abc import Sequence

from twisted.trial.unittest import SynchronousTestCase

from replkv.lives import MAX_NAME, MAX_STARTS, NAMES, Life
from replkv.raft.repair import Repair
from replkv.storage.clockrecord import ClockRecord
from replkv.storage.files import OSFiles
from replkv.storage.folder import DataFolder
from replkv.storage.stamp import FolderError
from replkv.testing.files import MemoryFiles, PowerLoss
from tests.storage.model import append, newFolder, openLog

PATH = "/data"
STAMP = f"{PATH}/stamp.json"
PEERS = f"{PATH}/peers.json"
CLOCK = f"{PATH}/clock.json"
STARTS = f"{PATH}/starts.json"

AA = Life("aa", 1, "first")


def openFolder(
    files: MemoryFiles, serverId: int = 0, cluster: str = "replkv", members: Sequence[int] = (0, 1, 2), seed: int = 0
) -> DataFolder:
    """
    Open the data folder on C{files}.
    """
    return DataFolder.open(files, PATH, serverId, cluster, members, random.Random(seed))


class DataFolderTests(SynchronousTestCase):
    """
    Tests for L{DataFolder}.
    """

    def setUp(self) -> None:
        """
        Have a new folder, stamped, and closed.
        """
        self.files = MemoryFiles()
        folder = openFolder(self.files)
        self.incarnation = folder.past.incarnation
        folder.close()

    def assertRefused(self, files: MemoryFiles, *words: str, **changed: object) -> None:
        """
        The folder is refused with one line that has the words in it, and left as it is, unlocked.
        """
        before = files.contents()
        for _ in range(2):
            error = self.assertRaises(FolderError, openFolder, files, **changed)
            for word in (PATH, *words):
                self.assertIn(word, str(error))
            self.assertNotIn("\n", str(error))
            self.assertNotIn("already running", str(error))
        self.assertEqual(files.contents(), before)

    def withStamp(self, **changed: object) -> MemoryFiles:
        """
        The folder with another stamp; what is C{None} is left out.
        """
        stamp = {**json.loads(self.files.contents()[STAMP]), **changed}
        kept = {key: value for key, value in stamp.items() if value is not None}
        return MemoryFiles({STAMP: json.dumps(kept).encode()})

    def test_layout(self) -> None:
        """
        A new folder is stamped, with 128 random bits among others.
        """
        self.assertEqual(
            json.loads(self.files.contents()[STAMP]),
            {"Format": 1, "Id": 0, "Cluster": "replkv", "Members": [0, 1, 2], "Incarnation": self.incarnation},
        )
        self.assertEqual(len(bytes.fromhex(self.incarnation)), 16)
        self.assertNotEqual(openFolder(MemoryFiles(), seed=1).past.incarnation, self.incarnation)

    def test_again(self) -> None:
        """
        A folder that is opened again, with its members in any order, is the same.
        """
        folder = openFolder(self.files, members=(2, 0, 1), seed=5)
        self.assertEqual(folder.past.incarnation, self.incarnation)
        self.assertEqual((folder.logPath, folder.storePath(0)), ("/data/log", "/data/store"))

    def test_locked(self) -> None:
        """
        A folder that is in use is refused, until it is closed.
        """
        folder = openFolder(self.files)
        error = self.assertRaises(FolderError, openFolder, self.files)
        self.assertIn("server 0 is already running on /data", str(error))
        folder.close()
        openFolder(self.files)

    def test_notOurs(self) -> None:
        """
        A folder of another server or cluster is refused; the line says what it is and what was expected. Who the
        members are is for the log to say.
        """
        self.assertRefused(self.files, "belongs to server 0", "this is server 1", serverId=1)
        self.assertRefused(self.files, "'replkv'", "'other'", cluster="other")
        self.assertEqual(openFolder(self.files, members=(0, 1, 2, 3)).members, (0, 1, 2))

    def test_newerFormat(self) -> None:
        """
        A folder of a newer format is refused, whatever else is in its stamp.
        """
        self.assertRefused(self.withStamp(Format=2, Members={"0": "voter"}), "format 2", "no format after 1")

    def test_damagedStamp(self) -> None:
        """
        A stamp that is cut anywhere, or lacks something, or holds something else, is refused.
        """
        whole = self.files.contents()[STAMP].rstrip()
        for length in range(len(whole)):
            self.assertRefused(MemoryFiles({STAMP: whole[:length]}), STAMP, "damaged")
        for data in (b"null", b"[]", b"7", b"\xff\xfe", b"[" * 100_000):
            self.assertRefused(MemoryFiles({STAMP: data}), STAMP, "damaged")
        for key in ("Format", "Id", "Cluster", "Members", "Incarnation"):
            self.assertRefused(self.withStamp(**{key: None}), STAMP, "damaged")
            self.assertRefused(self.withStamp(**{key: {"a": "b"}}), STAMP, "damaged")
        self.assertRefused(self.withStamp(Members=[0, "1"]), STAMP, "damaged")
        self.assertRefused(self.withStamp(Incarnation="12"), STAMP, "damaged")

    def test_remains(self) -> None:
        """
        A folder that holds something but no stamp is refused.
        """
        for name in ("log/0000000000000001.segment", "store/CURRENT", "store-1/CURRENT", "peers.json"):
            self.assertRefused(MemoryFiles({f"{PATH}/{name}": b""}), "no stamp.json", name.split("/")[0])

    def test_cannotBeWritten(self) -> None:
        """
        A folder that cannot be made or written is refused, with the system's reason.
        """
        for kind in ("makeFolder", "lock", "create", "write", "sync", "rename", "syncFolder"):
            files = MemoryFiles()
            files.failing = lambda each, path, kind=kind: errno.EROFS if each == kind else 0  # type: ignore[misc]
            error = self.assertRaises(FolderError, openFolder, files)
            self.assertIn("the data folder /data cannot be made or written: Read-only file system", str(error))
            self.assertNotIn("\n", str(error))
            openFolder(files.afterKill())

    def test_peers(self) -> None:
        """
        Peers' incarnations are remembered, durably before the call returns, and the last one counts.
        """
        openLog(self.files)
        folder = openFolder(self.files)
        self.assertIsNone(folder.peer(1))
        bb, cc = Life("bb", 2, "second", version=4), Life("aa", 2, "second", hasForgotten=True)
        for serverId, life in [(1, AA), (12, bb), (1, cc)]:
            folder.rememberPeer(serverId, life, (1, 2, 12))
            for seed in range(5):
                again = openFolder(self.files.afterPowerLoss(random.Random(seed)))
                self.assertEqual(again.peer(serverId), life)
        self.assertEqual(folder.peer(1), cc)
        self.assertEqual(folder.peer(12), bb)
        before = len(self.files.operations)
        folder.rememberPeer(1, cc, (1, 2, 12))
        self.assertEqual(len(self.files.operations), before)

    def test_peersOfAnEarlierVersion(self) -> None:
        """
        Earlier releases did not remember which version a server speaks, and the first ones nothing but the
        incarnation.
        """
        openLog(self.files)
        life = b'{"Incarnation": "aa", "Start": 1, "Name": "first", "HasForgotten": false}'
        for stored, remembered in ((life, AA), (b'"aa"', Life("aa", 0, ""))):
            files = MemoryFiles({**self.files.contents(), PEERS: b'{"1": %b}' % stored})
            self.assertEqual(openFolder(files).peer(1), remembered)

    def test_starts(self) -> None:
        """
        Each start has a name, and is counted, durably; the last ones are remembered.
        """
        pasts = []
        for seed in range(NAMES + 3):
            folder = openFolder(self.files)
            self.assertEqual(folder.past.starts, seed)
            folder.begin(random.Random(seed))
            pasts.append(folder.past)
            self.files = self.files.afterPowerLoss(random.Random(seed))
        self.assertEqual([past.starts for past in pasts], list(range(1, NAMES + 4)))
        self.assertEqual(pasts[-1].names, tuple(past.names[0] for past in reversed(pasts))[:NAMES])
        self.assertEqual(len(set(pasts[-1].names)), NAMES)
        self.assertEqual({past.incarnation for past in pasts}, {self.incarnation})

    def test_startNotNoted(self) -> None:
        """
        A start that cannot be noted is refused.
        """
        folder = openFolder(self.files)
        self.files.failing = lambda kind, path: errno.ENOSPC if kind == "write" else 0
        error = self.assertRaises(FolderError, folder.begin, random.Random(1))
        self.assertIn("No space left on device", str(error))
        self.assertEqual(folder.past.starts, 0)

    def test_startsOfAnEarlierVersion(self) -> None:
        """
        A folder that does not know how often it was opened counts from now on.
        """
        past = openFolder(self.files).past
        self.assertEqual((past.incarnation, past.starts, past.names), (self.incarnation, 0, ()))

    def test_damagedStarts(self) -> None:
        """
        A count of starts that is none is refused.
        """
        for data in (
            b"",
            b"null",
            b"[]",
            b'{"Starts": 0, "Names": []}',
            b'{"Starts": 1, "Names": [2]}',
            b'{"Starts": 1, "Names": []}',
            b'{"Starts": %d, "Names": ["a"]}' % (MAX_STARTS + 1),
            b'{"Starts": 1, "Names": ["%b"]}' % (b"a" * (MAX_NAME + 1)),
            b'{"Starts": 1e99, "Names": ["a"]}',
            b'{"Starts": 1',
        ):
            self.assertRefused(MemoryFiles({**self.files.contents(), STARTS: data}), STARTS, "damaged")

    def test_peerNotRemembered(self) -> None:
        """
        An incarnation that could not be stored is not remembered, and can be stored later.
        """
        folder = openFolder(self.files)
        for kind in ("create", "write", "sync", "rename", "syncFolder"):
            self.files.failing = lambda each, path, kind=kind: errno.EIO if each == kind else 0  # type: ignore[misc]
            self.assertRaises(OSError, folder.rememberPeer, 1, AA, (1, 2))
            self.assertIsNone(folder.peer(1))
        self.files.failing = lambda kind, path: 0
        folder.rememberPeer(1, AA, (1, 2))
        self.assertEqual(folder.peer(1), AA)

    def test_damagedPeers(self) -> None:
        """
        A list of peers that is not one is refused.
        """
        openLog(self.files)
        life = b'{"Incarnation": "aa", "Start": 1, "Name": "first", "HasForgotten": false, "Version": %b}'
        versions = (b'"4"', b"null", b"true", b"4.5", b"-1", b"1" * 30, b"1" * 5000)
        strange = [b'{"1": %b}' % life % version for version in versions]
        strange += [(life % b"4").replace(b": 1,", b": %d," % start) for start in (-1, MAX_STARTS + 1)]
        strange += [(life % b"4").replace(name, b"a" * (MAX_NAME + 1)) for name in (b"aa", b"first")]
        strange += [b'{"%b": %b}' % (peer, life % b"4") for peer in (b"-1", b"1" * 11, "²".encode(), b"")]
        for data in (b"", b"null", b"[]", b"[1]", b'{"1": 2}', b'{"x": "aa"}', b'{"1": "aa"', *strange):
            self.assertRefused(MemoryFiles({**self.files.contents(), PEERS: data}), PEERS, "damaged")

    def test_repair(self) -> None:
        """
        It is remembered over a restart that the log has lost entries, until it is repaired.
        """
        folder = openFolder(self.files)
        self.assertIsNone(folder.repair)
        folder.rememberRepair(Repair(7, 3))
        folder.close()
        folder = openFolder(self.files)
        self.assertEqual(folder.repair, Repair(7, 3))
        folder.forgetRepair()
        folder.close()
        self.assertIsNone(openFolder(self.files).repair)
        stored = {**self.files.contents(), f"{PATH}/repair.json": b'{"LastIndex": 8, "LastTerm": 4}'}
        self.assertEqual(openFolder(MemoryFiles(stored)).repair, Repair(8, 4))

    def test_damagedRepair(self) -> None:
        """
        Where it cannot be told what the log had, the folder is refused.
        """
        path = f"{PATH}/repair.json"
        numbers = [
            b'{"LastIndex": %d, "LastTerm": %d}' % each for each in ((-1, 3), (7, -1), (1 << 64, 3), (7, 1 << 64))
        ]
        for data in (b"", b"{", b"7", b'{"LastIndex": 7}', b'{"LastIndex": "7", "LastTerm": 3}', *numbers):
            self.assertRefused(MemoryFiles({**self.files.contents(), path: data}), f"{path} is damaged")

    def test_clock(self) -> None:
        """
        What the clocks said last is there after a loss of power; a folder of an earlier version has nothing of it.
        """
        folder = openFolder(self.files)
        self.assertIsNone(folder.readClock())
        for time in (1_700_000_000_000, 2**63 - 1):
            record = ClockRecord(time, 1_700_000_000.25, 17.125, "boot", time % 2 == 0)
            folder.writeClock(record)
            self.assertEqual(folder.readClock(), record)
            for seed in range(5):
                self.assertEqual(openFolder(self.files.afterPowerLoss(random.Random(seed))).readClock(), record)

    def test_damagedClock(self) -> None:
        """
        What is no reading of clocks does not keep the folder from being opened, and is not taken for one.
        """
        good = {"Time": 5, "WallClock": 1.0, "BootTime": 2.0, "BootId": "a", "IsKnown": True}
        openFolder(MemoryFiles({**self.files.contents(), CLOCK: json.dumps(good).encode()})).readClock()
        for bad in (
            {"Time": -1},
            {"Time": 2**63},
            {"Time": "5"},
            {"WallClock": 1e300},
            {"BootTime": "x"},
            {"BootId": 1},
            {"IsKnown": 1},
        ):
            data = json.dumps({**good, **bad}).encode()
            files = MemoryFiles({**self.files.contents(), CLOCK: data})
            self.assertRaises(ValueError, openFolder(files).readClock)
        for data in (b"", b"null", b"[]", b'{"Time": 5', b'{"WallClock": NaN}'):
            files = MemoryFiles({**self.files.contents(), CLOCK: data})
            error = self.assertRaises(ValueError, openFolder(files).readClock)
            self.assertEqual(str(error), f"{CLOCK} is damaged")

    def test_lostLog(self) -> None:
        """
        A folder of which the log was taken away, with the votes in it, is refused once there is a peer that may have
        been told of them.
        """
        openFolder(self.files).close()
        folder = openFolder(self.files)
        openLog(self.files).write([append(1, 1, b"one")])
        folder.rememberPeer(1, AA, (1, 2))
        folder.close()
        openFolder(self.files).close()
        rest = {path: data for path, data in self.files.contents().items() if "segment" not in path}
        self.assertRefused(MemoryFiles(rest), "has lost its log", f"{PATH}/log")

    def test_lostLogOfOne(self) -> None:
        """
        So is one that has another store than the first, which only a log can have told of, whether it has peers or not.
        """
        alone = {**self.files.contents(), f"{PATH}/store-2/CURRENT": b""}
        self.assertRefused(MemoryFiles(alone), "has lost its log", f"{PATH}/log")

    def test_stores(self) -> None:
        """
        Of several stores all are removed but the one that is current, and nothing else is.
        """
        stores = {f"{PATH}/{name}/CURRENT": b"" for name in ("store", "store-1", "store-2", "store-12", "storeroom")}
        openLog(self.files)
        for current, left in ((0, "store"), (2, "store-2"), (12, "store-12"), (3, None)):
            files = MemoryFiles({**self.files.contents(), **stores})
            folder = openFolder(files)
            folder.removeLeftovers(current)
            expected = {*self.files.contents(), f"{PATH}/storeroom/CURRENT"}
            survivor = files.afterPowerLoss(random.Random(1))
            self.assertEqual({*survivor.contents()} - expected, {f"{PATH}/{left}/CURRENT"} if left else set())
            self.assertLessEqual(expected, {*survivor.contents()})

    def test_storesCannotBeRemoved(self) -> None:
        """
        What cannot be removed is told with the system's reason.
        """
        files = MemoryFiles({**self.files.contents(), f"{PATH}/store/CURRENT": b""})
        folder = openFolder(files)
        files.failing = lambda kind, path: errno.EROFS if kind == "removeFolder" else 0
        error = self.assertRaises(FolderError, folder.removeLeftovers, 1)
        self.assertIn("Read-only file system", str(error))

    def test_powerLoss(self) -> None:
        """
        When the power goes in any operation on a new folder, it can be opened again; what was remembered before is
        there, and the incarnation stays once it was told.
        """
        for number in range(20):
            files = MemoryFiles()
            files.powerLossAt = number
            told = None
            peers: dict[int, Life] = {}
            try:
                folder = openFolder(files)
                told = folder.past.incarnation
                openLog(files)
                for serverId in (1, 2):
                    folder.rememberPeer(serverId, AA, range(100))
                    peers[serverId] = AA
            except PowerLoss:
                pass
            for seed in range(5):
                again = openFolder(files.afterPowerLoss(random.Random(seed)), seed=7)
                self.assertIn(told, (None, again.past.incarnation))
                for serverId, life in peers.items():
                    self.assertEqual(again.peer(serverId), life)

    def test_kill(self) -> None:
        """
        When a process is killed in any operation on a new folder, what the next process finds there survives a loss
        of power.
        """
        for number in range(20):
            files = MemoryFiles()
            files.powerLossAt = number
            with contextlib.suppress(PowerLoss):
                openFolder(files)
            told = openFolder(files.afterKill(), seed=7).past.incarnation
            for seed in range(5):
                self.assertEqual(openFolder(files.afterPowerLoss(random.Random(seed)), seed=8).past.incarnation, told)


class RealFolderTests(SynchronousTestCase):
    """
    A data folder on real files.
    """

    def open(self, path: str) -> DataFolder:
        """
        Open a folder.
        """
        return DataFolder.open(OSFiles(), path, 0, "replkv", [0], random.Random(1))

    def test_folder(self) -> None:
        """
        It is made, locked, and opened again.
        """
        path = os.path.join(newFolder(self), "0")
        folder = self.open(path)
        self.assertRaises(FolderError, self.open, path)
        folder.close()
        again = self.open(path)
        self.assertEqual(again.past.incarnation, folder.past.incarnation)
        again.close()
        self.assertEqual(sorted(os.listdir(path)), ["lock", "stamp.json"])

    def test_fileInTheWay(self) -> None:
        """
        A file where the folder or one above it should be is named.
        """
        path = os.path.join(newFolder(self), "file")
        with open(path, "w"):
            pass
        self.assertIn(path, str(self.assertRaises(FolderError, self.open, path)))
        error = self.assertRaises(FolderError, self.open, os.path.join(path, "0"))
        self.assertIn(f"Not a directory ({path})", str(error))
