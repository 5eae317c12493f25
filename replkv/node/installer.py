"""
How a snapshot takes the place of this server's state.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from replkv.kv.engine import Engine, EngineError
from replkv.kv.machine import StateMachine
from replkv.kv.members import Members
from replkv.node.applier import Applier
from replkv.node.diskqueue import Placement, RunInThread
from replkv.node.snapshotfetcher import Fetched, SnapshotFetcher
from replkv.node.snapshotsender import SnapshotSender
from replkv.peers.receiver import Unreachable
from replkv.peers.snapshots import NoSnapshot
from replkv.raft.configuration import Configuration
from replkv.raft.core import Raft
from replkv.raft.outputs import Fetch, Install, Persist

RETRY_SECONDS: Final = 5.0
"""
How long to wait before a snapshot is fetched again, when what came was of no use, or could not be written.
"""


class Installer:
    """
    Has a snapshot fetched when the core wants one, as it does where the state is wrong; has the core go on from it; and
    when the log's disk says that the snapshot's store is the one that counts, puts that in the place of the one that
    there was.
    """

    _logger = Logger()

    def __init__(
        self,
        raft: Raft,
        machine: StateMachine,
        applier: Applier,
        fetcher: SnapshotFetcher,
        sender: SnapshotSender,
        store: int,
        beginning: Configuration,
        rememberWrong: Callable[[int, str], None],
        runStore: RunInThread,
        clock: IReactorTime,
    ) -> None:
        """
        @param store: the number of the store that the machine lives in.
        @param beginning: the configuration of a snapshot that has none, since it never changed.
        @param rememberWrong: notes, for the next start, that a store is wrong, and why; it blocks, and may raise
            C{OSError}.
        @param runStore: the thread for the store.
        """
        self._raft = raft
        self._machine = machine
        self._applier = applier
        self._fetcher = fetcher
        self._sender = sender
        self._store = store
        self._beginning = beginning
        self._rememberWrong = rememberWrong
        self._runStore = runStore
        self._clock = clock
        self._fetching: Deferred[bool] | None = None
        self._notBefore = 0.0
        self._told: str | None = None
        self._fetched: Fetched | None = None
        self._taken: deque[Fetched] = deque()  # By the core, which has not asked yet to have them put in place.
        self._placing: dict[int, Fetched] = {}  # By the number of the Install.

    def distrust(self, reason: str) -> None:
        """
        The state is not what the log has made it: do nothing with it any more, and have a snapshot take its place.

        @param reason: how that is known, for the operator.
        """
        if self._raft.isDistrusted:
            return
        self._logger.error(
            "this server's state is wrong: {reason}. It answers no client from it, does not lead, and asks the leader "
            "for a snapshot, to go on from that. If it comes again, check this machine's memory and disk",
            reason=reason,
        )
        self._raft.distrust()
        self._applier.abandon()
        self._sender.withdraw()
        store = self._store
        self._runStore(lambda: self._rememberWrong(store, reason)).addErrback(self._notRemembered)

    def _notRemembered(self, failure: Failure) -> None:
        failure.trap(OSError)
        self._logger.warn(
            "that its state is wrong cannot be noted, and is forgotten if this server is started anew before it has a "
            "snapshot: {reason}",
            reason=failure.getErrorMessage(),
        )

    def fetch(self, fetch: Fetch) -> Deferred[bool]:
        """
        The core wants a snapshot.

        @return: fires with whether there is one to be L{offer}ed; with C{False} at once where it is being fetched.
        """
        if self._fetched is not None:
            return succeed(True)
        if self._fetching is not None or self._clock.seconds() < self._notBefore:
            return succeed(False)
        fetching = Deferred.fromCoroutine(self._fetcher.fetch(fetch))
        fetched = fetching.addCallbacks(self._arrived, self._notFetched)
        if not fetched.called:
            self._fetching = fetched
        return fetched

    def offer(self) -> None:
        """
        Have the core go on from the snapshot that there is.
        """
        fetched = self._fetched
        if fetched is None:
            return
        state = fetched.state
        # What it did not contradict when it came may be committed by now.
        if self._isRefused(fetched):
            self._fetched = None
        elif self._raft.install(state.appliedIndex, state.appliedTerm, self._membersOf(fetched)):
            self._fetched = None
            self._taken.append(fetched)
        elif state.appliedIndex <= self._raft.lastApplied:
            self._fetched = None
            self._discard(fetched.engine, fetched.store)

    def _membersOf(self, fetched: Fetched) -> Configuration:
        return Members(fetched.engine, {}).configuration or self._beginning

    def place(self, persists: Sequence[Persist | Install]) -> list[Persist | Placement]:
        """
        Say which store each snapshot is that the core wants to have put in place.
        """
        return [self._placement(persist) if isinstance(persist, Install) else persist for persist in persists]

    def placed(self, seq: int) -> None:
        """
        The log's disk has all up to C{seq}: go on from the snapshot that is in place with it, if there is one.

        @raise EngineError: if that store cannot be read.
        """
        for done in [done for done in self._placing if done <= seq]:
            fetched = self._placing.pop(done)
            store, self._store = self._store, fetched.store
            before = self._machine.install(fetched.engine)
            self._applier.restart()
            self._discard(before, store)
            self._logger.info(
                "this server goes on from a snapshot of server {sender}, up to entry {index}: {keys} keys, {size} "
                "bytes",
                sender=fetched.sender,
                index=fetched.state.appliedIndex,
                keys=self._machine.keys,
                size=fetched.size,
            )

    async def close(self) -> None:
        """
        Fetch nothing more, and close the stores that did not come to be used.
        """
        if self._fetching is not None:
            self._fetching.cancel()
        unused = [*self._taken, *self._placing.values()]
        if self._fetched is not None:
            unused.append(self._fetched)
        for fetched in unused:
            await self._runStore(fetched.engine.close)

    def _placement(self, install: Install) -> Placement:
        fetched = self._placing[install.seq] = self._taken.popleft()
        return Placement(install.seq, install, fetched.store)

    def _arrived(self, fetched: Fetched) -> bool:
        self._fetching = None
        if self._isRefused(fetched):
            return False
        self._told = None
        self._fetched = fetched
        return True

    def _isRefused(self, fetched: Fetched) -> bool:
        """
        Whether no server that is in its right mind has such a snapshot. Then it is discarded.
        """
        objection = self._raft.snapshotObjection(fetched.state.appliedIndex, fetched.state.appliedTerm)
        if objection is not None:
            self._discard(fetched.engine, fetched.store)
            self._isOfNoUse(f"server {fetched.sender} has {objection}")
        return objection is not None

    def _notFetched(self, failure: Failure) -> bool:
        self._fetching = None
        if not failure.check(CancelledError, Unreachable, NoSnapshot):
            failure.trap(EngineError, OSError, ValueError)
            self._isOfNoUse(failure.getErrorMessage())
        # Its traceback holds the frames of whoever called, and these it, until the collector finds them; and with them
        # what the core has given out in this turn, which may be much.
        failure.cleanFailure()
        return False

    def _isOfNoUse(self, reason: str) -> None:
        """
        Tell the operator, and try it again after a while.
        """
        self._notBefore = self._clock.seconds() + RETRY_SECONDS
        if reason != self._told:
            self._told = reason
            self._logger.warn(
                "this server needs a snapshot, and the one that it was given was of no use: {reason}; trying again",
                reason=reason,
            )

    def _discard(self, engine: Engine, store: int) -> None:
        """
        Have a store closed and removed.
        """
        # Flushed before, it is closed without holding up all other threads.
        discarding = self._runStore(engine.flush).addCallback(lambda _: self._runStore(engine.close))
        discarding.addCallback(lambda _: Deferred.fromCoroutine(self._fetcher.remove(store)))
        discarding.addErrback(self._notDiscarded)

    def _notDiscarded(self, failure: Failure) -> None:
        failure.trap(EngineError, OSError)
        self._logger.warn(
            "a store that is not used any more could not be removed before the next start: {reason}",
            reason=failure.getErrorMessage(),
        )
