"""
ReadIndex: linearizable reads without an entry in the log (Ongaro's thesis, section 6.4).
"""

from __future__ import annotations

from collections import deque

from replkv.raft.outputs import ReadReady, Token


class ReadQueue:
    """
    Reads that wait for the leader to make sure that it still leads, and then for the state machine.

    Reads share rounds. Every message of the leader carries the number of the last round that it opened, and its
    answer repeats that number; so a majority of answers to messages that were sent after a read arrived, whatever
    else they carry, proves that at its arrival no later leader had committed anything.

    One property more is built on this: a write that is proposed after a read cannot commit before the read is
    confirmed, since the messages that carry the write also carry the read's round. So a read that is followed by a
    write on the same connection does not see it.

    @ivar round: the last round that was opened.
    @ivar confirmed: the last round that a majority has answered.
    """

    def __init__(self) -> None:
        self.round = 0
        self.confirmed = 0
        self._arrived: list[tuple[int, Token]] = []
        self._open: deque[tuple[int, list[tuple[int, Token]]]] = deque()
        self._ready: list[tuple[int, Token]] = []

    def add(self, index: int, token: Token) -> None:
        """
        Take in a read that is to see all entries up to C{index}. It belongs to the next round that is opened.
        """
        self._arrived.append((index, token))

    @property
    def waitsForRound(self) -> bool:
        """
        Whether there are reads that need a round to be opened, and none is under way.
        """
        return bool(self._arrived) and not self._open

    @property
    def isEmpty(self) -> bool:
        """
        Whether no read waits.
        """
        return not (self._arrived or self._open or self._ready)

    def openRound(self) -> bool:
        """
        Open a round for the reads that have arrived; to be called before messages are sent.

        @return: whether there were any.
        """
        if not self._arrived:
            return False
        self.round += 1
        self._open.append((self.round, self._arrived))
        self._arrived = []
        return True

    def confirm(self, readRound: int) -> None:
        """
        A majority has answered messages that carried C{readRound}.
        """
        self.confirmed = max(self.confirmed, readRound)
        while self._open:
            opened, reads = self._open[0]
            if opened > self.confirmed:
                break
            self._open.popleft()
            self._ready.extend(reads)

    def hasReady(self, appliedIndex: int) -> bool:
        """
        Whether there are confirmed reads whose index the state machine reaches.
        """
        return any(index <= appliedIndex for index, _ in self._ready)

    def take(self, appliedIndex: int) -> list[ReadReady]:
        """
        Remove the confirmed reads whose index the state machine reaches.

        @return: by ascending index.
        """
        if not self._ready:
            return []
        byIndex: dict[int, list[Token]] = {}
        later = []
        for index, token in self._ready:
            if index <= appliedIndex:
                byIndex.setdefault(index, []).append(token)
            else:
                later.append((index, token))
        self._ready = later
        return [ReadReady(index, tuple(byIndex[index])) for index in sorted(byIndex)]

    def drop(self) -> list[Token]:
        """
        Remove all reads.

        @return: their tokens, in the order in which they arrived.
        """
        waiting = [*self._ready, *(read for _, reads in self._open for read in reads), *self._arrived]
        self._arrived, self._ready = [], []
        self._open.clear()
        return [token for _, token in waiting]
