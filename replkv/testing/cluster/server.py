"""
A simulated server, and what judges follow on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from replkv.config import Config, ServerConfig
from replkv.kv.record import hashOf
from replkv.kv.state import readState
from replkv.raft.member import Member
from replkv.storage.log import LogStorage
from replkv.testing import rare
from replkv.testing.cluster.lifecycle import Lifecycle
from replkv.testing.cluster.store import GHOST

if TYPE_CHECKING:
    from replkv.testing.cluster.cluster import SimulatedCluster


class SimulatedServer(Lifecycle):
    """
    One server of a simulated cluster.
    """

    def __init__(self, cluster: SimulatedCluster, config: ServerConfig, file: Config) -> None:
        super().__init__(cluster, config, file)
        self._steps = 0
        self._doubted: Callable[[], None] | None = None  # Ends the trouble that it is in while its state is wrong.
        self._lacking: Callable[[], None] | None = None  # Ends the trouble that it is in while its log is repaired.
        self._isOut = False  # It has taken itself out, and has had no other store since.
        self._shock: float | None = None  # So many seconds after that it is killed.

    @property
    def isSound(self) -> bool:
        """
        Whether it has all that it ever promised, and a state that is right: it needs nothing of others to lead.
        """
        return self.isIntact and not self.hasGoneBack and self._lacking is None and self._doubted is None

    def fits(self, member: Member) -> bool:
        """
        Whether it is what a configuration says of it: with that data folder, at that address.
        """
        isThere = self.address == (member.address or self.firstAddress)
        return isThere and self._cluster.judge.folders.counts(member, self.folder)

    def renew(self) -> None:
        """
        See L{SimulatedMachine.renew}.
        """
        super().renew()
        for over in (self._lacking, self._doubted):
            if over is not None:
                over()
        self._lacking = self._doubted = self._shock = None
        self._isOut = False

    def doubt(self) -> None:
        """
        Have a reason to take itself out, until its state is right again.
        """
        if self._doubted is None:
            self._doubted = self._cluster.health.trouble([self.id])

    def goWrong(self, amount: float) -> None:
        """
        Come to hold what no entry has put there.

        @param amount: tells whether and when it is killed after it has found that out.
        """
        self.doubt()
        self._shock = amount / 10 if amount < 0.5 else None
        records = self.machine._records
        records.count += 1
        records.hash = (records.hash + hashOf(GHOST, 0, 0, b"")) % 2**64
        state = readState(self.store)
        self.store.haunt(state._replace(keys=records.count, hash=records.hash))

    def observe(self) -> None:
        """
        Have the judge look at what it has applied since the last time.
        """
        if not self.isServing or self.hasForgotten:
            return
        if self.isFresh:
            state = self.raft.state
            isNamed = any(member.incarnation for member in state.configuration.members)
            self.isFresh = not (isNamed and state.configurations.latestIndex <= self.disk.lastIndex)
        self._followStore()
        self._followDoubt()
        self._followRepair()
        if self.store.steps != self._steps and not self.store.isWrong:
            self._steps = self.store.steps
            self._cluster.judge.applied(self, self.appliedIndex, self.store.digest)

    def _followStore(self) -> None:
        """
        Take note where its machine has gone on from a snapshot.
        """
        assert self._service is not None
        engine = self._service.assembly.machine.engine
        if engine is not self.store:
            [self._storePath] = [path for path, store in self._stores.items() if store is engine]
            self._steps = -1
            self._cluster.rare[rare.STATE_REPLACED] += self._isOut
            self._isOut = False

    def _followRepair(self) -> None:
        """
        Take note where its log is repaired.
        """
        if self._lacking is not None and not self.raft.isRepairing:
            self._lacking()
            self._lacking = None

    def _followDoubt(self) -> None:
        """
        Have the judge look whether it has taken itself out, and for what.
        """
        store, isOut = self.store, self.raft.isDistrusted
        if isOut and not self._isOut:
            cluster = self._cluster
            cluster.tell(self.name, "takes itself out")
            if self._doubted is None and not store.isWrong:
                cluster.fail(f"server {self.id} takes itself out, and its state is right")
            cluster.rare[rare.WRONG_STATE_FOUND if store.isWrong else rare.ROTTEN_RECORD] += 1
            if self._shock is not None:
                cluster.timeline.callLater(self._shock, self._killOut)
            self._isOut = True
        if self._doubted is not None and not (isOut or store.isWrong or store.isRotten):
            self._doubted()
            self._doubted = None

    def _killOut(self) -> None:
        """
        Kill it, if it is still out.
        """
        if self._process is not None and self._isOut and self.isServing and self.raft.isDistrusted:
            self._cluster.rare[rare.WRONG_STATE_KILLED] += 1
            self.kill()
            self._cluster.timeline.callLater(0.1, self.revive)

    def _begun(self, storage: LogStorage) -> None:
        """
        See L{Lifecycle._begun}.
        """
        cluster = self._cluster
        if self.isServing:
            self._isOut = bool(self.raft.peers) and self._knowsToBeWrong(storage.store)
            if self._isOut and not self.raft.isDistrusted:
                cluster.fail(f"server {self.id} goes on with a state that it knows to be wrong")
            if self._isOut:
                self.doubt()
            if self.raft.isRepairing and self._lacking is None:
                self._lacking = cluster.health.trouble([self.id])
        self._steps = self.store.steps
