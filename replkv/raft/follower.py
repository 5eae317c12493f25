"""
The follower: section 5.2 and 5.3 of the paper, from the receiving side.
"""

from __future__ import annotations

from replkv.raft.entry import Batch
from replkv.raft.messages import AppendEntries, AppendEntriesReply, InstallSnapshot, InstallSnapshotReply
from replkv.raft.outputs import Fetch, Token
from replkv.raft.roles import Role, RoleName, Transition
from replkv.raft.state import ServerState


class Follower(Role):
    """
    Answers the leader, and asks for an election when it hears of none.
    """

    name = RoleName.FOLLOWER

    def __init__(self, state: ServerState, leaderId: int | None) -> None:
        super().__init__(state)
        self.leaderId = leaderId
        self._elapsed = 0
        self._timeout = state.randomElectionTimeout()

    @property
    def hasLeader(self) -> bool:
        """
        Whether the leader was heard within the shortest election timeout.
        """
        return self.leaderId is not None and self._elapsed < self.state.config.electionTicks

    @property
    def restTicks(self) -> int:
        """
        See L{RaftView.restTicks<replkv.raft.view.RaftView.restTicks>}.
        """
        return max(1, self._timeout - self._elapsed - 1)

    def tick(self) -> Transition | None:
        """
        Ask for an election when no leader was heard for an election timeout.
        """
        self._elapsed += 1
        return Transition(RoleName.PRE_CANDIDATE) if self._elapsed >= self._timeout else None

    def appendEntries(self, sender: int, message: AppendEntries, token: Token) -> None:
        """
        Answer the leader of the current term: figure 2, "AppendEntries RPC".
        """
        self.leaderId = sender
        self._elapsed = 0
        state, log = self.state, self.state.log
        if state.isDistrusted:
            state.fetch(Fetch(sender, log.firstIndex - 1))
        prevLogIndex, batch = message.prevLogIndex, message.batch
        if prevLogIndex < log.firstIndex - 1:
            # A snapshot has what comes next: it is committed, and so the leader has it too (section 5.4.3).
            self._accept(sender, message, token, state.durableCommit)
            return
        if not log.matches(prevLogIndex, message.prevLogTerm):
            self._reject(sender, message, token)
            return
        missing = self._missing(batch)
        if missing.entries:
            first = missing.entries[0].index
            if first <= log.lastIndex:
                state.truncate(first)
            state.append(missing.entries)
            state.persist(missing)
        # Not the end of this log: what lies behind may differ from the leader's.
        verified = prevLogIndex + len(batch)
        state.commit(min(message.leaderCommit, verified))
        state.matched(verified)
        # A heartbeat confirms at once what is on the disk, entries are confirmed when they are.
        matchIndex = verified if batch.entries else min(verified, log.stableIndex)
        self._accept(sender, message, token, matchIndex)

    def installSnapshot(self, sender: int, message: InstallSnapshot, token: Token) -> None:
        """
        Answer the leader of the current term, whose log begins after what this one is likely to lack: figure 13,
        "InstallSnapshot RPC". Where this log has that all the same, it needs no snapshot.
        """
        self.leaderId = sender
        self._elapsed = 0
        state, index = self.state, message.lastIncludedIndex
        if index > state.commitIndex:
            if state.log.matches(index, message.lastIncludedTerm):
                state.commit(index)
            else:
                state.fetch(Fetch(sender, index))
        matchIndex = state.durableCommit
        reply = InstallSnapshotReply(term=state.currentTerm, matchIndex=matchIndex, readRound=message.readRound)
        state.send(sender, reply, token, matchIndex)

    def _missing(self, batch: Batch) -> Batch:
        """
        What of C{batch} this log lacks. Entries that it has stay: a message that was overtaken by a later one must
        not cut off what that one appended (section 5.3).
        """
        log = self.state.log
        for position, entry in enumerate(batch.entries):
            if not log.matches(entry.index, entry.term):
                return batch if position == 0 else Batch(batch.entries[position:])
        return Batch(())

    def _accept(self, sender: int, message: AppendEntries, token: Token, matchIndex: int) -> None:
        reply = AppendEntriesReply.accepted(
            term=self.state.currentTerm,
            matchIndex=matchIndex,
            prevLogIndex=message.prevLogIndex,
            readRound=message.readRound,
        )
        self.state.send(sender, reply, token, matchIndex)

    def _reject(self, sender: int, message: AppendEntries, token: Token) -> None:
        conflictIndex, conflictTerm = self.state.log.conflict(message.prevLogIndex)
        repair = self.state.repair
        reply = AppendEntriesReply.rejected(
            term=self.state.currentTerm,
            prevLogIndex=message.prevLogIndex,
            conflictIndex=conflictIndex,
            conflictTerm=conflictTerm,
            readRound=message.readRound,
            lostIndex=0 if repair is None else repair.lastIndex,
        )
        self.state.send(sender, reply, token)
