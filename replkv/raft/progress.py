"""
What a leader knows of one peer.
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto
from typing import Final, NamedTuple

from replkv.raft.entry import Batch
from replkv.raft.limits import RaftLimits


class ProgressState(Enum):
    """
    What a leader is doing for a peer.

    @cvar PROBE: it looks for the place where the logs agree, with an empty message at each heartbeat and after each
        rejection.
    @cvar REPLICATE: it streams batches, one behind the other.
    @cvar SNAPSHOT: its log begins after what the peer lacks, and it tells the peer so at each heartbeat, until the peer
        has a snapshot.
    """

    PROBE = auto()
    REPLICATE = auto()
    SNAPSHOT = auto()


PROBE: Final = ProgressState.PROBE
REPLICATE: Final = ProgressState.REPLICATE
SNAPSHOT: Final = ProgressState.SNAPSHOT
"""
The same, since Python 3.11 looks up an enum's members slowly, and these are asked for with every message.
"""


class ProgressStatus(NamedTuple):
    """
    What a L{Progress} looks like from outside.

    @ivar state: what the leader is doing.
    @ivar matchIndex: up to here the peer's disk is known to hold what the leader's log holds.
    @ivar nextIndex: the next entry to send.
    @ivar maySend: whether the peer may be sent anything at all.
    @ivar unanswered: how many messages are without an answer.
    @ivar onTheWayBytes: how many bytes of entries are on their way.
    """

    state: ProgressState
    matchIndex: int
    nextIndex: int
    maySend: bool
    unanswered: int
    onTheWayBytes: int


class Progress:
    """
    @ivar state: what the leader is doing for the peer.
    @ivar matchIndex: up to here the peer's disk holds what this log holds, unless it has lost entries since.
    @ivar nextIndex: the next entry to send to it.
    @ivar probeDue: whether the next probe, or word of a snapshot, may be sent.
    @ivar readRound: the last round of reads of which the peer has answered a message.
    @ivar active: whether the peer has answered since the leader last checked that it has a majority.
    @ivar loading: whether entries for it are being read from the disk.
    """

    __slots__ = (
        "_limits",
        "_onTheWay",
        "_onTheWayBytes",
        "_probed",
        "_unanswered",
        "active",
        "loading",
        "matchIndex",
        "nextIndex",
        "probeDue",
        "readRound",
        "state",
    )

    def __init__(self, nextIndex: int, limits: RaftLimits) -> None:
        self.state = PROBE
        self.matchIndex = 0
        self.nextIndex = nextIndex
        self.probeDue = True
        self.readRound = 0
        self.active = False
        self.loading = False
        self._limits = limits
        self._unanswered = 0
        self._onTheWay: deque[tuple[int, int]] = deque()
        self._onTheWayBytes = 0
        self._probed = False  # Before it needed a snapshot.

    @property
    def maySend(self) -> bool:
        """
        Whether the peer may be sent anything at all.
        """
        return self._unanswered < self._limits.unanswered

    @property
    def maySendEntries(self) -> bool:
        """
        Whether the peer may be sent more entries.
        """
        isStreaming = self.state is REPLICATE
        return isStreaming and self.maySend and self._onTheWayBytes < self._limits.unansweredBytes

    def isDue(self, given: int, firstIndex: int) -> bool:
        """
        Whether there is something to send to the peer now, heartbeats aside.

        @param given: the last entry that may be sent to it.
        @param firstIndex: the first one that the log still has.
        """
        if self.state is not REPLICATE:
            return self.probeDue and self.maySend
        lacks = self.nextIndex <= given and not self.loading and self.maySendEntries
        return lacks or self.nextIndex < firstIndex

    @property
    def unanswered(self) -> int:
        """
        How many messages are without an answer.
        """
        return self._unanswered

    @property
    def status(self) -> ProgressStatus:
        """
        All of this, as it is now.
        """
        return ProgressStatus(
            state=self.state,
            matchIndex=self.matchIndex,
            nextIndex=self.nextIndex,
            maySend=self.maySend,
            unanswered=self._unanswered,
            onTheWayBytes=self._onTheWayBytes,
        )

    def needSnapshot(self) -> None:
        """
        The log does not have the next entry to send, nor the one before it, any more.
        """
        if self.state is not SNAPSHOT:
            self._probed = self.state is PROBE
            self._stop(SNAPSHOT)

    def sent(self, batch: Batch) -> None:
        """
        A message with C{batch}, or with no entries, was sent: go on after it, without waiting for the answer.
        """
        self._unanswered += 1
        self.probeDue = False
        if batch.entries:
            last = batch.entries[-1].index
            size = len(batch.encoded)
            self._onTheWay.append((last, size))
            self._onTheWayBytes += size
            self.nextIndex = last + 1

    def answered(self, readRound: int) -> None:
        """
        Any answer of the current term came.
        """
        self._unanswered = max(0, self._unanswered - 1)
        self.active = True
        self.readRound = max(self.readRound, readRound)

    def matched(self, matchIndex: int) -> None:
        """
        The peer's log matches. Late and repeated answers may raise matchIndex, never lower it.
        """
        self.matchIndex = max(self.matchIndex, matchIndex)
        self.nextIndex = max(self.nextIndex, self.matchIndex + 1)
        self.state = REPLICATE
        while self._onTheWay:
            last, size = self._onTheWay[0]
            if last > self.matchIndex:
                break
            self._onTheWay.popleft()
            self._onTheWayBytes -= size

    def hasRegressed(self, prevLogIndex: int) -> bool:
        """
        Whether the peer, whose log does not match at C{prevLogIndex}, lacks what it had acknowledged. It is asked for
        that only after a connection was lost, by a probe right behind matchIndex, and so this is no old answer. The log
        may have come to begin later meanwhile.
        """
        isProbed = self.state is PROBE or (self.state is SNAPSHOT and self._probed)
        return isProbed and 0 < prevLogIndex == self.matchIndex == self.nextIndex - 1

    def lost(self) -> None:
        """
        The peer says that it lacks entries which it had acknowledged: how many, the next probes will tell. What was
        committed with them stays so (L{replkv.raft.repair}).
        """
        self.matchIndex = 0

    def rejected(self, prevLogIndex: int, retryFrom: int) -> None:
        """
        The peer's log does not match at C{prevLogIndex}: probe further back, if this is not an old answer.

        @param retryFrom: where the logs may agree: the entry to try next.
        """
        isProbe = self.state is PROBE
        stale = prevLogIndex != self.nextIndex - 1 if isProbe else prevLogIndex <= self.matchIndex
        if stale or self.state is SNAPSHOT:
            return
        self._stop(PROBE)
        self.nextIndex = max(self.matchIndex + 1, min(retryFrom, prevLogIndex))
        self.probeDue = True

    def unreachable(self) -> None:
        """
        What was sent and not answered is lost.
        """
        self._unanswered = 0
        self._stop(PROBE)
        self.probeDue = False

    def _stop(self, state: ProgressState) -> None:
        """
        Stream no more.
        """
        self.state = state
        self._onTheWay.clear()
        self._onTheWayBytes = 0
