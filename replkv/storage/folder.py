"""
The folder in which a server keeps its state, and the stamp that says whose it is.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from replkv.lives import Life, Past
from replkv.raft.repair import Repair
from replkv.storage.clockrecord import ClockRecord, decodeRecord, encodeRecord
from replkv.storage.files import Files, Lock, Locked
from replkv.storage.segments import segmentNumbers
from replkv.storage.stamp import (
    REPAIR,
    WRONG,
    FolderError,
    Stamp,
    WrongStore,
    encodeLife,
    readFile,
    readPast,
    readPeers,
    readRepair,
    readStamp,
    readWrong,
    writeFile,
    writeStamp,
)

_STORE_NAME: Final = re.compile(r"store(-[1-9]\d*)?")


class DataFolder:
    """
    A server's data folder, locked for as long as it is open.

    @ivar past: what this server is known by, which has this start when it has begun; its incarnation is 128 random
        bits, in hexadecimal.
    @ivar members: the ids of the cluster's servers when it was made, in order.
    @ivar path: its path.
    @ivar files: the file system that it is in.
    @ivar logPath: the folder for the log.
    @ivar snapshotsPath: the folder for snapshots that others are given. It need not be there.
    @ivar repair: what the log had before it lost entries, until it is repaired; C{None} if it lacks nothing.
    """

    def __init__(
        self,
        files: Files,
        path: str,
        lock: Lock,
        past: Past,
        peers: dict[int, Life],
        wrong: WrongStore | None,
        repair: Repair | None,
        members: tuple[int, ...],
    ) -> None:
        self.past = past
        self.members = members
        self.repair = repair
        self.files = files
        self.logPath = os.path.join(path, "log")
        self.snapshotsPath = os.path.join(path, "snapshots")
        self.path = path
        self._lock = lock
        self._peers = peers
        self._wrong = wrong

    @classmethod
    def open(
        cls, files: Files, path: str, serverId: int, cluster: str, members: Sequence[int], random: random.Random
    ) -> DataFolder:
        """
        Open the folder, or make it and stamp it.

        @param random: makes up the incarnation.
        @raise FolderError: if the folder cannot be used by this server.
        """
        with _refusing(path):
            files.makeFolder(path)
            try:
                lock = files.lock(os.path.join(path, "lock"))
            except Locked:
                raise FolderError(f"server {serverId} is already running on {path}: stop it first") from None
            try:
                # A process that was killed may have left names in it that are not yet on the disk.
                files.syncFolder(path)
                wanted = Stamp(serverId, cluster, tuple(sorted(members)), f"{random.getrandbits(128):032x}")
                stamp = readStamp(files, path)
                if stamp is None:
                    _refuseRemains(files, path)
                    writeStamp(files, path, wanted)
                    stamp = wanted
                _compare(path, stamp, wanted)
                peers = readPeers(files, path)
                _refuseLostLog(files, path, peers)
                past = readPast(files, path, stamp.incarnation)
                return cls(
                    files, path, lock, past, peers, readWrong(files, path), readRepair(files, path), stamp.members
                )
            except BaseException:
                lock.release()
                raise

    def storePath(self, store: int) -> str:
        """
        The folder for a store.

        @param store: its number, by which the log tells which one is current.
        """
        return os.path.join(self.path, storeName(store))

    def removeLeftovers(self, store: int) -> None:
        """
        Remove all stores but one: a crash may have left one that was to become current, or one that no longer is. And
        remove the snapshots that were given to others.

        @param store: the number of the current store.
        @raise FolderError: if they cannot be removed.
        """
        with _refusing(self.path):
            if self._wrong is not None and self._wrong.store != store:
                self._wrong = None
                self.files.remove(os.path.join(self.path, WRONG))
            leftovers = [name for name in storesIn(self.files, self.path) if name != storeName(store)]
            if self.files.exists(self.snapshotsPath):
                leftovers.append(self.snapshotsPath)
            for name in leftovers:
                self.files.removeFolder(os.path.join(self.path, name))
            if leftovers:
                self.files.syncFolder(self.path)

    def whyWrong(self, store: int) -> str | None:
        """
        Tell why a store was known to hold what it should not when the folder was opened; C{None} if it was not.
        """
        return self._wrong.reason if self._wrong is not None and self._wrong.store == store else None

    def rememberWrong(self, store: int, reason: str) -> None:
        """
        Note that a store holds what it should not, on the disk before this returns. When another one has become
        current, that is no longer of account: so there is no moment at which both have to be changed.

        @raise OSError: if the system refuses.
        """
        writeFile(self.files, self.path, WRONG, {"Store": store, "Reason": reason})

    def rememberRepair(self, repair: Repair) -> None:
        """
        Note that the log loses entries that it had, on the disk before this returns, and so before it does.

        @raise OSError: if the system refuses.
        """
        content = {"LastIndex": repair.lastIndex, "LastTerm": repair.lastTerm}
        writeFile(self.files, self.path, REPAIR, content)
        self.repair = repair

    def forgetRepair(self) -> None:
        """
        Note that the log is repaired, on the disk before this returns.

        @raise OSError: if the system refuses.
        """
        self.files.remove(os.path.join(self.path, REPAIR))
        self.files.syncFolder(self.path)
        self.repair = None

    def begin(self, random: random.Random) -> None:
        """
        A process of the server starts on the folder: note that, on the disk before this returns, and so before any
        other server is told of it.

        @param random: makes up the name of the start.
        @raise FolderError: if it cannot be noted.
        """
        past = self.past.begin(random)
        with _refusing(self.path):
            content = {"Starts": past.starts, "Names": past.names}
            writeFile(self.files, self.path, "starts.json", content)
        self.past = past

    @property
    def hasMet(self) -> bool:
        """
        Whether it has met any other server.
        """
        return bool(self._peers)

    def peer(self, serverId: int) -> Life | None:
        """
        The last life of another server that was met; C{None} if there was none.
        """
        return self._peers.get(serverId)

    def rememberPeer(self, serverId: int, life: Life, among: Collection[int]) -> None:
        """
        Remember another server, and forget all that are not among these, on the disk before this returns.

        @raise OSError: if the system refuses; then it is not remembered.
        """
        if self._peers.get(serverId) == life:
            return
        peers = {peer: known for peer, known in self._peers.items() if peer in among}
        peers[serverId] = life
        content = {str(peer): encodeLife(peers[peer]) for peer in sorted(peers)}
        writeFile(self.files, self.path, "peers.json", content)
        self._peers = peers

    def readClock(self) -> ClockRecord | None:
        """
        What L{writeClock} has stored last; C{None} if there is nothing.

        @raise OSError: if the system refuses.
        @raise ValueError: if it is damaged.
        """
        try:
            found = readFile(self.files, self.path, "clock.json")
            return None if found is None else decodeRecord(found)
        except (FolderError, ValueError):
            raise ValueError(f"{os.path.join(self.path, 'clock.json')} is damaged") from None

    def writeClock(self, record: ClockRecord) -> None:
        """
        Store what the clocks say, for the next start.

        @raise OSError: if the system refuses.
        """
        writeFile(self.files, self.path, "clock.json", encodeRecord(record))

    def close(self) -> None:
        """
        Release the lock.
        """
        self._lock.release()


@contextmanager
def _refusing(path: str) -> Iterator[None]:
    """
    Make one clear line of the system's refusals.
    """
    try:
        yield
    except OSError as error:
        raise FolderError(
            f"the data folder {path} cannot be made or written: {error.strerror or error}"
            f"{f' ({error.filename})' if error.filename not in (None, path) else ''}: "
            "see to it that the server's account may write there, or name another folder"
        ) from error


def _compare(path: str, found: Stamp, wanted: Stamp) -> None:
    """
    Refuse a folder that is not this server's.
    """
    if found.cluster != wanted.cluster:
        raise FolderError(
            f"{path} belongs to the cluster {found.cluster!r}, and this server is of the cluster {wanted.cluster!r}: "
            "correct the cluster's name in the configuration, or name another folder"
        )
    if found.serverId != wanted.serverId:
        raise FolderError(
            f"{path} belongs to server {found.serverId}, and this is server {wanted.serverId}: "
            "correct the server's id, or name another folder"
        )


def _refuseRemains(files: Files, path: str) -> None:
    """
    Refuse a folder without a stamp that is not a new one. The stamp is durable before anything else is made, so
    no crash explains that.
    """
    for name in ("log", "peers.json", *storesIn(files, path)):
        if files.exists(os.path.join(path, name)):
            raise FolderError(
                f"{path} has no stamp.json, but a {name}: it cannot be told whose it is. "
                "Put stamp.json back, or name another folder"
            )


def _refuseLostLog(files: Files, path: str, peers: dict[int, Life]) -> None:
    """
    Refuse a folder whose log was taken away: the server would vote again where it has voted before, and it is the log
    that tells which store is current. Peers are met only when the log is open, so once one is remembered there is a
    log; and so there is before any other store than the first.
    """
    logPath = os.path.join(path, "log")
    hasHadLog = bool(peers) or any(name != storeName(0) for name in storesIn(files, path))
    if hasHadLog and not (files.exists(logPath) and segmentNumbers(files, logPath)):
        raise FolderError(
            f"{path} has lost its log, which holds the server's votes: put {logPath} back as it was, or replace this "
            "server"
        )


def storeName(store: int) -> str:
    """
    The name of the folder for a store.

    @param store: its number.
    """
    return f"store-{store}" if store else "store"


def storesIn(files: Files, path: str) -> list[str]:
    """
    The names of the stores that there are.
    """
    return [name for name in files.list(path) if _STORE_NAME.fullmatch(name)]
