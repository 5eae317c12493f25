"""
What a simulated server does with snapshots.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from replkv.raft.outputs import Fetch, Install, Persist
from replkv.testing import rare
from replkv.testing.chance import chance
from replkv.testing.core.machine import Machine

if TYPE_CHECKING:
    from replkv.testing.core.cluster import Cluster
    from replkv.testing.core.pump import Pump


class Snapshots:
    """
    Makes the log of a server shorter now and then, and fetches a snapshot where it lacks what the leader's has no more.

    It is fetched as a whole, from a server that runs all the while, and takes its time. Meanwhile anything may happen.
    """

    def __init__(self, cluster: Cluster, server: Pump) -> None:
        self._cluster = cluster
        self._server = server
        self._random = chance(cluster.seed, "snapshots", server.id)
        self._fetching = False
        self._fetched: Machine | None = None
        self._taken: list[Machine] = []  # By the core, which has not asked yet to have them installed.
        self._installing: dict[int, Machine] = {}  # By the number of their Install.

    @property
    def isInstalling(self) -> bool:
        """
        Whether one is on its way to the disk.
        """
        return bool(self._installing)

    def crashed(self) -> None:
        """
        The server crashes.
        """
        if self._installing:
            self._cluster.happened(rare.CRASH_IN_INSTALL)
        self._fetching = False
        self._fetched = None
        self._taken.clear()
        self._installing.clear()

    def applied(self) -> None:
        """
        The server has applied something: have its log forget it, if it is time to.
        """
        compaction, server = self._cluster.plan.compaction, self._server
        if compaction is None or self.isInstalling:
            return
        index = server.machine.appliedIndex - self._random.randint(0, compaction.kept)
        if index >= server.disk.firstIndex + compaction.every - 1:
            server.raft.compact(index)
            server.disk.compact(server.machine, index)
            self._cluster.happened(rare.COMPACTED)

    def fetch(self, fetch: Fetch) -> None:
        """
        The server needs a snapshot, which may be there already.
        """
        if self._fetched is not None:
            self._install()
        source = self._cluster.servers[fetch.leader]
        if self._fetching or not source.isRunning or source.machine.appliedIndex < fetch.index:
            return
        self._fetching = True
        seconds = self._random.choice([0.01, 0.1, 1.0]) * self._random.random()
        self._cluster.later(seconds, self._arrive, self._server.life, source, source.life, source.machine.copy())

    def given(self, persists: Sequence[Persist | Install]) -> dict[int, Machine]:
        """
        What the core asks for.

        @return: the snapshots that go to the disk with it, by the number of their L{Install}.
        """
        fetched = {persist.seq: self._taken.pop(0) for persist in persists if isinstance(persist, Install)}
        self._installing.update(fetched)
        return fetched

    def synced(self, seq: int) -> Machine | None:
        """
        The disk has done all up to C{seq}.

        @return: the state that the server is to go on from, where that is a snapshot.
        """
        found = None
        for done in [done for done in self._installing if done <= seq]:
            found = self._installing.pop(done)
        return None if found is None else found.copy()

    def _arrive(self, life: int, source: Pump, sourceLife: int, machine: Machine) -> None:
        if life != self._server.life or not self._server.isRunning:
            return
        self._fetching = False
        if source.life == sourceLife and source.isRunning:
            self._fetched = machine
            self._server.into(self._install)

    def _install(self) -> None:
        """
        Have the core go on from what was fetched, if it is still of use, and not before the core wants it.
        """
        machine, raft = self._fetched, self._server.raft
        if machine is None or not machine.appliedIndex:
            return
        index = machine.appliedIndex
        if raft.install(index, machine.terms[-1], machine.configuration):
            self._fetched = None
            self._taken.append(machine)
            self._cluster.tell(self._server.name, f"installs a snapshot up to entry {index}")
            self._cluster.happened(rare.SNAPSHOT)
            if self._server.isFragile:
                self._cluster.later(2 * self._cluster.plan.disk.most * self._random.random(), self._break)
        elif index <= raft.lastApplied:
            self._fetched = None
            self._cluster.happened(rare.SNAPSHOT_LATE)

    def _break(self) -> None:
        server = self._server
        if server.isRunning and server.isFragile:
            self._cluster.crash(server.id)
            self._cluster.later(self._random.random(), self._cluster.restart, server.id)
