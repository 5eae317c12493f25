"""
Servers whose disks are nearly full.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from replkv.commands.command import LoggedCommand, ReadCommand
from replkv.frontends.request import Request
from replkv.storage.files import Space
from replkv.testing import rare

if TYPE_CHECKING:
    from replkv.service.assembly import Assembly
    from replkv.testing.cluster.cluster import SimulatedCluster


def watchDisk(cluster: SimulatedCluster, server: int, assembly: Assembly) -> None:
    """
    Look at what one process of a server makes of the room on its disk:

      - When it was told twice that there is less than the reserve, it takes no client's write, and answers that at
        once, unless it has to be refused for another reason. (When it was told a second time, it has had the first
        answer.)
      - Then it counts as full; and when it was told twice that there is a quarter more than that, it does not.
      - A leader that has less than the reserve goes on to take reads.

    @param server: its id.
    """
    watch = _Watch(cluster, server, assembly)
    assembly.diskSpace._files = watch  # type: ignore[assignment]
    assembly.node.executor._carryOut = watch.carryOut  # type: ignore[method-assign]
    assembly.node.handOver = watch.handOver  # type: ignore[method-assign]


class _Watch:
    """
    Stands between a server and its disk, as far as that is asked for its room, and between its clients and its log.
    """

    def __init__(self, cluster: SimulatedCluster, server: int, assembly: Assembly) -> None:
        self._cluster = cluster
        self._id = server
        self._assembly = assembly
        self._files = assembly.diskSpace._files
        self._told: list[int] = []  # How many bytes are free, the last two times.
        self._carryOut = assembly.node.executor._carryOut
        self._handOver = assembly.node.handOver

    def space(self, path: str) -> Space:
        """
        See L{replkv.storage.files.Files.space}.
        """
        space = self._files.space(path)
        if self._told:
            self._look(self._told[-1])
        self._told = [*self._told[-1:], space.free]
        return space

    def _look(self, free: int) -> None:
        """
        See what it makes of the last answer.
        """
        space = self._assembly.diskSpace
        if free < space.reserve and not space.isFull:
            self._cluster.fail(f"server {self._id} has {free} bytes on its disk, and does not take it for full")
        if free >= 1.25 * space.reserve and space.isFull:
            self._cluster.fail(f"server {self._id} has {free} bytes on its disk, and takes it for full")
        if self._told[0] < space.reserve <= free:
            self._cluster.rare[rare.FULL_EMPTIED] += 1

    def carryOut(self, request: Request) -> None:
        """
        See L{replkv.node.executor.Executor}: this server leads, and has got something to do.
        """
        log, shortages = self._assembly.raft.log, self._assembly.shortages
        before = log.lastIndex
        isFull = len(self._told) == 2 and max(self._told) < self._assembly.diskSpace.reserve
        isAllowed = self._assembly.node.executor._access.allows(request)
        self._carryOut(request)
        if isinstance(request.command, ReadCommand) and request.isAnswered:
            self._cluster.fail(f"leader {self._id} has refused a read at once")
        if not isinstance(request.command, LoggedCommand):
            return
        if isFull and (log.lastIndex > before or (isAllowed and not request.isAnswered)):
            self._cluster.fail(f"leader {self._id} knows that its disk is nearly full, and has taken a write")
        self._cluster.rare[rare.FULL_REFUSED] += request.isAnswered and not shortages.takesWrites

    def handOver(self, reason: str, besides: Collection[int] = ()) -> Deferred[int]:
        """
        See L{replkv.node.node.Node.handOver}.
        """
        self._cluster.rare[rare.FULL_RELIEVED] += reason == "its disk is nearly full"
        return self._handOver(reason, besides)
