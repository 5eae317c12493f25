"""
Limits of the core, small enough that a short simulation reaches them.
"""

from __future__ import annotations

from random import Random

from replkv.raft.limits import RaftLimits


def drawLimits(random: Random, more: Random) -> RaftLimits:
    """
    The limits of one seed. Where batches are small, the entries of an old term and those of a new one travel apart,
    without which there is no figure 8. Where nothing is kept in memory, peers that lag are sent what is read from the
    disk; and where little is given out at once, the rest is read from there too.

    @param more: draws what was not drawn from the first, so that a seed stands for the same ones for good.
    """
    return RaftLimits(
        batchBytes=random.choice([1, 1, 1, 30, 1 << 20]),
        cacheBytes=random.choice([0, 1000, 1 << 25]),
        unanswered=random.choice([4, 16, 64, 64]),
        unansweredBytes=random.choice([100, 1000, 1 << 22, 1 << 22]),
        readyEntries=random.choice([1, 4, 512]),
        diskPatience=random.choice([2, 3, 8]),
        readyBytes=more.choice([1, 1000, 1 << 22]),
        patientEntries=more.choice([2, 10, 256]),
    )
