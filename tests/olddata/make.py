"""
Makes an archive of what is rare in a data folder, and of a backup, with the code as it is now:

C{unshare -u sh -c 'hostname replkv; python -m tests.olddata.make tests/olddata/raresN.tar.xz'}

The name of the machine is written into RocksDB's files, and so is hidden.
"""

from __future__ import annotations

import io
import os
import random
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from replkv.commands.delete import Delete
from replkv.commands.set import Set
from replkv.commands.touch import Touch
from replkv.kv.machine import StateMachine
from replkv.kv.rocks import RocksEngine, unchanged
from replkv.kv.state import readState
from replkv.raft.entry import Batch, Entry
from replkv.raft.outputs import Persist
from replkv.raft.repair import Repair
from replkv.storage.backup import Backup, writeBackup
from replkv.storage.files import OSFiles
from replkv.storage.folder import DataFolder
from replkv.storage.log import LogStorage

_CLUSTER: Final = "replkv"
_MEMBERS: Final = (0, 1, 2)
_STAMP: Final = 1_795_000_000_000
_SEGMENT_BYTES: Final = 8192
_WRITTEN_BY_ROCKSDB: Final = ("LOG", "LOCK")


def entries(first: int, last: int) -> list[Entry]:
    """
    Entries of the log: the first hundred of term 1, the others of term 2.
    """
    return [Entry(index, 1 if index <= 100 else 2, _command(index)) for index in range(first, last + 1)]


def make(folder: Path) -> None:
    """
    Make the folders of three servers, one of them in two states, and a backup.
    """
    builds = {"0": _compacted, "1": _installed, "2": _wrong, "2-repairing": _repairing}
    for name, build in builds.items():
        server = int(name[0])
        chance = random.Random(server)
        path = folder / name
        opened = DataFolder.open(OSFiles(), str(path), server, _CLUSTER, _MEMBERS, chance)
        opened.begin(chance)
        log = LogStorage.open(OSFiles(), opened.logPath, chance, _SEGMENT_BYTES)
        build(opened, log, folder)
        log.close()
        opened.close()


def _compacted(folder: DataFolder, log: LogStorage, around: Path) -> None:
    """
    Server 0, whose log begins later: the first 150 entries went from it, as far as that goes by whole segments.
    """
    _fill(log, 1, 240)
    machine = StateMachine(RocksEngine(folder.storePath(0)))
    _apply(machine, 1, 200)
    machine.flush()
    log.compact(150)
    machine.checkpoint(str(around / "checkpoint"))
    machine.close()
    with unchanged(str(around / "checkpoint")) as engine:
        state = readState(engine)
    backup = Backup(_CLUSTER, 0, _STAMP + 200, _STAMP / 1000, *state)
    writeBackup(OSFiles(), str(around / "backup"), backup, str(around / "checkpoint"))
    OSFiles().removeFolder(str(around / "checkpoint"))


def _installed(folder: DataFolder, log: LogStorage, around: Path) -> None:
    """
    Server 1, which had 30 entries, goes on from a snapshot that has 200, and has got 20 more.
    """
    _fill(log, 1, 30)
    machine = StateMachine(RocksEngine(folder.storePath(1)))
    _apply(machine, 1, 200)
    machine.flush()
    machine.close()
    log.write([Persist(1, 2, 2, Batch([]))])
    log.restart(200, 2, 1)
    _fill(log, 201, 220)


def _wrong(folder: DataFolder, log: LogStorage, around: Path) -> None:
    """
    Server 2, which has found that its state is wrong.
    """
    _fill(log, 1, 40)
    machine = StateMachine(RocksEngine(folder.storePath(0)))
    _apply(machine, 1, 39)
    machine.flush()
    machine.close()
    folder.rememberWrong(0, "it lacks an entry")


def _repairing(folder: DataFolder, log: LogStorage, around: Path) -> None:
    """
    Server 2, which has lost 20 entries of its log, and has got the first 5 of them again.
    """
    _fill(log, 1, 40)
    machine = StateMachine(RocksEngine(folder.storePath(0)))
    _apply(machine, 1, 20)
    machine.flush()
    machine.close()
    folder.rememberRepair(Repair(40, 1))
    log.restart(20, 1, 0)
    _fill(log, 21, 25)


def _command(index: int) -> bytes:
    key = b"key%d" % (index % 7)
    if index % 20 == 0:
        return Delete(key).encode(_STAMP + index)
    if index % 10 == 0:
        return Touch(key, 10**9).encode(_STAMP + index)
    return Set(key, 2 * 10**9 * (index % 2), b"%d" % index * 20, False).encode(_STAMP + index)


def _fill(log: LogStorage, first: int, last: int) -> None:
    for start in range(first, last + 1, 10):
        batch = Batch(entries(start, min(start + 9, last)))
        log.write([Persist(1, batch.entries[-1].term, 0 if batch.entries[-1].term == 1 else 2, batch)])


def _apply(machine: StateMachine, first: int, last: int) -> None:
    found = entries(first, last)
    while found:
        found = found[len(machine.apply(found)) :]


def _pack(folder: Path, archive: str) -> None:
    with tarfile.open(archive, "x:xz", format=tarfile.USTAR_FORMAT, preset=9) as tar:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            if path.name.startswith(_WRITTEN_BY_ROCKSDB):
                continue
            info = tarfile.TarInfo(str(path.relative_to(folder)))
            info.size, info.mode = path.stat().st_size, 0o600
            tar.addfile(info, io.BytesIO(path.read_bytes()))


if __name__ == "__main__":
    os.umask(0o077)
    with TemporaryDirectory() as temporary:
        make(Path(temporary))
        _pack(Path(temporary), sys.argv[1])
