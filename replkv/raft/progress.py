"""
What a leader knows of one peer.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from replkv.raft.entry import Batch

MAX_UNANSWERED: Final = 64
"""
How many messages to one peer may be without an answer; then it is sent nothing more, not even heartbeats, so that a
peer that is stopped costs bounded memory.
"""

MAX_UNANSWERED_BYTES: Final = 4 * 1024 * 1024
"""
How many bytes of entries may be on their way to one peer, before the last batch.
"""


class Progress:
    """
    @ivar matchIndex: up to here the peer's disk holds what this log holds.
    @ivar nextIndex: the next entry to send to it.
    @ivar replicating: whether batches are streamed, one behind the other. Otherwise the leader probes for the place
        where the logs agree, with an empty message at each heartbeat and after each rejection.
    @ivar probeDue: whether the next probe may be sent.
    @ivar readRound: the last round of reads of which the peer has answered a message.
    @ivar active: whether the peer has answered since the leader last checked that it has a majority.
    @ivar loading: whether entries for it are being read from the disk.
    """

    __slots__ = (
        "_onTheWay",
        "_onTheWayBytes",
        "_unanswered",
        "active",
        "loading",
        "matchIndex",
        "nextIndex",
        "probeDue",
        "readRound",
        "replicating",
    )

    def __init__(self, nextIndex: int) -> None:
        self.matchIndex = 0
        self.nextIndex = nextIndex
        self.replicating = False
        self.probeDue = True
        self.readRound = 0
        self.active = False
        self.loading = False
        self._unanswered = 0
        self._onTheWay: deque[tuple[int, int]] = deque()
        self._onTheWayBytes = 0

    @property
    def maySend(self) -> bool:
        """
        Whether the peer may be sent anything at all.
        """
        return self._unanswered < MAX_UNANSWERED

    @property
    def maySendEntries(self) -> bool:
        """
        Whether the peer may be sent more entries.
        """
        return self.replicating and self.maySend and self._onTheWayBytes < MAX_UNANSWERED_BYTES

    def sent(self, batch: Batch) -> None:
        """
        A message with C{batch} was sent: go on after it, without waiting for the answer.
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
        self.replicating = True
        while self._onTheWay and self._onTheWay[0][0] <= self.matchIndex:
            self._onTheWayBytes -= self._onTheWay.popleft()[1]

    def hasRegressed(self, prevLogIndex: int) -> bool:
        """
        Whether the peer, whose log does not match at C{prevLogIndex}, lacks what it had acknowledged. It is asked for
        that only after a connection was lost, by a probe right behind matchIndex, and so this is no old answer.
        """
        return not self.replicating and 0 < prevLogIndex == self.matchIndex == self.nextIndex - 1

    def rejected(self, prevLogIndex: int, retryFrom: int) -> None:
        """
        The peer's log does not match at C{prevLogIndex}: probe further back, if this is not an old answer.

        @param retryFrom: where the logs may agree: the entry to try next.
        """
        stale = prevLogIndex <= self.matchIndex if self.replicating else prevLogIndex != self.nextIndex - 1
        if stale:
            return
        self._probe()
        self.nextIndex = max(self.matchIndex + 1, min(retryFrom, prevLogIndex))
        self.probeDue = True

    def unreachable(self) -> None:
        """
        What was sent and not answered is lost.
        """
        self._unanswered = 0
        self._probe()

    def _probe(self) -> None:
        self.replicating = False
        self.probeDue = False
        self._onTheWay.clear()
        self._onTheWayBytes = 0
