"""
The machine that a simulated server runs on: its disk, and its clocks.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Final

from replkv.config import Config, ServerConfig
from replkv.kv.memory import CHECKPOINT, read
from replkv.raft.configuration import Configuration
from replkv.raft.member import Address
from replkv.storage.files import Space
from replkv.storage.folder import DataFolder, storeName
from replkv.storage.stamp import WRONG
from replkv.storage.start import readStart
from replkv.testing import rare
from replkv.testing.chance import chance
from replkv.testing.cluster.clocks import MachineClocks
from replkv.testing.cluster.durable import Copy, DurableLog, DurablePeers, Word
from replkv.testing.cluster.store import Store, saveFile
from replkv.testing.cluster.thread import Pace
from replkv.testing.files import OPENING, MemoryFiles
from replkv.testing.span import Span

if TYPE_CHECKING:
    from replkv.testing.cluster.cluster import SimulatedCluster

USUAL_DISK: Final = Span(0.0005, 0.004)
"""
The least and the most seconds that a disk takes that is well.
"""

USUAL_LOGIN: Final = Span(0.005, 0.05)
"""
The least and the most seconds that it takes to try a token.
"""

EMPTY: Final = Space(1 << 40, 1 << 40)
"""
The room on a disk that is well.
"""

NEARLY_FULL_ROOM: Final = Space(1 << 20, 1 << 40)
"""
The room on one that is nearly full: less than any reserve of a disk of that size.
"""


class SimulatedMachine:
    """
    What there is of a server whether it runs or not.

    @ivar id: its id.
    @ivar config: where it is.
    @ivar firstAddress: where it was at first.
    @ivar places: all places where it took clients so far, or is to: hosts and ports.
    @ivar file: its servers file.
    @ivar beginning: whom that named when its data folder was made.
    @ivar files: its disk.
    @ivar pace: how fast that is.
    @ivar loginPace: how fast it tries tokens, whatever the disk does.
    @ivar store: what of its store is on the disk, and while it runs, all of it.
    @ivar folder: the name of its data folder; empty before that was made.
    @ivar disks: what of its log is on the disk for certain, with each data folder that it has or had.
    @ivar met: what it remembers of the others for certain.
    @ivar clocks: its wall clock, and those that count from its boot.
    @ivar rate: how many seconds its reactor counts in a second, from its next start on.
    @ivar versions: the versions that what is installed on it speaks, from its next start on.
    @ivar ticksByWallClock: whether its reactor counts by the wall clock, as Twisted's do where nobody sees to it.
    @ivar failing: with which error its disk answers an operation, see L{MemoryFiles.failing}.
    @ivar rotten: the number of the segment of its log in which something has rotted that it must find; 0 if there is
        none.
    @ivar condemned: whether it is not to be started again, since its disk has rotted, or others have found that it
        lacks what it had acknowledged.
    @ivar isFresh: whether no log that it has had with its data folder says who the members are.
    @ivar isFrail: whether its disk may rot, or be lost.
    @ivar hasForgotten: whether it has lost what it had promised: no other server may let it in.
    @ivar hasGoneBack: whether it has lost entries that it had acknowledged, which the others do not need from it.
    @ivar hadBadDisk: whether something was wrong with its disk since it last started well.
    """

    ticksByWallClock = False

    def __init__(self, cluster: SimulatedCluster, config: ServerConfig, file: Config) -> None:
        self.id = config.id
        self.config = config
        self.firstAddress = self.address
        self.places = {(config.hostname, config.clientPort)}
        self.file = file
        self.beginning = Configuration.ofVoters(server.id for server in file.servers)
        self.files = MemoryFiles()
        self.pace = Pace(USUAL_DISK)
        self.loginPace = Pace(USUAL_LOGIN)
        self.folder = ""
        self.disks: dict[str, DurableLog] = {}
        self.disk = DurableLog(cluster.isCommitted)
        self.met = DurablePeers()
        self.clocks = MachineClocks(cluster.timeline)
        self.rate = 1.0
        self.versions = cluster.versions
        self.failing: Callable[[str, str], int] | None = None
        self.rotten = 0
        self.condemned = False
        self.isFresh = True
        self.isFrail = False
        self.hasForgotten = False
        self.hasGoneBack = False
        self.hadBadDisk = False
        self._cluster = cluster
        self._random = self._chance("server", config.id)
        self._room = EMPTY
        self._storePath = os.path.join(self.path, "store")
        self._stores = {self._storePath: self._newStore(Store(self._chance("store", config.id)))}

    @property
    def name(self) -> str:
        """
        Its name in the story, and its host's.
        """
        return self.config.hostname

    @property
    def address(self) -> Address:
        """
        Where it is.
        """
        return Address(self.config.hostname, self.config.clientPort, self.config.logPort)

    @property
    def disk(self) -> DurableLog:
        """
        What of its log is on the disk for certain.
        """
        return self.disks[self.folder]

    @disk.setter
    def disk(self, disk: DurableLog) -> None:
        self.disks[self.folder] = disk

    @property
    def room(self) -> Space:
        """
        What its disk has room for.
        """
        return self._room

    @room.setter
    def room(self, room: Space) -> None:
        self._room = self.files.room = room

    @property
    def isIntact(self) -> bool:
        """
        Whether its disk has all that it ever promised, as far as anybody can tell.
        """
        return not (self.hasForgotten or self.rotten or self.condemned)

    @property
    def word(self) -> Word:
        """
        What it has given its word for.
        """
        return Word(self.met.life, self.disk.term, self.disk.votedFor, self.met.others)

    @property
    def path(self) -> str:
        """
        Its data folder.
        """
        return f"/{self.id}"

    @property
    def store(self) -> Store:
        """
        The store that its process has, or that the next one will have.
        """
        return self._stores[self._storePath]

    @property
    def storeFails(self) -> bool:
        """
        Whether its store cannot be written.
        """
        return self.store.failing

    @storeFails.setter
    def storeFails(self, fails: bool) -> None:
        for store in self._stores.values():
            store.failing = fails

    def copy(self) -> Copy:
        """
        Copy its data folder as it stands, all of it at one moment, whether it has a process or not: what of the log is
        written and not yet synced is in the copy, as it is for whoever reads the files; of the store, what is on the
        disk; what has rotted there is not in the copy.
        """
        self._cluster.tell(self.name, "has its data folder copied")
        contents = self.files.contents()
        # Who copies it is not the process, which may be refused what it opens.
        start = readStart(MemoryFiles(contents), os.path.join(self.path, "log"))
        path = os.path.join(self.path, storeName(start.store))
        store = self._stores[path].crash()
        store.heal()
        return Copy(contents, path, store, self.word)

    def lose(self, copy: Copy | None) -> None:
        """
        Lose its data folder, while it has no process, and so what it had promised. What the others may count on is what
        it had (L{disk}), for ever: nobody may believe it anything more.

        @param copy: what is put in its place; nothing, if C{None}.
        """
        self._cluster.tell(
            self.name, "loses its data folder" if copy is None else "gets back a copy of its data folder"
        )
        self.hasForgotten = True
        self.met = DurablePeers()
        self._replace(copy)

    def renew(self) -> None:
        """
        Have an empty data folder on a disk that is well, while it has no process: it begins anew, and has promised
        nothing. What it had promised is its former folder's word.
        """
        self._cluster.tell(self.name, "gets an empty data folder")
        self.folder = ""
        self.disk = DurableLog(self._cluster.isCommitted)
        self.met = DurablePeers()
        self.isFresh = True
        self.rotten = 0
        self.condemned = self.hasForgotten = self.hasGoneBack = self.hadBadDisk = False
        self.failing = None
        self._replace(None)

    def move(self, clientPort: int, logPort: int) -> None:
        """
        Have it take clients and other servers on other ports, from its next start on.
        """
        self._cluster.tell(self.name, f"moves to ports {clientPort} and {logPort}")
        self.config = replace(self.config, clientPort=clientPort, logPort=logPort)
        self.places.add((self.config.hostname, clientPort))

    def goBack(self, copy: Copy) -> None:
        """
        Have a copy of its data folder in its place, while it has no process, which lacks nothing that the others still
        need from it. Whoever counts on what it had may go on to do so, and it may be believed what it promises anew.
        """
        self._cluster.tell(self.name, "gets back a copy of its data folder, made while it ran")
        self.hasGoneBack = True
        self.disk = DurableLog(self._cluster.isCommitted, self.disk)
        self._replace(copy)

    def _opened(self, folder: DataFolder) -> None:
        """
        Its data folder is open, and was made just now, if there was none.
        """
        self.disks.setdefault(folder.past.incarnation, self.disks.pop("", self.disk))
        self.folder = folder.past.incarnation
        self.beginning = Configuration.ofVoters(folder.members)

    def _replace(self, copy: Copy | None) -> None:
        self.files = MemoryFiles(None if copy is None else copy.contents)
        self.files.room = self.room
        if copy is None:
            path, store = os.path.join(self.path, "store"), Store(self._random, None, self.store.flushRate)
        else:
            path, store = copy.storePath, copy.store
        self._storePath, self._stores = path, {path: self._newStore(store)}

    def _knowsToBeWrong(self, store: int) -> bool:
        """
        Whether its disk tells that a store is wrong.
        """
        told = self.files.contents().get(os.path.join(self.path, WRONG))
        return told is not None and json.loads(told)["Store"] == store

    def openStore(self, path: str) -> Store:
        """
        Open the store in a folder: one that was open before, or what another server has sent. That is in a file, and if
        a crash has damaged it, the store is.

        @raise EngineError: if it is damaged.
        """
        sent = self.files.contents().get(os.path.join(path, CHECKPOINT))
        known = self._stores.get(path)
        if known is None or known.sent != sent:
            known = Store(self._random, None if sent is None else read(sent), self.store.flushRate, sent)
            known.failing = self.store.failing
            self._stores[path] = self._newStore(known)
        return known

    def _newStore(self, store: Store) -> Store:
        store.save = self._save
        return store

    def _crashStores(self) -> None:
        """
        Lose what its stores have not flushed. Which of them is current, the log says.
        """
        self._stores = {path: store.crash() for path, store in self._stores.items()}

    def _save(self, path: str, data: bytes) -> None:
        """
        Make a file of a checkpoint.
        """
        saveFile(self.files, path, data)

    def _refuses(self, kind: str, path: str) -> int:
        """
        With what error its system answers an operation, if with any.
        """
        if kind in OPENING and self._cluster.network.isStarved(self.name):
            self._cluster.rare[rare.NO_DESCRIPTOR] += 1
            return errno.EMFILE
        return 0 if self.failing is None else self.failing(kind, path)

    def _chance(self, *names: object) -> Random:
        """
        The randomness of a part of it.
        """
        return chance(self._cluster.seed, *names)
