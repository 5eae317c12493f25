"""
What load there is to be.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from replkv.bench.schedule import Schedule


@dataclass(frozen=True)
class Mix:
    """
    What the commands are.

    @ivar keys: how many keys there are.
    @ivar valueBytes: how long the values are.
    @ivar reads: which share of the commands reads, from 0 to 1.
    @ivar skew: how uneven the keys are drawn: the one of rank r is drawn C{r ** -skew} times as often as the first. 0
        is uniform, and about 1 is what is called Zipf's.
    @ivar prefix: what all keys begin with.
    """

    keys: int = 10_000
    valueBytes: int = 128
    reads: float = 0.0
    skew: float = 0.0
    prefix: bytes = b"bench/"

    def key(self, number: int) -> bytes:
        """
        A key, by its number.
        """
        return b"%b%010d" % (self.prefix, number)


@dataclass(frozen=True)
class Load:
    """
    How the commands are sent.

    @ivar clients: how many connections there are.
    @ivar depth: how many commands each may have under way.
    @ivar rate: how many become due in a second, on all connections, whatever the servers make of them (an open loop).
        C{None} where each answer is followed by the next command (a closed loop).
    @ivar seconds: for how long what is sent is measured.
    @ivar warmUp: for how long commands are sent before that.
    @ivar patience: for how many seconds an answer is waited for.
    @ivar offset: when the first command is due in an open loop, in seconds.
    """

    clients: int = 50
    depth: int = 1
    rate: float | None = None
    seconds: float = 10.0
    warmUp: float = 1.0
    patience: float = 10.0
    offset: float = 0.0

    def part(self, number: int, of: int) -> Load:
        """
        The part of one of several processes. What is due stays as evenly spread as if it were one.

        @param number: which one, from 0.
        @param of: how many there are, at most as many as there are clients.
        """
        clients = self.clients // of + (number < self.clients % of)
        if self.rate is None:
            return replace(self, clients=clients)
        return replace(self, clients=clients, rate=self.rate / of, offset=self.offset + number / self.rate)

    def schedule(self, begin: float) -> Schedule | None:
        """
        When commands are due, if that is not left to the answers.

        @param begin: when the load begins.
        """
        return None if self.rate is None else Schedule(begin + self.offset, self.rate)
