"""
Which clients are let in.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from replkv.hosts import blockOf, isLoopback

RESERVED: Final = 4
"""
How many clients on the server's own machine are let in where there is no place: an operator's C{status} is answered,
whoever has all the places.
"""

MAX_EXTRA: Final = 2 * RESERVED
"""
How many of them are there at the most, with those that were given up for others and are about to go.
"""


class Admission:
    """
    The places for clients. A part of them can be had from one address; for IPv6 that is a network of 64 bits, all of
    which any host may have.

    @ivar taken: how many places are taken.
    @ivar most: how many there are.
    @ivar mostPerAddress: how many of them one address can have.
    @ivar localHosts: the addresses of this machine, as far as they are known, beside those that every machine has.
    """

    def __init__(self, most: int, mostPerAddress: int | None = None) -> None:
        """
        @param mostPerAddress: three quarters of all, where that is not said.
        """
        self.taken = 0
        self.most: Final = most
        self.mostPerAddress: Final = -(-most * 3 // 4) if mostPerAddress is None else mostPerAddress
        self.localHosts: Final[set[str]] = set()
        self._byAddress: Counter[str] = Counter()

    @property
    def isFull(self) -> bool:
        """
        Whether all places are taken.
        """
        return self.taken >= self.most

    def whyNot(self, host: str) -> str:
        """
        Tell why a client there gets no place; nothing if it does.
        """
        if self.isFull:
            return f"{self.taken} clients are connected, and no more are taken (MaxConnections)"
        if self._byAddress[blockOf(host)] >= self.mostPerAddress:
            return (
                f"{self.mostPerAddress} clients are connected from {host}, and no more are taken from there "
                "(MaxConnectionsPerAddress)"
            )
        return ""

    def isLocal(self, host: str) -> bool:
        """
        Whether that is this machine.
        """
        return host in self.localHosts or isLoopback(host)

    def take(self, host: str) -> None:
        """
        A client there has a place.
        """
        self.taken += 1
        self._byAddress[blockOf(host)] += 1

    def leave(self, host: str) -> None:
        """
        It has gone.
        """
        self.taken -= 1
        block = blockOf(host)
        self._byAddress[block] -= 1
        if not self._byAddress[block]:
            del self._byAddress[block]
