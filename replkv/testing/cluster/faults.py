"""
The faults of a plan, as they happen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from replkv.testing.chance import chance
from replkv.testing.cluster.cluster import SimulatedCluster
from replkv.testing.cluster.drawing import drawFaults
from replkv.testing.cluster.kinds import KINDS
from replkv.testing.cluster.troubled import troubled
from replkv.testing.faults import BY_ITSELF, Fault, Schedule, Undo


class Faults(Schedule):
    """
    The faults of a plan, as they happen.
    """

    def __init__(self, cluster: SimulatedCluster, faults: Iterable[Fault]) -> None:
        self._cluster = cluster
        super().__init__(cluster, faults)

    def begin(self, fault: Fault) -> Undo | None:
        """
        See L{Schedule.begin}.
        """
        cluster = self._cluster
        servers = [cluster.servers[number] for number in fault.servers]
        if fault.atLeader:
            servers.sort(key=lambda server: not server.leads)
        cluster.tell(f"fault {fault.number}", f"{fault.kind}, {servers[0].name} first, for {fault.lasts:.3f} s")
        undo = KINDS[fault.kind](cluster, servers, fault)
        return None if undo is None else self.troubling(troubled(servers, fault), undo)


_USUAL: Final = tuple(kind for kind in KINDS if kind not in BY_ITSELF)


def disturb(cluster: SimulatedCluster, seconds: float, kinds: Collection[str] = _USUAL) -> Faults:
    """
    Let things go wrong in a cluster for a while. What, when and where is drawn from the cluster's seed.

    @param seconds: the last thing that goes wrong begins so many seconds from now.
    @param kinds: what may go wrong, by its names in L{KINDS}; if it is not given, all but what is in
        L{BY_ITSELF<replkv.testing.faults.BY_ITSELF>}.
    @return: its L{Faults.mend} ends all of it.
    @raise ValueError: if there is no such kind.
    """
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown:
        raise ValueError(f"nothing is called {unknown[0]!r}; these can go wrong: {', '.join(KINDS)}")
    drawn = drawFaults(
        chance(cluster.seed, "disturb", cluster.timeline.seconds()), sorted(kinds), len(cluster.servers), seconds
    )
    return Faults(cluster, drawn)
