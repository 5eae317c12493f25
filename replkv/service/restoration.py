"""
From a backup to the data folders of a fresh cluster; and from a folder that survived to a cluster of its own.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from replkv.kv.engine import Engine, EngineError
from replkv.kv.members import forgetMembers
from replkv.kv.rocks import RocksEngine, unchanged
from replkv.kv.state import MachineState
from replkv.kv.users import forgetUsers
from replkv.kv.verification import verify
from replkv.raft.configuration import Configuration
from replkv.raft.entry import NO_ENTRIES, Batch, Entry
from replkv.raft.member import Member
from replkv.raft.membership import encode
from replkv.raft.outputs import Persist
from replkv.storage.backup import Backup, BadBackup, readBackup
from replkv.storage.clockrecord import ClockRecord, encodeRecord
from replkv.storage.files import Locked, OSFiles
from replkv.storage.folder import storeName
from replkv.storage.log import LogStorage
from replkv.storage.stamp import REPAIR, FolderError, Stamp, readStamp, writeFile, writeStamp

_STORE: Final = 1


def unpack(path: str, folder: str) -> Backup:
    """
    Take a backup apart, and read all of the store that is in it.

    @param path: the backup.
    @param folder: for the store.
    @raise BadBackup: if something is wrong with it.
    @raise OSError: if the system refuses.
    """
    backup = readBackup(OSFiles(), path, folder)
    try:
        with unchanged(folder) as engine:
            state = verify(engine)
    except EngineError as error:
        raise BadBackup(f"{path} is damaged: {error}") from None
    if state != stateOf(backup):
        raise BadBackup(f"{path} is damaged: its store has another state than it says")
    return backup


def stateOf(backup: Backup) -> MachineState:
    """
    The state of the store that is in a backup.
    """
    return MachineState(backup.index, backup.term, backup.clock, backup.keys, backup.hash)


def restore(
    path: str, folder: str, serverId: int, cluster: str, members: Sequence[int], withUsers: bool = True
) -> Backup:
    """
    Make the data folder of a server of a fresh cluster, whose servers all begin with a backup. The folder has its name
    only when it is whole, and on the disk: a server that began without its part of the state could outvote one that has
    it.

    @param path: the backup.
    @param folder: the data folder, which must not be there, or be empty.
    @param withUsers: whether the users are in it, too; without, everybody may do everything.
    @raise BadBackup: if something is wrong with the backup.
    @raise FolderError: if there is something in the folder.
    @raise OSError: if the system refuses.
    """
    files, chance = OSFiles(), random.SystemRandom()
    if files.exists(folder) and (not os.path.isdir(folder) or files.list(folder)):
        raise FolderError(f"{folder} is not empty: name another folder, or remove what is in it")
    partial = f"{folder}.partial"
    if files.exists(partial):
        files.removeFolder(partial)
    files.makeFolder(partial)
    store = os.path.join(partial, storeName(_STORE))
    backup = unpack(path, store)
    backup = backup._replace(hash=_forget(store, forgetMembers))
    if not withUsers:
        backup = backup._replace(hash=_forget(store, forgetUsers))
    log = LogStorage.open(files, os.path.join(partial, "log"), chance)
    try:
        log.write([Persist(1, backup.term, None, NO_ENTRIES)])
        log.restart(backup.index, backup.term, _STORE)
    finally:
        log.close()
    clock = ClockRecord(max(backup.time, backup.clock), backup.wallClock, 0.0, "", True)
    writeFile(files, partial, "clock.json", encodeRecord(clock))
    writeStamp(files, partial, Stamp(serverId, cluster, tuple(sorted(members)), _incarnation(chance)))
    files.rename(partial, folder)
    files.syncFolder(os.path.dirname(folder))
    return backup


def _forget(store: str, forget: Callable[[Engine], MachineState]) -> int:
    """
    Take something out of a store.

    @return: the hash that it has then.
    """
    engine = RocksEngine(store)
    try:
        return forget(engine).hash
    finally:
        engine.close()


def recover(folder: str, serverId: int, cluster: str) -> None:
    """
    Make a cluster of one of a folder that survived: the last entry of its log says that it is the only member, whoever
    was one before. The servers that it had been one of refuse it from then on. Where this is cut off, it can be done
    again.

    @raise FolderError: if it is not the folder of that server, or that runs.
    @raise CorruptLog: if its log is damaged.
    @raise OSError: if the system refuses.
    """
    files, chance = OSFiles(), random.SystemRandom()
    stamp = readStamp(files, folder)
    if stamp is None:
        raise FolderError(f"{folder} is no server's data folder: there is no stamp.json in it")
    if (stamp.serverId, stamp.cluster) != (serverId, cluster):
        raise FolderError(f"{folder} belongs to server {stamp.serverId} of the cluster {stamp.cluster!r}")
    try:
        lock = files.lock(os.path.join(folder, "lock"))
    except Locked:
        raise FolderError(f"server {serverId} is running on {folder}: stop it first") from None
    try:
        alone = Stamp(serverId, cluster, (serverId,), _incarnation(chance))
        log = LogStorage.open(files, os.path.join(folder, "log"), chance)
        try:
            term = log.term + 1
            member = Member(serverId, incarnation=alone.incarnation)
            entry = Entry(log.lastIndex + 1, term, encode(Configuration([member])))
            log.write([Persist(1, term, None, Batch([entry]))])
        finally:
            log.close()
        writeStamp(files, folder, alone)
        with suppress(FileNotFoundError):
            files.remove(os.path.join(folder, "peers.json"))
        with suppress(FileNotFoundError):
            # Nobody is left who could repair its log.
            files.remove(os.path.join(folder, REPAIR))
        files.syncFolder(folder)
    finally:
        lock.release()


def _incarnation(chance: random.Random) -> str:
    return f"{chance.getrandbits(128):032x}"
