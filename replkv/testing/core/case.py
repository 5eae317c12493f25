"""
A fault in a simulated cluster of cores, and what it is about.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import NamedTuple

from replkv.testing.chance import chance
from replkv.testing.core.cluster import Cluster
from replkv.testing.core.network import Condition, Way
from replkv.testing.faults import Fault, Undo


class Case(NamedTuple):
    """
    A fault that begins.

    @ivar servers: the servers, in the order in which it is about them.
    """

    cluster: Cluster
    fault: Fault
    servers: list[int]

    @property
    def victim(self) -> int:
        """
        The first of the servers.
        """
        return self.servers[0]

    @property
    def others(self) -> list[int]:
        """
        The other servers: one of them or all, for faults that are about the ways between the first server and them.
        """
        return self.servers[1:2] if self.fault.amount < 0.4 else self.servers[1:]

    @property
    def random(self) -> Random:
        """
        The fault's own source of randomness.
        """
        return chance(self.cluster.seed, "fault", self.fault.number)

    def tell(self, what: str) -> None:
        """
        Say what the fault is.
        """
        self.cluster.tell(f"fault {self.fault.number}", f"{what}, for {self.fault.lasts:.2f} s")

    def impose(self, condition: Condition, ways: Iterable[Way]) -> Undo:
        """
        Have something be wrong with some ways.
        """
        chosen = list(ways)
        for way in chosen:
            way.conditions.append(condition)

        def undo() -> None:
            for way in chosen:
                way.conditions.remove(condition)

        return undo

    def between(self, some: list[int], others: list[int]) -> list[Way]:
        """
        All ways between some servers and others, in both directions.
        """
        network = self.cluster.network
        return [*network.ways(some, others), *network.ways(others, some)]
