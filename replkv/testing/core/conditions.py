"""
What can be wrong with a way of the network.
"""

from __future__ import annotations

from random import Random

from replkv.raft.entry import Batch
from replkv.raft.messages import AppendEntries, Message
from replkv.testing.core.network import Folders, Way


class Cut:
    """
    Everything is lost.
    """

    cuts = True

    def sent(self, way: Way, message: Message, delay: float) -> float | None:
        """
        Lose it.
        """
        way.lose(message)
        return None


class Lossy:
    """
    Some messages are lost.
    """

    cuts = False

    def __init__(self, random: Random, rate: float) -> None:
        self._random = random
        self._rate = rate

    def sent(self, way: Way, message: Message, delay: float) -> float | None:
        """
        Lose it, or not.
        """
        if self._random.random() < self._rate:
            way.lose(message)
            return None
        return delay


class _Late:
    """
    Something of some messages arrives later than they would.
    """

    cuts = False

    def __init__(self, random: Random, rate: float, most: float) -> None:
        """
        @param rate: of how many, from 0 to 1.
        @param most: by how many seconds, at the most.
        """
        self._random = random
        self._rate = rate
        self._most = most

    def _later(self, delay: float) -> float | None:
        """
        When something of a message arrives later; C{None} where nothing does.
        """
        return delay + self._most * self._random.random() if self._random.random() < self._rate else None


class Repeating(_Late):
    """
    Some messages arrive twice.
    """

    def sent(self, way: Way, message: Message, delay: float) -> float | None:
        """
        Deliver it once more, or not.
        """
        later = self._later(delay)
        if later is not None:
            way.deliver(message, later)
        return delay


class Delaying(_Late):
    """
    Some messages take long, and so others overtake them.
    """

    def sent(self, way: Way, message: Message, delay: float) -> float | None:
        """
        Delay it, or not.
        """
        later = self._later(delay)
        return delay if later is None else later


class Slow:
    """
    Everything takes longer.
    """

    cuts = False

    def __init__(self, seconds: float) -> None:
        """
        @param seconds: by how many seconds.
        """
        self._seconds = seconds

    def sent(self, way: Way, message: Message, delay: float) -> float | None:
        """
        Delay it.
        """
        return delay + self._seconds


class Holding:
    """
    Everything is taken and nothing delivered. In the end it arrives after all, or the connection is lost and all of it
    with it.
    """

    cuts = False

    def __init__(self) -> None:
        self._held: list[tuple[Way, Message, Folders]] = []

    def sent(self, way: Way, message: Message, delay: float) -> float | None:
        """
        Keep it.
        """
        self._held.append((way, message, way.folders))
        return None

    def deliver(self) -> None:
        """
        Let all arrive.
        """
        for way, message, folders in self._held:
            way.deliver(message, 0.0, folders)

    def lose(self) -> None:
        """
        Lose all.
        """
        for way, message, _ in self._held:
            way.lose(message)


class OldEntriesOnly:
    """
    A leader's entries of its own term are lost, those of older terms arrive: what figure 8 of the Raft paper takes.
    """

    cuts = False

    def sent(self, way: Way, message: Message, delay: float) -> float | None:
        """
        Lose it, or the end of it, or nothing.
        """
        if not isinstance(message, AppendEntries) or not message.batch.entries:
            return delay
        old = [entry for entry in message.batch.entries if entry.term < message.term]
        if len(old) == len(message.batch):
            return delay
        if old:
            way.deliver(message._replace(batch=Batch(old)), delay)
        else:
            way.lose(message)
        return None
