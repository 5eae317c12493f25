"""
The cluster's time: the one clock that crosses servers. Expiry is a function of it, as it stands in the log.

  - The leader stamps entries with it, and tells it with each message. Every other server follows: it takes over what
    the leader tells, and counts on from there by its own boot time. So whoever leads next goes on from where the last
    leader was, in quiet times too.
  - What the leader tells has been on its way for a while. So a server goes forward with it at once, but back only by a
    small part of the time that has passed: enough for clocks that run at slightly different rates, and next to nothing
    for a message that has waited in a process that stood still.
  - No wall clock has a part in it, with two exceptions. A new cluster begins with the time of day. A server that was
    down while its machine was booted again bridges that time by the difference of its wall clock, until it hears of
    those who have measured it: the leader, or the voters that elect this server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from replkv.commands.logged import stampOf
from replkv.raft.entry import Entry
from replkv.storage.clockrecord import ClockRecord
from replkv.times import FAR_FUTURE

SLEW: Final = 200
"""
A server goes back to what the leader tells by at most one part in so many of the time that has passed. The quartz
clocks of machines differ by less than one part in 1,000.
"""


class ClusterClock:
    """
    One server's knowledge of the cluster's time, in milliseconds.

    @ivar isMeasured: whether the time is known from those who have measured it, and not only bridged by a wall clock or
        guessed.
    """

    def __init__(self, bootTime: Callable[[], float], time: int, hasCountedOn: bool = False) -> None:
        """
        @param bootTime: tells seconds that never go back, and that pass while the machine is suspended too.
        @param time: the time now, as far as this server can tell.
        @param hasCountedOn: whether it knew the time when it ran last, and its boot clock has counted on since.
        """
        self.isMeasured = False
        self._hasCountedOn = hasCountedOn
        self._bootTime = bootTime
        # In whole microseconds: a float has no room for a far future.
        self._ahead = time * 1000 - self._boot()
        self._heard = self._boot()

    @property
    def isKnown(self) -> bool:
        """
        Whether those that only guess the time may be told it.
        """
        return self.isMeasured or self._hasCountedOn

    def now(self) -> int:
        """
        The time. It does not go back but for L{follow} and L{learn}, which a leader does not call.
        """
        return min((self._ahead + self._boot()) // 1000, FAR_FUTURE)

    def follow(self, time: int) -> None:
        """
        The leader has told its time.
        """
        boot = self._boot()
        ahead = time * 1000 - boot
        if self.isMeasured:
            # The microseconds within its millisecond are not told.
            back = min(self._ahead - ahead - 999, (boot - self._heard) // SLEW)
            ahead = max(ahead, self._ahead - max(0, back))
        self._ahead, self._heard = ahead, boot
        self.isMeasured = True

    def learn(self, time: int, leads: bool) -> None:
        """
        A server that knows the time, or else tells 0, has answered. That is better than a bridge.

        @param leads: whether this server leads: then time does not go back, since it has stamped entries.
        """
        if time and not self.isMeasured:
            ahead = time * 1000 - self._boot()
            self._ahead = max(self._ahead, ahead) if leads else ahead
            self._heard = self._boot()
            self.isMeasured = True

    def lead(self) -> None:
        """
        This server leads: its time is the cluster's, as it is when a leader has told it.
        """
        self._heard = self._boot()

    def reach(self, stamp: int) -> None:
        """
        It is not earlier than C{stamp}, which stands in the log.
        """
        self._ahead = max(self._ahead, stamp * 1000 - self._boot())

    def _boot(self) -> int:
        return int(self._bootTime() * 1_000_000)


def largestStamp(clock: int, unapplied: Iterable[Entry]) -> int:
    """
    The largest stamp of a log. Stamps do not go down along it: each leader goes on from the largest that it finds.

    @param clock: the largest one that is applied.
    @param unapplied: the entries after that, or the last of them.
    """
    return max([clock, *(stampOf(entry.data) for entry in unapplied)])


def bridged(record: ClockRecord | None, wallClock: float, bootTime: float, bootId: str, stamp: int) -> int:
    """
    What time it is for a server that starts, before it has heard of any other.

    @param record: what it has stored when it ran last; C{None} if there is nothing.
    @param wallClock: seconds since the epoch, now.
    @param bootTime: seconds since the machine was booted, now.
    @param bootId: from which boot those count; may be empty.
    @param stamp: the largest stamp in its log; 0 if there is none.
    """
    if record is None:
        # Nothing tells how long it was down. A server without a log has never run.
        return stamp or max(0, int(wallClock * 1000))
    passed = bootTime - record.bootTime if record.isOf(bootId) else wallClock - record.wallClock
    return min(max(stamp, record.time + max(0, int(passed * 1000))), FAR_FUTURE)
