"""
What a leader does with the time: it stamps what it proposes, and has the log say when keys have expired.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from replkv.commands.command import ReadCommand
from replkv.commands.logged import encodeClock
from replkv.kv.machine import StateMachine
from replkv.kv.record import RottenRecord
from replkv.node.clusterclock import ClusterClock, largestStamp
from replkv.raft.core import Raft


class _ClockEntry(NamedTuple):
    """
    An entry that only tells the time.

    @ivar entryIndex: where it stands in the log; 0 where there is none.
    @ivar stamp: the time, in milliseconds.
    """

    entryIndex: int
    stamp: int


_NO_CLOCK_ENTRY: Final = _ClockEntry(0, 0)


class LeaderClock:
    """
    The cluster's time while this server leads. Its methods are called only then.
    """

    def __init__(self, raft: Raft, machine: StateMachine, clusterClock: ClusterClock) -> None:
        self._raft = raft
        self._machine = machine
        self._clusterClock = clusterClock
        self._proposed = _NO_CLOCK_ENTRY  # The last.

    def lead(self) -> None:
        """
        This server leads from now on.
        """
        unapplied = self._raft.log.recentAfter(self._machine.appliedIndex)
        self._clusterClock.reach(largestStamp(self._machine.clock, unapplied))
        self._proposed = _NO_CLOCK_ENTRY

    def applied(self) -> None:
        """
        More is applied. It may have been stamped later than all that was in memory when this server came to lead; but
        it is applied before this server stamps anything for a client.
        """
        self._clusterClock.reach(self._machine.clock)

    def now(self) -> int:
        """
        Tell the time, in milliseconds.
        """
        return self._clusterClock.now()

    def tick(self) -> None:
        """
        Move the state machine's clock when the leader's time has passed the deadline of a key, so that it is freed
        even where nothing else is written.
        """
        self._clusterClock.lead()
        deadline = self._machine.nextDeadline
        if deadline is None or self._raft.handsOverTo is not None:
            return
        if self._proposed.entryIndex <= self._machine.appliedIndex and self.now() >= deadline:
            self._propose()

    def entryFor(self, read: ReadCommand, now: int) -> int:
        """
        Where a key that is asked for has expired by this leader's time, but not yet by the log, have the log say so.
        Told before that, it could come back under another leader, or be met by a command that stands in the log
        already.

        @return: the index of the entry that says it; 0 where there is no such key.
        """
        deadline = self._machine.nextDeadline
        if deadline is None or deadline > now:
            return 0
        latest = self._latestDue(read, now)
        if not latest:
            return 0
        if self._proposed.entryIndex <= self._machine.appliedIndex or self._proposed.stamp < latest:
            self._propose()
        return self._proposed.entryIndex

    def _latestDue(self, read: ReadCommand, now: int) -> int:
        """
        By when the log has to have come so that all keys that are asked for, and are due by now, have expired by it
        too; 0 where it has.
        """
        if read.keys is None or len(read.keys) > 1:
            # Which keys a walk will meet is not known: so it is all that are due. Of several keys, what they hold is
            # not read for this: that may be far more than can be told.
            latest = self._machine.latestDue(now, None if read.keys is None else frozenset(read.keys))
            return latest if latest > self._machine.clock else 0
        try:
            record = self._machine.read(read.keys[0])
        except RottenRecord:
            return 0  # The read itself will meet it too.
        return record.deadline if record is not None and record.deadline <= now else 0

    def _propose(self) -> None:
        now = self.now()
        self._proposed = _ClockEntry(self._raft.propose(encodeClock(now)), now)
