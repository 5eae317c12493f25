"""
The network between the servers of a cluster.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import permutations
from typing import Any

from tests.faults.link import Link


class Network:
    """
    Every server reaches every other one over a link of its own.

    @ivar links: by the server that connects, and the one that it connects to.
    """

    def __init__(self, reactor: Any, logPorts: Mapping[int, int]) -> None:
        """
        @param logPorts: where each server listens for the others.
        """
        pairs = permutations(logPorts, 2)
        self.links = {(one, other): Link(reactor, logPorts[other]) for one, other in pairs}

    def cut(self, some: Collection[int], others: Collection[int]) -> None:
        """
        Close all connections between two groups of servers, and refuse others.
        """
        for link in self._between(some, others):
            link.cut()

    def silence(self, senders: Collection[int], receivers: Collection[int]) -> None:
        """
        Deliver nothing that one group of servers sends to another; nobody is told.
        """
        for (one, other), link in self.links.items():
            if one in senders and other in receivers:
                link.forward.hangs = True
                link.changed()
            if one in receivers and other in senders:
                link.back.hangs = True
                link.changed()

    def slow(self, some: Collection[int], others: Collection[int], delay: float, rate: float) -> None:
        """
        Let everything between two groups of servers take its time.

        @param delay: in seconds.
        @param rate: in bytes per second, on each connection.
        """
        for link in self._between(some, others):
            for way in (link.forward, link.back):
                way.delay, way.rate = delay, rate
            link.changed()

    def heal(self, some: Collection[int], others: Collection[int]) -> None:
        """
        Let all be well again between two groups of servers.
        """
        for link in self._between(some, others):
            link.heal()

    async def close(self) -> None:
        """
        Close everything.
        """
        for link in self.links.values():
            await link.close()

    def _between(self, some: Collection[int], others: Collection[int]) -> Iterable[Link]:
        for (one, other), link in self.links.items():
            if (one in some and other in others) or (one in others and other in some):
                yield link
