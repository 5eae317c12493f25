"""
Snapshots of this server's state, for servers that lack what no log has any more.
"""

from __future__ import annotations

import os
from random import Random
from typing import Final

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from replkv.kv.engine import Engine, EngineError
from replkv.kv.machine import StateMachine
from replkv.node.diskqueue import RunInThread
from replkv.node.limits import NodeLimits
from replkv.peers.snapshots import NoSnapshot, NotYet, Piece
from replkv.storage.files import Files
from replkv.storage.snapshot import Manifest, OutgoingSnapshot

OPERATOR: Final = -1
"""
The receiver of a snapshot for a backup: no server has this id.
"""


class _Snapshot:
    """
    One that is given to a server.

    @ivar number: made up, and the name of its folder.
    @ivar index: it has the entries up to here, at least.
    @ivar outgoing: its files; C{None} until it is made.
    @ivar used: when it was last asked for.
    @ivar isOver: whether the making of it is over: it is there, or could not be made.
    @ivar isRead: whether its last piece was asked for, so that who it is for is likely to have it.
    """

    def __init__(self, number: int, index: int, path: str, used: float) -> None:
        self.number = number
        self.index = index
        self.path = path
        self.outgoing: OutgoingSnapshot | None = None
        self.used = used
        self.isOver = False
        self.isRead = False


class SnapshotSender:
    """
    The L{SnapshotSource<replkv.peers.snapshots.SnapshotSource>} of a server: one snapshot for each server that asks, a
    bounded number of them, until nobody has asked for it for a while. A server that has lost its connection goes on
    where it was.

    @ivar isInDoubt: whether the servers do not hold the same, and it cannot be told who is right: then it gives none,
        since a wrong one might make a majority of wrong ones.
    """

    _logger = Logger()

    def __init__(
        self,
        machine: StateMachine,
        files: Files,
        path: str,
        runStore: RunInThread,
        runFiles: RunInThread,
        clock: IReactorTime,
        random: Random,
        limits: NodeLimits,
    ) -> None:
        """
        @param path: the folder in which snapshots are made, on the disk that the store is on.
        @param runStore: the thread for the store.
        @param runFiles: the thread in which files are read.
        @param random: makes up the numbers.
        """
        self._machine = machine
        self._files = files
        self._path = path
        self._runStore = runStore
        self._runFiles = runFiles
        self._clock = clock
        self._random = random
        self._limits = limits
        self._given: dict[int, _Snapshot] = {}  # By the server that it is for.
        self.isInDoubt = False
        self._awaitsMaking: list[Deferred[None]] = []
        self._withdrawn: Engine | None = None  # The store of which it gives none.
        self._sweeping = LoopingCall(self._sweep)
        self._sweeping.clock = clock

    def pinned(self) -> int | None:
        """
        Tell after which entry the log has to keep all, since a server is about to need it; C{None} if none is.
        """
        # Whoever makes a backup needs nothing of the log.
        indexes = [snapshot.index for server, snapshot in self._given.items() if server != OPERATOR]
        return min(indexes, default=None)

    def start(self) -> None:
        """
        Begin.
        """
        self._sweeping.start(1.0, now=False)

    def stop(self) -> Deferred[None]:
        """
        Give no more.

        @return: fires when none is left.
        """
        self._sweeping.stop()
        self._dropAll()
        return self._runFiles(lambda: None)

    def whenMade(self) -> Deferred[None]:
        """
        @return: fires when it begins to make the next one.
        """
        self._awaitsMaking.append(Deferred())
        return self._awaitsMaking[-1]

    def doubt(self) -> None:
        """
        The servers do not hold the same, and it cannot be told who is right.
        """
        self.isInDoubt = True
        if self._given:
            self._logger.warn(
                "this server gives no snapshots as long as the servers do not hold the same, and it cannot be told who "
                "is right"
            )
        self._dropAll()

    def trust(self) -> None:
        """
        The servers hold the same, or it is known who is right.
        """
        self.isInDoubt = False

    def withdraw(self) -> None:
        """
        The state is not what it should be: give none of it, until the machine goes on from another store.
        """
        self._withdrawn = self._machine.engine
        self._dropAll()

    def take(self, sender: int, least: int) -> Deferred[Manifest]:
        """
        See L{SnapshotSource.take<replkv.peers.snapshots.SnapshotSource.take>}. While it is being made there is none, so
        that nobody waits for it on a connection.
        """
        given = self._given.get(sender)
        if given is not None and given.outgoing is not None and given.index < least:
            self._drop(sender)
            given = None
        if given is None:
            if self._machine.engine is self._withdrawn:
                return fail(NoSnapshot("this server's own state is wrong"))
            if self.isInDoubt:
                return fail(NoSnapshot("the servers do not hold the same, and it cannot be told who is right"))
            if self._machine.appliedIndex < least:
                return fail(NoSnapshot(f"this server has not applied entry {least}"))
            if len(self._given) >= self._limits.snapshots and not self._dropRead():
                return fail(NoSnapshot(f"this server gives {len(self._given)} snapshots already"))
            given = self._make(sender)
        given.used = self._clock.seconds()
        if given.outgoing is None:
            return fail(NotYet("it is being made"))
        return succeed(given.outgoing.manifest)

    def read(self, sender: int, number: int, file: int, offset: int) -> Deferred[Piece]:
        """
        See L{SnapshotSource.read<replkv.peers.snapshots.SnapshotSource.read>}.
        """
        given = self._given.get(sender)
        outgoing = None if given is None or given.number != number else given.outgoing
        if given is None or outgoing is None:
            return fail(NoSnapshot("it is not there any more"))
        if not (0 <= file < len(outgoing.manifest.files) and 0 <= offset < outgoing.manifest.files[file].size):
            return fail(NoSnapshot(f"it has no byte {offset} of a file {file}"))
        given.used = self._clock.seconds()
        pieces: list[Piece] = []
        length = self._limits.snapshotPieceBytes
        # One that is fetched anew, since something of it was damaged, is not read again before its end.
        given.isRead = outgoing.manifest.isLast(file, offset + length)
        reading = self._runFiles(lambda: pieces.append(Piece.of(outgoing.read(file, offset, length))))
        return reading.addCallbacks(lambda _: pieces[0], self._notRead, errbackArgs=(sender, given))

    def _make(self, sender: int) -> _Snapshot:
        number = self._random.getrandbits(64)
        path = os.path.join(self._path, f"{number:016x}")
        given = self._given[sender] = _Snapshot(number, self._machine.appliedIndex, path, self._clock.seconds())
        made = self._runFiles(lambda: self._files.makeFolder(self._path))
        made.addCallback(lambda _: self._runStore(lambda: self._machine.checkpoint(path)))
        made.addCallback(lambda _: self._describe(given))
        made.addErrback(self._notMade, sender, given)
        made.addCallback(lambda _: self._madeOrNot(sender, given))
        waiting, self._awaitsMaking = self._awaitsMaking, []
        for deferred in waiting:
            deferred.callback(None)
        return given

    def _describe(self, given: _Snapshot) -> Deferred[None]:
        found: list[OutgoingSnapshot] = []

        def describe() -> None:
            found.append(OutgoingSnapshot(self._files, given.path, given.number, given.index))

        def described(_: None) -> None:
            given.used = self._clock.seconds()
            [given.outgoing] = found

        return self._runFiles(describe).addCallback(described)

    def _madeOrNot(self, sender: int, given: _Snapshot) -> None:
        given.isOver = True
        if self._given.get(sender) is not given:
            # It was dropped meanwhile, when there was nothing to be removed yet.
            self._discard(given)

    def _notMade(self, failure: Failure, sender: int, given: _Snapshot) -> None:
        failure.trap(EngineError, OSError)
        self._logger.warn(
            "no snapshot could be made for {receiver}, which waits for one: {reason}",
            receiver=_named(sender),
            reason=failure.getErrorMessage(),
        )
        self._drop(sender, given)

    def _notRead(self, failure: Failure, sender: int, given: _Snapshot) -> Deferred[Piece]:
        failure.trap(OSError)
        self._logger.warn(
            "the snapshot for {receiver} cannot be read: {reason}",
            receiver=_named(sender),
            reason=failure.getErrorMessage(),
        )
        self._drop(sender, given)
        return fail(NoSnapshot("it cannot be read"))

    def _sweep(self) -> None:
        since = self._clock.seconds() - self._limits.snapshotPatience
        for server, given in list(self._given.items()):
            if given.outgoing is not None and given.used < since:
                self._drop(server, given)

    def _dropRead(self) -> bool:
        """
        Drop one that was read to its end. It is kept only in case that its receiver comes back for the last piece.
        """
        server = next((server for server, given in self._given.items() if given.isRead), None)
        if server is not None:
            self._drop(server)
        return server is not None

    def _dropAll(self) -> None:
        for server in list(self._given):
            self._drop(server)

    def _drop(self, server: int, given: _Snapshot | None = None) -> None:
        """
        Give it no more, and have its files removed.

        @param given: which one; it may have been dropped already.
        """
        dropped = self._given.get(server)
        if dropped is None or given not in (None, dropped):
            return
        del self._given[server]
        if dropped.isOver:
            self._discard(dropped)

    def _discard(self, snapshot: _Snapshot) -> None:
        self._runFiles(lambda: self._remove(snapshot)).addErrback(self._notRemoved)

    def _remove(self, snapshot: _Snapshot) -> None:
        if snapshot.outgoing is not None:
            snapshot.outgoing.close()
        if self._files.exists(snapshot.path):
            self._files.removeFolder(snapshot.path)

    def _notRemoved(self, failure: Failure) -> None:
        failure.trap(OSError)
        self._logger.warn(
            "the files of a snapshot cannot be removed before the next start: {reason}",
            reason=failure.getErrorMessage(),
        )


def _named(sender: int) -> str:
    return "a backup" if sender == OPERATOR else f"server {sender}"
