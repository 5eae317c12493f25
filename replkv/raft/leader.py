"""
The leader: sections 5.3, 5.4 and 7 of the paper; sections 6.2 (CheckQuorum), 6.4 (ReadIndex), 10.2.1 (writing to its
own disk in parallel), 10.2.2 (pipelining), 3.10 (handing over) and chapter 4 (members) of Ongaro's thesis.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

from replkv.raft.changes import CannotChange, promoted
from replkv.raft.changing import Changing
from replkv.raft.configuration import Configuration
from replkv.raft.entry import NO_ENTRIES, Batch, Entry
from replkv.raft.handover import CannotHandOver, HandOver, fittest
from replkv.raft.membership import encode
from replkv.raft.messages import AppendEntriesReply, InstallSnapshotReply, TimeoutNow, TimeoutNowReply
from replkv.raft.outputs import DiskTrouble, Load, ReadReady, Token
from replkv.raft.pace import Pace
from replkv.raft.progress import REPLICATE, SNAPSHOT, Progress
from replkv.raft.reads import ReadQueue
from replkv.raft.replication import append, needsSnapshot, offer
from replkv.raft.roles import Role, RoleName, Transition
from replkv.raft.state import ServerState


class Leader(Role):
    """
    @ivar noopIndex: index of the entry with which it opened its term.
    @ivar progress: what it knows of each peer, by id.
    @ivar reads: the reads that wait.
    @ivar handOver: the hand-over that is under way, if one is.
    """

    name = RoleName.LEADER

    def __init__(self, state: ServerState) -> None:
        super().__init__(state)
        self.leaderId = state.config.id
        self.noopIndex = state.log.lastIndex + 1
        self.reads = ReadQueue()
        self.handOver: HandOver | None = None
        self._pace = Pace(state.config.electionTicks)
        self._unpersisted = self.noopIndex
        self._changing = Changing(state, self.noopIndex)
        self.progress = self._changing.configured(state.configuration, {}, self._unpersisted)
        self._waitingBytes = 0  # Of the data that was proposed and not yet given out.
        self._heartbeatElapsed = 0
        self._quorumElapsed = 0
        self._heartbeatDue = True
        found = state.log.bytesBetween(state.commitIndex, state.log.lastIndex)
        # What is not in memory, though it may not be committed, did not fit in there when this server started.
        self._foundMuch = found > state.config.limits.inheritedBytes or state.log.inMemory > state.commitIndex + 1

    def start(self) -> None:
        """
        Open the term with a no-op: only entries of the current term are committed by counting, and until one is,
        this server does not know which entries are (sections 5.4.2 and 8 of the paper).
        """
        self.propose(b"")

    @property
    def hasLeader(self) -> bool:
        """
        It leads as long as it has a majority; L{tick} sees to that.
        """
        return True

    @property
    def isLaden(self) -> bool:
        """
        Whether it had better take no proposals, since the log that it has found has much that may not be committed: it
        is not to grow from leader to leader. With the no-op, all of that is.
        """
        return self._foundMuch and self.state.commitIndex < self.noopIndex

    def givesOut(self, mayWait: bool) -> bool:
        """
        Whether L{flush} gives out what was proposed. A batch costs all servers as much as dozens of commands do. So the
        next one had better wait until the last one is committed, and take with it all that has come meanwhile; unless
        that is much by now.

        @param mayWait: whether it can wait.
        """
        given, last = self._unpersisted - 1, self.state.log.lastIndex
        if not mayWait or given < self.noopIndex or self._waitingBytes >= self.state.config.limits.waitingBytes:
            return given < last
        return given < last and given <= self.state.commitIndex

    def hasMore(self, mayWait: bool) -> bool:
        """
        Whether there is something to give out: an entry, a message, or reads that were confirmed meanwhile.

        @param mayWait: whether what was proposed can wait.
        """
        state, reads, given = self.state, self.reads, self._unpersisted - 1
        if self._heartbeatDue or self.givesOut(mayWait) or reads.waitsForRound or reads.hasReady(state.lastApplied):
            return True
        first = state.log.firstIndex
        return self._mayTellTarget or any(progress.isDue(given, first) for progress in self.progress.values())

    @property
    def restTicks(self) -> int:
        """
        See L{RaftView.restTicks<replkv.raft.view.RaftView.restTicks>}.
        """
        proposed = self._unpersisted <= self.state.log.lastIndex
        if proposed or self.handOver is not None or self._pace.isFollowing or self.state.isLeaving:
            return 1
        config = self.state.config
        beforeLook = config.electionTicks - self._quorumElapsed - 1
        return max(1, min(config.heartbeatTicks - self._heartbeatElapsed, beforeLook))

    def tick(self) -> Transition | None:
        """
        Send heartbeats, and lead no longer where a majority has not answered for an election timeout, or the own disk
        hangs or is slow.
        """
        state = self.state
        if self.handOver is not None:
            self.handOver.tick()
            if self.handOver.isOver:
                # The peer does not lead, so this server leads on; unless it had better not.
                trouble, self.handOver = self.handOver.trouble, None
                if trouble is not None:
                    return Transition(RoleName.FOLLOWER, trouble)
                if state.isLeaving:
                    return Transition(RoleName.FOLLOWER)
        elif state.isLeaving:
            # It has led until it was committed that it is no voter any more (thesis, section 4.2.2).
            try:
                self.beginHandOver(state.peers)
            except CannotHandOver:
                return Transition(RoleName.FOLLOWER)
        self._changing.tick()
        self._pace.tick(state.log.lastIndex, state.commitIndex, state.log.stableIndex)
        # Once is enough: where it was elected all the same, the others cannot lead.
        if self._pace.isSlow and not state.diskIsSlow:
            state.diskIsSlow = True
            with suppress(CannotHandOver):
                self.beginHandOver(state.peers, DiskTrouble.IS_SLOW)
            if self.handOver is None:
                return Transition(RoleName.FOLLOWER, DiskTrouble.IS_SLOW)
        self._heartbeatElapsed += 1
        if self._heartbeatElapsed >= state.config.heartbeatTicks:
            self._heartbeatElapsed = 0
            self._heartbeatDue = True
            for progress in self.progress.values():
                progress.probeDue = True
        self._quorumElapsed += 1
        if self._quorumElapsed >= self.state.config.electionTicks:
            self._quorumElapsed = 0
            active = {peer for peer, progress in self.progress.items() if progress.active}
            if not state.configuration.isQuorum(active | {state.config.id}):
                return Transition(RoleName.FOLLOWER)
            if state.diskHangs:
                return Transition(RoleName.FOLLOWER, DiskTrouble.HANGS)
            for progress in self.progress.values():
                progress.active = False
        return None

    def propose(self, data: bytes) -> int:
        """
        Append a command to the log.

        @return: the index of its entry.
        """
        log = self.state.log
        log.append(Entry(log.lastIndex + 1, self.state.currentTerm, data))
        self._waitingBytes += len(data)
        return log.lastIndex

    def change(self, configuration: Configuration) -> int:
        """
        See L{replkv.raft.core.Raft.change}.
        """
        self._changing.check(configuration)
        log, before = self.state.log, self.state.configuration
        entry = Entry(log.lastIndex + 1, self.state.currentTerm, encode(configuration))
        self.state.append([entry])
        self._waitingBytes += len(entry.data)
        # What is not given out yet is for nobody yet.
        self.progress = self._changing.configured(before, self.progress, self._unpersisted)
        # A majority of fewer may have all of it by now.
        self._advanceCommit()
        self._confirmReads()
        return entry.index

    def read(self, atLeast: int, token: Token) -> None:
        """
        Take in a read. It must see all that was committed when it arrived, which this server knows only when its
        no-op is committed, and the entries up to C{atLeast}.
        """
        self.reads.add(max(self.state.commitIndex, self.noopIndex, atLeast), token)

    def replied(self, sender: int, reply: AppendEntriesReply | InstallSnapshotReply | TimeoutNowReply) -> None:
        """
        A peer of the current term answered what this leader, and nobody else, has asked in it. One that is no member
        any more has nothing to say.
        """
        if sender not in self.progress:
            return
        match reply:
            case AppendEntriesReply():
                self.appendReply(sender, reply)
            case InstallSnapshotReply():
                self.installReply(sender, reply)
            case TimeoutNowReply():
                self.timeoutNowReply(sender)

    def appendReply(self, sender: int, reply: AppendEntriesReply) -> None:
        """
        A peer of the current term answered; whether its log matched or not, it knows no later leader.
        """
        progress = self.progress[sender]
        if not reply.success:
            if reply.prevLogIndex <= progress.matchIndex <= reply.lostIndex:
                progress.lost()
            elif progress.hasRegressed(reply.prevLogIndex):
                # Nor does its word count: it may have forgotten a later leader too.
                self.state.regressed(sender)
                return
        progress.answered(reply.readRound)
        if reply.success:
            progress.matched(reply.matchIndex)
            self._advanceCommit()
            if self._changing.mayVote(sender, progress.matchIndex) and self.handOver is None:
                with suppress(CannotChange):
                    self.change(promoted(self.state.configuration, sender))
        else:
            retryFrom = self.state.log.retryFrom(reply.prevLogIndex, reply.conflictIndex, reply.conflictTerm)
            progress.rejected(reply.prevLogIndex, retryFrom)
        self._confirmReads()

    def installReply(self, sender: int, reply: InstallSnapshotReply) -> None:
        """
        A peer of the current term has a snapshot now, or not yet.
        """
        progress = self.progress[sender]
        progress.answered(reply.readRound)
        if reply.matchIndex >= self.state.log.firstIndex - 1:
            progress.matched(reply.matchIndex)
            self._advanceCommit()
        self._confirmReads()

    def persisted(self) -> None:
        """
        The leader's own disk counts like anyone else's.
        """
        self._advanceCommit()

    def timeoutNowReply(self, sender: int) -> None:
        """
        A peer did not want to stand for election.
        """
        if self.handOver is not None and self.handOver.target == sender:
            self.handOver.giveUp()

    def unreachable(self, peer: int) -> None:
        """
        Stop streaming to C{peer} until a probe is answered.
        """
        progress = self.progress.get(peer)
        if progress is not None:
            progress.unreachable()
        if self.handOver is not None and self.handOver.target == peer and not self.handOver.isTold:
            self.handOver.giveUp()

    def loaded(self, load: Load, batch: Batch) -> None:
        """
        Entries for a peer that lags were read from the disk.
        """
        progress = self.progress.get(load.peer)
        if progress is None:
            return
        progress.loading = False
        if needsSnapshot(self.state, progress):
            return
        if batch.entries and batch.entries[0].index == progress.nextIndex and progress.maySendEntries:
            append(self.state, load.peer, progress, batch, self.reads.round)

    def flush(self, mayWait: bool) -> None:
        """
        Give out what was proposed and what is due, to the own disk and to the peers side by side.

        @param mayWait: whether what was proposed can wait.
        """
        # Before any message with a new entry, so that it carries the round of all reads that arrived before it.
        givesOut = self.givesOut(mayWait)
        opened = (givesOut or self._heartbeatDue or self.reads.waitsForRound) and self.reads.openRound()
        if givesOut:
            self._persistProposals()
        for peer, progress in self.progress.items():
            if needsSnapshot(self.state, progress):
                progress.needSnapshot()
            streamed = self._stream(peer, progress)
            streams = progress.state is REPLICATE
            due = not streamed and (opened or self._heartbeatDue) if streams else progress.probeDue
            if not due or not progress.maySend:
                continue
            if progress.state is SNAPSHOT:
                offer(self.state, peer, progress, self.reads.round)
            else:
                append(self.state, peer, progress, NO_ENTRIES, self.reads.round)
        self._heartbeatDue = False
        self._confirmReads()
        if self.handOver is not None and self._mayTellTarget:
            self.handOver.isTold = True
            self.state.send(self.handOver.target, TimeoutNow(term=self.state.currentTerm))

    def depose(self) -> list[Token]:
        """
        Lead no longer. What was proposed stays in the log, and so it goes to the disk.

        @return: the tokens of the reads that will not be answered.
        """
        self._persistProposals()
        return self.reads.drop()

    def beginHandOver(self, among: Collection[int], trouble: DiskTrouble | None = None) -> int:
        """
        See L{replkv.raft.core.Raft.handOver}.

        @param trouble: what is wrong with the own disk, where that is why.
        """
        if self.handOver is None:
            voters = [peer for peer in self.state.configuration.voters if peer in among]
            self.handOver = HandOver(fittest(self.progress, voters), self.state.config.electionTicks)
        elif self.handOver.target not in among:
            raise CannotHandOver(f"it is handing over to server {self.handOver.target}")
        self.handOver.trouble = self.handOver.trouble or trouble
        return self.handOver.target

    def takeReads(self, appliedIndex: int) -> list[ReadReady]:
        """
        Give out the reads that are confirmed and whose index is given out too.
        """
        return self.reads.take(appliedIndex)

    @property
    def _mayTellTarget(self) -> bool:
        """
        Whether the peer that is to lead may now be told to stand for election. It has all of the log, and all of that
        is committed, so that whoever waits for an entry will learn what came of it. Reads are waited for too, but not
        for long: they can be asked again.
        """
        handOver, state = self.handOver, self.state
        if handOver is None or handOver.isTold or handOver.isOver:
            return False
        last = state.log.lastIndex
        isDone = last == self.progress[handOver.target].matchIndex == state.commitIndex
        return isDone and (self.reads.isEmpty or handOver.isUrgent)

    def _persistProposals(self) -> None:
        log = self.state.log
        while self._unpersisted <= log.lastIndex:
            batch = log.batch(self._unpersisted, log.lastIndex)
            self.state.persist(batch)
            self._unpersisted = batch.entries[-1].index + 1
        self._waitingBytes = 0

    def _stream(self, peer: int, progress: Progress) -> bool:
        """
        Send the entries that the peer lacks, of those that were given out, as far as its window allows.
        """
        log, given = self.state.log, self._unpersisted - 1
        streamed = False
        while progress.nextIndex <= given and progress.maySendEntries and not progress.loading:
            if progress.nextIndex < log.inMemory:
                progress.loading = True
                last = min(log.inMemory - 1, progress.nextIndex + self.state.config.limits.batchEntries - 1)
                self.state.load(Load(peer, self.state.currentTerm, progress.nextIndex, last))
                break
            append(self.state, peer, progress, log.batch(progress.nextIndex, given), self.reads.round)
            streamed = True
        return streamed

    def _advanceCommit(self) -> None:
        """
        Commit what a majority of disks holds, if it ends with an entry of the current term: entries of older terms
        are committed with it, but never by being counted (section 5.4.2, figure 8).
        """
        log = self.state.log
        held = {peer: progress.matchIndex for peer, progress in self.progress.items()}
        held[self.state.config.id] = log.stableIndex
        index = self.state.configuration.agreed(held)
        if index > self.state.commitIndex and log.term(index) == self.state.currentTerm:
            self.state.commit(index)

    def _confirmReads(self) -> None:
        if self.reads.confirmed == self.reads.round:
            return  # No round is open.
        rounds = {peer: progress.readRound for peer, progress in self.progress.items()}
        rounds[self.state.config.id] = self.reads.round
        self.reads.confirm(self.state.configuration.agreed(rounds))
