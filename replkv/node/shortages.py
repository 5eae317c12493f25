"""
Servers whose disks are nearly full, and what follows for the one that leads.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from replkv.node.diskspace import DiskSpace
from replkv.node.limits import NodeLimits
from replkv.node.link import Link
from replkv.raft.core import Raft


class Shortages:
    """
    What a leader knows of the disks. It takes writes as long as it has room itself and is, with the others that have, a
    majority: where it needs one that is full to commit, each write would bring that one nearer to its end, and with it
    the cluster. One that is not connected counts for nothing then.
    """

    _logger = Logger()

    def __init__(
        self,
        raft: Raft,
        space: DiskSpace,
        links: Mapping[int, Link],
        clock: IReactorTime,
        limits: NodeLimits,
    ) -> None:
        """
        @param raft: knows this server's id, and what is a majority.
        @param space: what this server's own disk has.
        @param links: the ways to the others, by id.
        """
        self._raft = raft
        self._space = space
        self._links = links
        self._clock = clock
        self._limits = limits
        self._told: dict[int, bool] = {}  # By id, whether a peer has said that it is full.
        self._othersAreFull = False
        self._notBefore = 0.0

    @property
    def isFull(self) -> bool:
        """
        Whether this server's own disk is.
        """
        return self._space.isFull

    @property
    def full(self) -> list[int]:
        """
        The ids of the servers that are full, as far as this one knows, in their order.
        """
        return sorted({self._raft.config.id} | self._fullPeers() if self.isFull else self._fullPeers())

    @property
    def takesWrites(self) -> bool:
        """
        Whether this server may propose what clients want to write, if it leads.
        """
        return not self.isFull and not self._othersAreFull

    def forget(self) -> None:
        """
        This server begins to lead, or does so no longer: what others have told may be long ago.
        """
        self._told = {}
        self._othersAreFull = False
        self._notBefore = 0.0

    def heard(self, peer: int, isFull: bool) -> None:
        """
        A peer has answered this leader, and said how it is.
        """
        before = self._told.get(peer, False)
        self._told[peer] = isFull
        if isFull != before:
            self._weigh()

    def look(self) -> Collection[int]:
        """
        See how it stands with the others: to be called in each tick of a leader.

        @return: the ids of the servers of which one had better lead now, since this one is full: those that have said
            that they are not, so that it never goes to and fro between servers that are. None where there is none; nor
            for a while after they were told, since clients wait for each attempt.
        """
        self._weigh()
        withRoom = self._connected().intersection(self._told) - self._fullPeers()
        now = self._clock.seconds()
        if not self.isFull or not withRoom or now < self._notBefore:
            return ()
        self._notBefore = now + self._limits.reliefPause
        return withRoom

    def _fullPeers(self) -> set[int]:
        """
        Those of them that are connected.
        """
        return {peer for peer in self._connected() if self._told.get(peer, False)}

    def _connected(self) -> set[int]:
        return {peer for peer, link in self._links.items() if link.isUp}

    def _weigh(self) -> None:
        """
        See whether those that have room are a majority.
        """
        full = self._fullPeers()
        areFull = bool(full) and not self._raft.state.configuration.isQuorum(
            {self._raft.config.id, *self._connected() - full}
        )
        if areFull == self._othersAreFull:
            return
        self._othersAreFull = areFull
        if areFull:
            self._logger.warn(
                "no writes are taken (ERR_INTERNAL): the disks of {servers} are nearly full, and without them there is "
                "no majority: make room there",
                servers=", ".join(f"server {peer}" for peer in sorted(full)),
            )
        else:
            self._logger.info("enough servers have room again: writes are taken")
