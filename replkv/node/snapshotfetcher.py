"""
Snapshots of another server's state, for this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NamedTuple, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from replkv.kv.engine import Engine, EngineError
from replkv.kv.state import MachineState
from replkv.kv.verification import verify
from replkv.node.diskqueue import RunInThread
from replkv.node.limits import NodeLimits
from replkv.peers.snapshots import NoSnapshot, NotYet, Piece
from replkv.raft.outputs import Fetch
from replkv.storage.files import Files
from replkv.storage.snapshot import IncomingSnapshot, Manifest


class SnapshotLink(Protocol):
    """
    The way to a server that gives snapshots: see L{replkv.peers.link.PeerLink}.

    @ivar isUp: whether it is connected, and has let this server in.
    """

    isUp: bool

    def takeSnapshot(self, least: int) -> Deferred[Manifest]:
        """
        Ask for one.
        """

    def readSnapshot(self, number: int, file: int, offset: int) -> Deferred[Piece]:
        """
        Ask for a piece of it.
        """


class Fetched(NamedTuple):
    """
    A snapshot that is whole, and on the disk.

    @ivar store: the number of the store that it is.
    @ivar engine: that store, open.
    @ivar state: what it says of itself.
    @ivar sender: the server that it is of.
    @ivar size: in bytes.
    """

    store: int
    engine: Engine
    state: MachineState
    sender: int
    size: int


class SnapshotFetcher:
    """
    Fetches one snapshot at a time, piece after piece, no faster than it may. When a connection is lost, it goes on
    where it was, if it is given the same one again.

    @ivar store: the number of the store that the next one will be.
    """

    def __init__(
        self,
        links: Mapping[int, SnapshotLink],
        files: Files,
        store: int,
        storePath: Callable[[int], str],
        openStore: Callable[[str], Engine],
        runStore: RunInThread,
        runFiles: RunInThread,
        clock: IReactorTime,
        limits: NodeLimits,
    ) -> None:
        """
        @param links: the ways to the other servers, by id.
        @param store: a number that no store had yet; nor had any after it.
        @param storePath: tells the folder of a store.
        @param openStore: opens the store in a folder; it blocks.
        @param runStore: the thread for the store.
        @param runFiles: the thread in which files are written.
        """
        self.store = store
        self._links = links
        self._files = files
        self._storePath = storePath
        self._openStore = openStore
        self._runStore = runStore
        self._runFiles = runFiles
        self._clock = clock
        self._limits = limits
        self._incoming: IncomingSnapshot | None = None
        self._useless: set[int] = set()  # The servers whose snapshots were of no use.

    async def fetch(self, fetch: Fetch) -> Fetched:
        """
        Fetch a snapshot.

        @raise Unreachable: if the connection is lost. What there is of it is kept.
        @raise NoSnapshot: if it is not there, or not yet (L{NotYet<replkv.peers.snapshots.NotYet>}).
        @raise ValueError: if what comes is none; or if that is in a format that is not known.
        @raise EngineError: if what has come is no store.
        @raise OSError: if it cannot be written.
        """
        sender = self._senderFor(fetch)
        link = self._links[sender]
        try:
            manifest = await link.takeSnapshot(fetch.index)
        except NoSnapshot as error:
            if not isinstance(error, NotYet):
                # It may be no further than this server; the leader is.
                self._useless.clear()
            raise
        incoming = await self._begin(manifest)
        try:
            while not incoming.isWhole:
                await self._fetchPiece(link, incoming)
            fetched = await self._open(sender, manifest)
        except (EngineError, OSError, ValueError) as error:
            if not isinstance(error, OSError):
                self._useless.add(sender)
            await self._giveUp(incoming)
            raise
        self._useless.clear()
        return fetched

    async def remove(self, store: int) -> None:
        """
        Remove a store that is not needed, and is closed.

        @raise OSError: if the system refuses.
        """
        path = self._storePath(store)
        await self._runFiles(lambda: self._files.removeFolder(path))

    def _senderFor(self, fetch: Fetch) -> int:
        """
        Whom to ask: the leader, unless what it has is damaged; then any other server will do.
        """
        senders = sorted(self._links, key=lambda peer: (not self._links[peer].isUp, peer != fetch.leader))
        if not senders:
            raise NoSnapshot(f"nothing says where server {fetch.leader} is")
        if self._useless.issuperset(senders):
            self._useless.clear()
        return next(sender for sender in senders if sender not in self._useless)

    async def _begin(self, manifest: Manifest) -> IncomingSnapshot:
        """
        Go on with the one that was begun, or begin.
        """
        incoming = self._incoming
        if incoming is not None and incoming.manifest == manifest:
            return incoming
        made: list[IncomingSnapshot] = []
        path = self._storePath(self.store)

        def make() -> None:
            if incoming is not None:
                incoming.close()
            made.append(IncomingSnapshot(self._files, path, manifest))

        self._incoming = None
        await self._runFiles(make)
        [self._incoming] = made
        return self._incoming

    async def _fetchPiece(self, link: SnapshotLink, incoming: IncomingSnapshot) -> None:
        began = self._clock.seconds()
        data, _ = piece = await link.readSnapshot(incoming.manifest.number, incoming.file, incoming.offset)
        if not piece.isSound:
            raise ValueError("a piece of it does not fit its checksum")
        await self._runFiles(lambda: incoming.write(data))
        # What it takes of both servers and of the network, clients do not have.
        early = began + len(data) / self._limits.snapshotBytesPerSecond - self._clock.seconds()
        if early > 0:
            await deferLater(self._clock, early)

    async def _open(self, sender: int, manifest: Manifest) -> Fetched:
        """
        Open the store that it is, and make sure that it is one.
        """
        opened: list[tuple[Engine, MachineState]] = []
        path = self._storePath(self.store)

        def openStore() -> None:
            engine = self._openStore(path)
            try:
                state = verify(engine)
                if state.appliedIndex < manifest.index:
                    raise ValueError(f"it goes up to entry {state.appliedIndex}, and not to {manifest.index}")
            except BaseException:
                engine.close()
                raise
            opened.append((engine, state))

        await self._runStore(openStore)
        [(engine, state)] = opened
        fetched = Fetched(self.store, engine, state, sender, manifest.size)
        self._incoming = None
        self.store += 1
        return fetched

    async def _giveUp(self, incoming: IncomingSnapshot) -> None:
        """
        Begin anew the next time.
        """
        self._incoming = None
        await self._runFiles(incoming.close)
        with suppress(OSError):
            await self.remove(self.store)
