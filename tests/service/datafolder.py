"""
A data folder on a real disk, as a server leaves it.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from replkv.commands.set import Set
from replkv.commands.touch import Touch
from replkv.kv.machine import StateMachine
from replkv.kv.rocks import RocksEngine
from replkv.raft.entry import Batch, Entry
from replkv.raft.outputs import Persist
from replkv.storage.files import OSFiles
from replkv.storage.folder import DataFolder
from replkv.storage.log import LogStorage

SEGMENT_BYTES: Final = 8192

STAMP: Final = 1_700_000_000_000

CLUSTER: Final = "replkv"

MEMBERS: Final = (0, 1, 2)


def command(index: int) -> bytes:
    """
    What the entry C{index} is.
    """
    if index % 10 == 0:
        return Touch(b"key%d" % (index % 7), 1000).encode(STAMP + index)
    return Set(b"key%d" % (index % 7), 500 * (index % 2), b"%d" % index * 20, False).encode(STAMP + index)


def entries(first: int, last: int, term: int = 1) -> list[Entry]:
    """
    Entries of the log, each of them a command.
    """
    return [Entry(index, term, command(index)) for index in range(first, last + 1)]


def fill(log: LogStorage, found: Sequence[Entry]) -> None:
    """
    Have the log take entries, ten with each sync.
    """
    for start in range(0, len(found), 10):
        batch = Batch(found[start : start + 10])
        log.write([Persist(1, batch.entries[-1].term, 0, batch)])


def makeFolder(path: str, last: int = 200, applied: int = 150, compacted: int = 0) -> StateMachine:
    """
    Make the folder of server 0, stopped.

    @param last: the last entry of the log.
    @param applied: the last one that its store has.
    @param compacted: up to this one, they may be gone from the log.
    @return: the machine, which is closed.
    """
    chance = random.Random(1)
    folder = DataFolder.open(OSFiles(), path, 0, CLUSTER, MEMBERS, chance)
    folder.begin(chance)
    log = LogStorage.open(OSFiles(), folder.logPath, chance, SEGMENT_BYTES)
    found = entries(1, last)
    fill(log, found)
    machine = StateMachine(RocksEngine(folder.storePath(0)))
    machine.apply(found[:applied])
    machine.flush()
    log.compact(compacted)
    machine.close()
    log.close()
    folder.close()
    return machine


def contentOf(path: str) -> dict[str, tuple[int, int, bytes]]:
    """
    All that a folder has: of each file the number of its inode, when it was last changed, and what is in it.
    """
    found: dict[str, tuple[int, int, bytes]] = {}
    for folder, _, names in os.walk(path):
        found[folder] = (os.stat(folder).st_ino, os.stat(folder).st_mtime_ns, b"")
        for name in names:
            full = Path(folder, name)
            status = full.stat()
            found[str(full)] = (status.st_ino, status.st_mtime_ns, full.read_bytes())
    return found
