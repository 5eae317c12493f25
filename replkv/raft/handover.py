"""
How a leader has a peer lead in its place: section 3.10 of Ongaro's thesis.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from replkv.raft.outputs import DiskTrouble
from replkv.raft.progress import REPLICATE, Progress


class CannotHandOver(Exception):
    """
    The leader cannot hand over as it is asked to; the words say why.
    """


class HandOver:
    """
    A hand-over that is under way. It takes an election timeout at the most: whoever is to lead may have died.

    @ivar target: the id of the peer that is to lead.
    @ivar trouble: what is wrong with the leader's own disk, where that is why. Then it leads no longer, whether the
        peer does or not.
    @ivar isTold: whether the peer was told to stand for election. It may do so then, whatever becomes of its answer.
    """

    __slots__ = ("_half", "_left", "isTold", "target", "trouble")

    def __init__(self, target: int, ticks: int) -> None:
        """
        @param ticks: how long it may take.
        """
        self.target = target
        self.trouble: DiskTrouble | None = None
        self.isTold = False
        self._left = ticks
        self._half = ticks // 2

    @property
    def isOver(self) -> bool:
        """
        Whether its time is over, or it was given up.
        """
        return self._left <= 0

    @property
    def isUrgent(self) -> bool:
        """
        Whether half of its time is over.
        """
        return self._left <= self._half

    def tick(self) -> None:
        """
        One tick passed.
        """
        self._left -= 1

    def giveUp(self) -> None:
        """
        The peer will not lead.
        """
        self._left = 0


def fittest(progress: Mapping[int, Progress], among: Collection[int]) -> int:
    """
    Whom a leader had better hand over to: the peer whose disk holds most of the log, of those that answer.

    @param progress: what the leader knows of each peer, by id.
    @param among: which of them can be chosen.
    @return: its id.
    @raise CannotHandOver: if none of them answers.
    """
    fit = [peer for peer, known in progress.items() if peer in among and known.state is REPLICATE and known.maySend]
    if not fit:
        raise CannotHandOver("no server that could lead instead answers this one")
    # One that was stopped just now still looks well, but owes more answers than the others.
    return max(fit, key=lambda peer: (progress[peer].matchIndex, -progress[peer].unanswered))
