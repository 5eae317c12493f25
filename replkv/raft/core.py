"""
The core of the consensus: what a server does with each thing that happens, as values.

Ticks, messages, proposals, reads and finished disk writes go in. After any of them, L{Raft.ready} says what is to be
done. The core does no I/O and knows no clock; the one randomness it has is given to it.

These rules hold for all that comes out:

  - currentTerm and votedFor are on the disk before any message tells of them, and entries before they are
    acknowledged: what has to wait for the disk stays in here until L{Raft.persisted} is called;
  - a leader's AppendEntries do not wait for its own disk, which counts when it is done (Ongaro's thesis, 10.2.1);
  - a finished write counts only for entries that were not replaced since;
  - an entry is given out to be applied when it is committed and on this server's own disk;
  - commitIndex never goes back, and no entry up to it is ever removed.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from random import Random
from typing import Final

from replkv.raft.candidate import Candidate
from replkv.raft.configuration import Configuration
from replkv.raft.entry import NO_ENTRIES, Batch
from replkv.raft.follower import Follower
from replkv.raft.leader import Leader
from replkv.raft.log import RaftLog
from replkv.raft.messages import AppendEntries, AppendEntriesReply, Message, RequestVote, RequestVoteReply
from replkv.raft.outputs import DiskTrouble, Load, Persist, Ready, Send, Token
from replkv.raft.status import Status

MAX_READY_ENTRIES: Final = 512
"""
How many entries are given out at once to be applied, so that a long replay does not keep the reactor.
"""

DISK_PATIENCE: Final = 8
"""
For how many of the shortest election timeouts the disk may be at one write before this server leads no longer.
"""

SLOW_STRETCH: Final = 4
"""
How many times longer a server waits before it stands for election, once it has stepped down since its disk is slow, and
until it finds its disk fast again.
"""


class NotLeader(Exception):
    """
    This server does not lead.
    """


@dataclass(frozen=True)
class RaftConfig:
    """
    @ivar id: this server's id.
    @ivar members: the ids of all servers, this one included.
    @ivar electionTicks: the shortest election timeout; each is drawn between this and its double.
    @ivar heartbeatTicks: ticks between two heartbeats.
    @ivar firstElectionFactor: stretches the election timeouts of a server that has never seen a term, so that on the
        first start of a fresh cluster the server with the factor 1 normally wins.
    """

    id: int
    members: tuple[int, ...]
    electionTicks: int = 25
    heartbeatTicks: int = 5
    firstElectionFactor: int = 1


class Raft:
    """
    One server's part in the consensus.

    @ivar currentTerm: the latest term that this server has seen.
    @ivar votedFor: the candidate that has its vote in that term, or C{None}.
    @ivar log: the log.
    @ivar commitIndex: index of the last entry known to be committed.
    @ivar lastApplied: index of the last entry that was given out to be applied.
    @ivar role: follower, candidate or leader.
    @ivar configuration: who decides.
    @ivar peers: the ids of all other servers.
    @ivar diskIsSlow: whether this server led, and stepped down since its own disk was so much slower than the others'
        (L{replkv.raft.pace}), and has not been fast since.
    """

    def __init__(
        self,
        config: RaftConfig,
        random: Random,
        log: RaftLog,
        currentTerm: int = 0,
        votedFor: int | None = None,
        lastApplied: int = 0,
    ) -> None:
        """
        @param log: the log as recovered from the disk.
        @param lastApplied: index of the last entry that the state machine holds; it is committed, or it would not
            be there.
        """
        self.config = config
        self.log = log
        self.currentTerm = currentTerm
        self.votedFor = votedFor
        self.commitIndex = lastApplied
        self.lastApplied = lastApplied
        self.configuration = Configuration(config.members)
        self.peers = self.configuration.peersOf(config.id)
        self.diskIsSlow = False
        self._random = random
        self._ready = Ready()
        self._nextSeq = 1
        self._syncedSeq = 0
        self._voteSeq = 0  # The write that has currentTerm and votedFor.
        self._writeTicks = 0  # Since the disk last finished something, where it has something to do.
        self._writing: deque[tuple[int, int]] = deque()  # (seq, last index that it makes stable)
        self._waiting: list[tuple[int, Send]] = []  # (seq that must be synced before, message)
        self.role: Follower | Candidate | Leader = Follower(self, None)

    # What goes in.

    def tick(self) -> None:
        """
        One tick passed.
        """
        self._writeTicks = self._writeTicks + 1 if self._writing else 0
        self.role.tick()

    def propose(self, data: bytes) -> int:
        """
        Append a command to the log of the leader.

        @return: the index of its entry; with L{currentTerm}, that is its name.
        @raise NotLeader: if this server does not lead; then nothing was done.
        """
        if not isinstance(self.role, Leader):
            raise NotLeader
        return self.role.propose(data)

    def read(self, token: Token, atLeast: int = 0) -> None:
        """
        Ask for a linearizable read, which is answered by a L{replkv.raft.outputs.ReadReady} or dropped.

        @param atLeast: the read must see the entries up to this index.
        @raise NotLeader: if this server does not lead.
        """
        if not isinstance(self.role, Leader):
            raise NotLeader
        self.role.read(atLeast, token)

    def step(self, sender: int, message: Message, token: Token = None) -> None:
        """
        A message came.

        @param token: for a request, what its reply is to be known by.
        """
        match message:
            case RequestVote():
                self._requestVote(sender, message, token)
            case AppendEntries():
                self._appendEntries(sender, message, token)
            case RequestVoteReply():
                # The term of a granted pre-vote is the one asked for, which nobody has begun.
                if message.term > self.currentTerm and not (message.preVote and message.granted):
                    self.follow(message.term, None)
                else:
                    self.role.voteReply(sender, message)
            case AppendEntriesReply():
                if message.term > self.currentTerm:
                    self.follow(message.term, None)
                elif message.term == self.currentTerm:
                    self.role.appendReply(sender, message)

    def unreachable(self, peer: int) -> None:
        """
        Messages to C{peer} that were not answered are lost.
        """
        self.role.unreachable(peer)

    def persisted(self, seq: int) -> None:
        """
        The L{Persist} numbered C{seq}, and all before it, are synced.
        """
        self._syncedSeq = seq
        if self._writeTicks < max(1, self.config.electionTicks // 8):
            self.diskIsSlow = False
        self._writeTicks = 0
        while self._writing and self._writing[0][0] <= seq:
            self.log.stableIndex = max(self.log.stableIndex, self._writing.popleft()[1])
        self._ready.sends.extend(send for needed, send in self._waiting if needed <= seq)
        self._waiting = [(needed, send) for needed, send in self._waiting if needed > seq]
        self.role.persisted()

    def loaded(self, load: Load, batch: Batch) -> None:
        """
        What L{Ready.loads} asked for was read.
        """
        if isinstance(self.role, Leader) and load.term == self.currentTerm:
            self.role.loaded(load, batch)

    # What comes out.

    def ready(self, mayApply: bool = True) -> Ready:
        """
        Take what is to be done now.

        @param mayApply: whether all entries and reads that were given out before are done. Until they are, there are no
            others.
        """
        if isinstance(self.role, Leader):
            self.role.flush()
        if self._voteSeq == self._nextSeq:
            self.persist(NO_ENTRIES)
        ready, self._ready = self._ready, Ready()
        if mayApply:
            self._giveOut(ready)
        self.log.releaseBatches()
        return ready

    @property
    def leaderId(self) -> int | None:
        """
        The id of the leader, where this server knows it.
        """
        return self.role.leaderId

    @property
    def status(self) -> Status:
        """
        How things are now.
        """
        role = self.role
        progress = role.progress if isinstance(role, Leader) else {}
        return Status(
            id=self.config.id,
            role=role.name,
            term=self.currentTerm,
            leaderId=role.leaderId,
            commitIndex=self.commitIndex,
            lastIndex=self.log.lastIndex,
            progress={peer: known.status for peer, known in progress.items()},
        )

    @property
    def hasMoreToApply(self) -> bool:
        """
        Whether the next L{ready} has entries to apply, even if nothing else happens.
        """
        return min(self.commitIndex, self.log.stableIndex) > self.lastApplied

    # For the roles.

    @property
    def voteIsDurable(self) -> bool:
        """
        Whether currentTerm and votedFor are on the disk.
        """
        return self._voteSeq <= self._syncedSeq

    @property
    def diskHangs(self) -> bool:
        """
        Whether the disk has been at one write for so long that another server had better lead: this one can apply
        nothing, and so answer nothing.
        """
        return bool(self.peers) and self._writeTicks >= DISK_PATIENCE * self.config.electionTicks

    def send(self, to: int, message: Message, token: Token = None, ackIndex: int = 0) -> None:
        """
        Send C{message} when the disk has what it tells of.

        @param ackIndex: up to here it says that this server's disk has the log.
        """
        needed = self._voteSeq
        if ackIndex > self.log.stableIndex:
            needed = max(needed, self._writing[-1][0])
        if needed <= self._syncedSeq:
            self._ready.sends.append(Send(to, message, token))
        else:
            self._waiting.append((needed, Send(to, message, token)))

    def persist(self, batch: Batch) -> None:
        """
        Bring C{batch}, which was appended to the log, to the disk, with currentTerm and votedFor.
        """
        seq = self._nextSeq
        self._nextSeq += 1
        self._ready.persists.append(Persist(seq, self.currentTerm, self.votedFor, batch))
        self._writing.append((seq, batch.entries[-1].index if batch.entries else 0))

    def truncate(self, index: int) -> None:
        """
        Remove the entries from C{index} on, which conflict with the leader's. Writes of them that are under way
        count for nothing any more.
        """
        assert index > self.commitIndex, f"entry {index} is committed and must not be removed"
        self.log.truncate(index)
        self._writing = deque((seq, min(last, index - 1)) for seq, last in self._writing)

    def commit(self, index: int) -> None:
        """
        Entries up to C{index} are committed.
        """
        self.commitIndex = max(self.commitIndex, index)

    def regressed(self, peer: int) -> None:
        """
        C{peer} lacks what it had acknowledged.
        """
        self._ready.regressed.append(peer)

    def load(self, load: Load) -> None:
        """
        Have entries read from the disk.
        """
        self._ready.loads.append(load)

    def randomElectionTimeout(self) -> int:
        """
        An election timeout in ticks, random so that split votes are rare (section 5.2).
        """
        shortest = self.config.electionTicks * (self.config.firstElectionFactor if self.currentTerm == 0 else 1)
        if self.diskIsSlow:
            shortest *= SLOW_STRETCH
        return self._random.randint(shortest, 2 * shortest)

    def follow(self, term: int, leaderId: int | None, trouble: DiskTrouble | None = None) -> None:
        """
        Become a follower, in a later term or in this one.

        @param trouble: what is wrong with the own disk, where a leader steps down for that.
        """
        if isinstance(self.role, Leader):
            self._ready.droppedReads.extend(self.role.depose())
            self._ready.diskTrouble = trouble
        if term > self.currentTerm:
            self._vote(term, None)
        self.role = Follower(self, leaderId)

    def campaign(self) -> None:
        """
        An election timeout passed: ask whether an election could be won.
        """
        if self.diskHangs:
            self.follow(self.currentTerm, None)
            return
        candidate = self.role = Candidate(self, preVote=True)
        candidate.start()

    def stand(self) -> None:
        """
        It could be won: begin the next term, and stand for election (section 5.2).
        """
        self._vote(self.currentTerm + 1, self.config.id)
        candidate = self.role = Candidate(self, preVote=False)
        candidate.start()

    def lead(self) -> None:
        """
        The election is won.
        """
        leader = self.role = Leader(self)
        leader.start()

    # Inside.

    def _giveOut(self, ready: Ready) -> None:
        self.log.forget(self.lastApplied)
        last = min(self.commitIndex, self.log.stableIndex, self.lastApplied + MAX_READY_ENTRIES)
        if last > self.lastApplied:
            ready.entries = self.log.entries(self.lastApplied + 1, last)
            self.lastApplied = last
        if isinstance(self.role, Leader):
            ready.reads = self.role.takeReads(self.lastApplied)

    def _vote(self, term: int, candidate: int | None) -> None:
        self.currentTerm = term
        self.votedFor = candidate
        self._voteSeq = self._nextSeq

    def _requestVote(self, sender: int, message: RequestVote, token: Token) -> None:
        """
        Figure 2, "RequestVote RPC", and the two rules that protect a leader that leads: a server that hears it
        takes part in no election (Ongaro's thesis, section 4.2.3), and a pre-vote changes nothing (section 9.6).
        """
        if not self.role.hasLeader and message.term > self.currentTerm and not message.preVote:
            self.follow(message.term, None)
        upToDate = self.log.isUpToDate(message.lastLogIndex, message.lastLogTerm)
        if message.preVote:
            granted = message.term > self.currentTerm
        else:
            granted = message.term == self.currentTerm and self.votedFor in (None, sender)
        granted = granted and upToDate and not self.role.hasLeader
        if granted and not message.preVote:
            if self.votedFor is None:
                self._vote(message.term, sender)
            self.follow(message.term, None)
        term = message.term if message.preVote and granted else self.currentTerm
        self.send(sender, RequestVoteReply(term=term, granted=granted, preVote=message.preVote), token)

    def _appendEntries(self, sender: int, message: AppendEntries, token: Token) -> None:
        if message.term < self.currentTerm:
            # With this term's name on it, this answer may reach a leader of this term; the round of reads of a message
            # of an older term is no round of that leader's.
            self.send(
                sender, AppendEntriesReply.rejected(term=self.currentTerm, prevLogIndex=message.prevLogIndex), token
            )
            return
        if message.term > self.currentTerm or not isinstance(self.role, Follower):
            assert not (isinstance(self.role, Leader) and message.term == self.currentTerm), (
                f"server {sender} and this one both lead term {message.term}"
            )
            self.follow(message.term, sender)
        assert isinstance(self.role, Follower)
        self.role.appendEntries(sender, message, token)
