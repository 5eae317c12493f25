"""
Makes things go wrong, as a seed has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from replkv.testing.chance import chance
from replkv.testing.faults import Fault
from tests.faults.cluster import ProxiedCluster
from tests.faults.faults import NETWORK_KINDS, PROCESS_KINDS, Kind

_PAUSES: Final = (0.4, 1.2)
_LENGTHS: Final = (0.3, 0.8, 1.4, 2.0)

LEADER_WAIT: Final = 10.0
"""
For so many seconds a fault that is meant for a leader waits until there is one.
"""

_LOOK_SECONDS: Final = 0.02


@dataclass(frozen=True)
class Schedule:
    """
    What a seed has go wrong. Faults of processes and faults of the network go on side by side; of either, there is one
    at a time.

    @ivar frail: the servers whose disks may fail: a minority.
    """

    processes: tuple[Fault, ...]
    network: tuple[Fault, ...]
    frail: tuple[int, ...]


def draw(seed: int, size: int, seconds: float) -> Schedule:
    """
    The schedule of a seed.

    @param size: the number of servers.
    @param seconds: for how long things go wrong.
    """
    frail = tuple(sorted(chance(seed, "frail").sample(range(size), (size - 1) // 2)))
    return Schedule(
        _faults(chance(seed, "processes"), list(PROCESS_KINDS), size, seconds, frail),
        _faults(chance(seed, "network"), list(NETWORK_KINDS), size, seconds, frail),
        frail,
    )


def _faults(random: Random, kinds: Sequence[str], size: int, seconds: float, frail: Sequence[int]) -> tuple[Fault, ...]:
    faults: list[Fault] = []
    at = random.uniform(*_PAUSES)
    bag: list[str] = []
    while at < seconds:
        # As from a bag that is filled again when it is empty: so each run has as many kinds as it has time for.
        bag = bag or random.sample(kinds, len(kinds))
        kind = bag.pop()
        lasts = min(random.choice(_LENGTHS), seconds - at)
        servers = random.sample(range(size), size)
        atLeader = random.random() < 0.6
        if kind == "full disk":
            servers.sort(key=lambda server: server not in frail)
            atLeader = False
        elif kind == "wake alone":
            # Of use only if there is time for another one to lead.
            lasts, atLeader = 2.4, True
        faults.append(Fault(len(faults), kind, at, lasts, tuple(servers), atLeader, random.random()))
        at += lasts + random.uniform(*_PAUSES)
    return tuple(faults)


class Nemesis:
    """
    Makes everything go wrong that a schedule has.
    """

    def __init__(self, reactor: Any, cluster: ProxiedCluster, schedule: Schedule, tell: Callable[[str], None]) -> None:
        """
        @param tell: is told what happens.
        """
        self._reactor = reactor
        self._cluster = cluster
        self._schedule = schedule
        self._tell = tell
        self._start = 0.0

    async def run(self) -> None:
        """
        Do it, and leave all well again.
        """
        self._start = self._reactor.seconds()
        tracks = ((self._schedule.processes, PROCESS_KINDS), (self._schedule.network, NETWORK_KINDS))
        done = await DeferredList(
            [Deferred.fromCoroutine(self._follow(faults, kinds)) for faults, kinds in tracks], consumeErrors=True
        )
        for success, result in done:
            if not success:
                assert isinstance(result, Failure)
                result.raiseException()

    async def _follow(self, faults: Sequence[Fault], kinds: Mapping[str, Kind]) -> None:
        for fault in faults:
            await self._until(fault.at)
            servers = list(fault.servers)
            if fault.atLeader:
                leader = await self._leader()
                if leader is None:
                    self._tell(f"{fault.kind}: not done, since nobody leads")
                    continue
                servers.remove(leader)
                servers.insert(0, leader)
            self._tell(f"{fault.kind}: {servers}{', of which the first leads' if fault.atLeader else ''}")
            undo = kinds[fault.kind](self._cluster, servers, fault)
            try:
                await deferLater(self._reactor, fault.lasts)
            finally:
                undo()
            self._tell(f"{fault.kind}: over")

    async def _leader(self) -> int | None:
        """
        Wait until a server leads.
        """
        end = self._reactor.seconds() + LEADER_WAIT
        while (leader := await self._cluster.leading()) is None and self._reactor.seconds() < end:
            await deferLater(self._reactor, _LOOK_SECONDS)
        return leader

    async def _until(self, at: float) -> None:
        await deferLater(self._reactor, max(0.0, self._start + at - self._reactor.seconds()))
