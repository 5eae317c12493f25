"""
The faults of a plan, as they happen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from replkv.testing.chance import chance
from replkv.testing.cluster.cluster import SimulatedCluster
from replkv.testing.cluster.kinds import KINDS, Undo
from replkv.testing.cluster.plan import Fault, drawFaults


class Faults:
    """
    The faults of a plan, as they happen.

    @ivar injected: how many of each kind have happened.
    """

    def __init__(self, cluster: SimulatedCluster, faults: Iterable[Fault]) -> None:
        self.injected: Counter[str] = Counter()
        self._cluster = cluster
        self._undoing: dict[int, Undo] = {}
        self._calls = [cluster.timeline.callLater(fault.at, self._begin, fault) for fault in faults]

    def mend(self) -> None:
        """
        End all that goes wrong, and let nothing more go wrong.
        """
        for call in self._calls:
            if call.active():
                call.cancel()
        for number in list(self._undoing):
            self._undoing.pop(number)()

    def _begin(self, fault: Fault) -> None:
        cluster = self._cluster
        servers = [cluster.servers[number] for number in fault.servers]
        if fault.atLeader:
            servers.sort(key=lambda server: not server.leads)
        cluster.tell(f"fault {fault.number}", f"{fault.kind}, {servers[0].name} first, for {fault.lasts:.3f} s")
        undo = KINDS[fault.kind](cluster, servers, fault)
        if undo is not None:
            self.injected[fault.kind] += 1
            self._undoing[fault.number] = undo
            cluster.timeline.callLater(fault.lasts, self._end, fault)

    def _end(self, fault: Fault) -> None:
        undo = self._undoing.pop(fault.number, None)
        if undo is not None:
            self._cluster.tell(f"fault {fault.number}", "is over")
            undo()


def disturb(cluster: SimulatedCluster, seconds: float, kinds: Collection[str] = tuple(KINDS)) -> Faults:
    """
    Let things go wrong in a cluster for a while. What, when and where is drawn from the cluster's seed.

    @param seconds: the last thing that goes wrong begins so many seconds from now.
    @param kinds: what may go wrong, by its names in L{KINDS}.
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
