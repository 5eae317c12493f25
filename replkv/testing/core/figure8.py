"""
The fault that leads a cluster into figure 8 of the Raft paper.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from replkv.raft.quorum import agreed
from replkv.raft.roles import RoleName
from replkv.testing.core.cluster import Cluster
from replkv.testing.core.conditions import OldEntriesOnly
from replkv.testing.core.server import Server

_LOOK: Final = 0.01
"""
How many seconds there are between two looks at how things are.
"""

_PATIENCE: Final = 50
"""
For how many looks is waited for clients to write to the first leader. Where they do, its log is longer than that of the
second one, and older.
"""


class Figure8:
    """
    First a leader crashes that has an entry on its own disk alone, then another one likewise. The first comes back, is
    elected, and brings its old entry to a majority, but none of its new ones; then it crashes again. The second comes
    back, is elected by just that majority, and replaces the entry. Had the first one committed the entry, since a
    majority has it, a committed entry would be lost now.

    Only a majority runs meanwhile, so that no other server than these two can be elected.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._condition = OldEntriesOnly()
        self._down: list[int] = []
        self._restricted = True
        for way in cluster.network.ways():
            way.conditions.append(self._condition)
        self._script = self._play()
        self._look()

    def end(self) -> None:
        """
        Let all servers run, and all messages arrive.
        """
        self._script.close()
        self._release()
        for server in self._down:
            self._cluster.restart(server)
        self._down = []

    def _look(self) -> None:
        if next(self._script, None):
            self._cluster.later(_LOOK, self._look)

    def _play(self) -> Generator[bool, None, None]:
        """
        Yields as long as there is something to wait for.
        """
        cluster = self._cluster
        while (leader := cluster.leader()) is None:
            yield True
        # Of the next leader's entries, nothing is on its way.
        self._crash(leader.id)
        self._restart(leader.id)
        looks = 0
        while (first := cluster.leader()) is None or not self._hasEntry(first, 3 if looks < _PATIENCE else 1):
            looks += 1
            yield True
        old = first.disk.entries[-1]
        self._crash(first.id)
        while (second := cluster.leader()) is None or not self._hasEntry(second):
            yield True
        self._crash(second.id)
        self._restart(first.id)
        for server in cluster.servers:
            if server is not first and server.isRunning and len(self._down) < (len(cluster.servers) - 1) // 2:
                self._crash(server.id)
        while not self._knowsMajority(first, old.index):
            yield True
        self._crash(first.id)
        self._restart(second.id)
        self._release()
        while second.raft.commitIndex < old.index:
            yield True
        self._restart(first.id)

    def _hasEntry(self, server: Server, count: int = 1) -> bool:
        """
        Whether a leader has an entry of its term on its disk, and so many that are not committed.
        """
        last = server.disk.lastIndex
        return last >= server.raft.commitIndex + count and server.disk.holds(last, server.raft.currentTerm)

    def _knowsMajority(self, server: Server, index: int) -> bool:
        """
        Whether a leader knows that a majority has an entry.
        """
        status = server.raft.status
        if not server.isRunning or status.role is not RoleName.LEADER:
            return False
        matched = [progress.matchIndex for progress in status.progress.values()]
        return agreed([server.disk.lastIndex, *matched]) >= index

    def _crash(self, server: int) -> None:
        self._down.append(server)
        self._cluster.crash(server)

    def _restart(self, server: int) -> None:
        self._down.remove(server)
        self._cluster.restart(server)

    def _release(self) -> None:
        if self._restricted:
            self._restricted = False
            for way in self._cluster.network.ways():
                way.conditions.remove(self._condition)
