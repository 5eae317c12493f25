"""
Clusters that are upgraded while clients use them, one server after the other.
"""

from __future__ import annotations

from random import Random
from typing import Final

from replkv.testing.faults import UPGRADE, Fault
from replkv.testing.swarm import drawTimes
from replkv.versions import VERSIONS, Versions

BEFORE: Final = Versions(VERSIONS.oldest, VERSIONS.newest - 1)
"""
What the servers speak before.
"""

_MIXED: Final = 0.15
"""
So many seeds begin with servers of the version before.
"""

_SPAN: Final = 0.8
"""
The last server is upgraded when this part of the time is over in which things go wrong, at the latest: then there are
some that find all commands known again.
"""


def drawUpgrades(random: Random, size: int, seconds: float, first: int) -> tuple[Fault, ...]:
    """
    When the servers are upgraded, in any order; nothing in most seeds.

    @param size: the number of servers.
    @param seconds: for how long things go wrong.
    @param first: the number of the first fault that this is.
    """
    if random.random() >= _MIXED:
        return ()
    order = random.sample(range(size), size)
    return tuple(
        Fault(first + place, UPGRADE, at, random.choice([0.05, 0.3, 1.0]), (server,), atLeader=False, amount=0.0)
        for place, (server, at) in enumerate(zip(order, drawTimes(random, size, _SPAN * seconds), strict=True))
    )
