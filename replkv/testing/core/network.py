"""
The simulated network between cores: it delays, reorders, repeats and loses messages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import NamedTuple, Protocol

from replkv.raft.messages import REQUESTS, Message
from replkv.testing.chance import chance
from replkv.testing.span import Span
from replkv.testing.timeline import Timeline


class Condition(Protocol):
    """
    Something that is wrong with a way.

    @ivar cuts: whether what arrives is lost too, if it was sent before.
    """

    cuts: bool

    def sent(self, way: Way, message: Message, delay: float) -> float | None:
        """
        A message is sent.

        @param delay: how long it would take.
        @return: how long it takes; C{None} where it is not delivered, or not now.
        """


class Folders(NamedTuple):
    """
    The data folders of the servers at the ends of a way.
    """

    sender: str
    to: str


class Way:
    """
    From one server to another, in this direction.

    @ivar conditions: what is wrong with it.
    """

    def __init__(self, network: Network, sender: int, to: int, random: Random) -> None:
        self.network = network
        self.sender = sender
        self.to = to
        self.conditions: list[Condition] = []
        self._random = random

    def send(self, message: Message) -> None:
        """
        Send a message.
        """
        network = self.network
        delay = network.least + network.range * self._random.random()
        for condition in self.conditions:
            changed = condition.sent(self, message, delay)
            if changed is None:
                return
            delay = changed
        self.deliver(message, delay)

    @property
    def folders(self) -> Folders:
        """
        Between whom it leads now.
        """
        return Folders(self.network.folders[self.sender], self.network.folders[self.to])

    def deliver(self, message: Message, delay: float, folders: Folders | None = None) -> None:
        """
        Have a message arrive.

        @param folders: between whom the way led when it was sent, if that was before.
        """
        self.network.timeline.callLater(delay, self._arrive, message, folders or self.folders)

    def lose(self, message: Message) -> None:
        """
        Lose a message. Who asked, or would have been answered, is told a while later.
        """
        if isinstance(message, REQUESTS):
            self.network.disconnect(self.sender, self.to)
        else:
            self.network.disconnect(self.to, self.sender)

    def _arrive(self, message: Message, folders: Folders) -> None:
        for condition in self.conditions:
            if condition.cuts:
                self.lose(message)
                return
        if not self.network.arrive(self.sender, self.to, message, folders):
            self.lose(message)


class Network:
    """
    All ways between the servers.

    @ivar least: the shortest that a message takes, in seconds.
    @ivar range: by how much longer it may take.
    @ivar folders: the data folder of each server.
    """

    def __init__(
        self,
        timeline: Timeline,
        seed: int,
        servers: int,
        delay: Span,
        detection: float,
        arrive: Callable[[int, int, Message, Folders], bool],
        unreachable: Callable[[int, int], None],
    ) -> None:
        """
        @param delay: how long a message takes.
        @param detection: after how many seconds a server learns that messages are lost.
        @param arrive: is given (from, to, message, and between which data folders it was sent); says whether there is
            anyone to take it.
        @param unreachable: is told (who asked, of whom) that messages are lost.
        """
        self.timeline = timeline
        self.hurry(delay)
        self.folders = [""] * servers
        self._detection = detection
        self.arrive = arrive
        self._unreachable = unreachable
        self._lost: set[tuple[int, int]] = set()
        self._ways = [
            [Way(self, sender, to, chance(seed, "way", sender, to)) for to in range(servers)]
            for sender in range(servers)
        ]

    def way(self, sender: int, to: int) -> Way:
        """
        The way from one server to another.
        """
        return self._ways[sender][to]

    def ways(self, senders: Iterable[int] | None = None, to: Iterable[int] | None = None) -> Iterator[Way]:
        """
        All ways, or those from some servers to some servers.
        """
        everyone = range(len(self._ways))
        receivers = everyone if to is None else list(to)
        for sender in everyone if senders is None else senders:
            for receiver in receivers:
                if sender != receiver:
                    yield self._ways[sender][receiver]

    def hurry(self, delay: Span) -> None:
        """
        Be as fast as this from now on.
        """
        self.least = delay.least
        self.range = delay.most - delay.least

    def disconnect(self, asker: int, other: int) -> None:
        """
        What C{asker} has asked C{other} is lost. It learns that once, however much is lost.
        """
        if (asker, other) not in self._lost:
            self._lost.add((asker, other))
            self.timeline.callLater(self._detection, self._detect, asker, other)

    def _detect(self, asker: int, other: int) -> None:
        self._lost.discard((asker, other))
        self._unreachable(asker, other)
