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
  - nor is one released from memory before that: it is read from the disk when it is to be applied, or a peer needs it;
  - commitIndex never goes back, and no entry up to it is ever removed;
  - a configuration counts as soon as it stands in the log, and the next one comes when it is committed, and with it
    something of the leader's own term;
  - a leader that hands over takes no proposals meanwhile, and tells only a peer that has all of its log to stand;
  - who may lack what it had acknowledged votes for nobody, until its log is repaired (L{replkv.raft.repair}).
"""

from __future__ import annotations

from collections.abc import Collection
from random import Random
from typing import cast

from replkv.raft.candidate import Candidate
from replkv.raft.config import RaftConfig
from replkv.raft.configuration import Configuration
from replkv.raft.configurations import Configurations
from replkv.raft.entry import Batch
from replkv.raft.follower import Follower
from replkv.raft.invariants import InvariantViolation
from replkv.raft.leader import Leader
from replkv.raft.log import RaftLog
from replkv.raft.messages import (
    AppendEntries,
    AppendEntriesReply,
    InstallSnapshot,
    InstallSnapshotReply,
    Message,
    RequestVote,
    RequestVoteReply,
    TimeoutNow,
    TimeoutNowReply,
)
from replkv.raft.outputs import DiskTrouble, Load, Ready, Token
from replkv.raft.repair import Repair
from replkv.raft.roles import RoleName, Transition
from replkv.raft.state import ServerState
from replkv.raft.view import RaftView


class NotLeader(Exception):
    """
    This server does not lead, or it hands over.
    """


class Raft(RaftView):
    """
    One server's part in the consensus: hands what happens to the role that the server has, and makes the next one when
    a role says so. No role is left while it still runs.

    What it tells of itself is in L{RaftView}.
    """

    def __init__(
        self,
        config: RaftConfig,
        random: Random,
        log: RaftLog,
        configurations: Configurations,
        currentTerm: int = 0,
        votedFor: int | None = None,
        lastApplied: int = 0,
        repair: Repair | None = None,
    ) -> None:
        """
        @param log: the log as recovered from the disk.
        @param configurations: those that stand in it, and the one before them.
        @param lastApplied: index of the last entry that the state machine holds; it is committed, or it would not
            be there.
        @param repair: what the log had before it lost entries, until it is repaired; C{None} if it lacks nothing.
        """
        super().__init__(ServerState(config, random, log, configurations, currentTerm, votedFor, lastApplied, repair))

    # What goes in.

    def tick(self) -> None:
        """
        One tick passed.
        """
        self.state.tick()
        self._become(self.role.tick())

    def propose(self, data: bytes) -> int:
        """
        Append a command to the log of the leader.

        @return: the index of its entry; with L{RaftView.currentTerm}, that is its name.
        @raise NotLeader: if this server does not lead, or hands over; then nothing was done.
        """
        if not isinstance(self.role, Leader) or self.role.handOver is not None:
            raise NotLeader
        return self.role.propose(data)

    def change(self, configuration: Configuration) -> int:
        """
        Have another configuration, which is in force at once; it is done when its entry is committed.

        @param configuration: one step from the one that is in force (L{replkv.raft.changes}).
        @return: the index of its entry.
        @raise NotLeader: if this server does not lead, or hands over; then nothing was done.
        @raise CannotChange: if there can be no such one, or not now (L{replkv.raft.changes.NotNow}); likewise.
        """
        if not isinstance(self.role, Leader) or self.role.handOver is not None:
            raise NotLeader
        return self.role.change(configuration)

    def read(self, token: Token, atLeast: int = 0) -> None:
        """
        Ask for a linearizable read, which is answered by a L{replkv.raft.outputs.ReadReady} or dropped.

        @param atLeast: the read must see the entries up to this index.
        @raise NotLeader: if this server does not lead.
        """
        if not isinstance(self.role, Leader):
            raise NotLeader
        self.role.read(atLeast, token)

    def handOver(self, among: Collection[int]) -> int:
        """
        Have a peer lead in this server's place. Until it does, or an election timeout has passed, this server goes on
        to lead, but takes no proposals.

        @param among: the ids of those that may; what is no peer's is of no account.
        @return: the id of the peer that is to lead: the fittest of them, or the one to which it hands over already.
        @raise NotLeader: if this server does not lead.
        @raise CannotHandOver: if none of them can lead now, or it hands over to another one.
        """
        if not isinstance(self.role, Leader):
            raise NotLeader
        return self.role.beginHandOver(among)

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
                if message.term > self.state.currentTerm and not (message.preVote and message.granted):
                    self._follow(message.term, None)
                else:
                    self._become(self.role.voteReply(sender, message))
            case AppendEntriesReply() | InstallSnapshotReply() | TimeoutNowReply():
                if message.term > self.state.currentTerm:
                    self._follow(message.term, None)
                elif message.term == self.state.currentTerm and isinstance(self.role, Leader):
                    self.role.replied(sender, message)
            case InstallSnapshot():
                self._installSnapshot(sender, message, token)
            case TimeoutNow():
                self._timeoutNow(sender, message, token)

    def unreachable(self, peer: int) -> None:
        """
        Messages to C{peer} that were not answered are lost.
        """
        self.role.unreachable(peer)

    def persisted(self, seq: int) -> None:
        """
        The L{Persist<replkv.raft.outputs.Persist>} numbered C{seq}, and all before it, are synced.
        """
        self.state.persisted(seq)
        self._become(self.role.persisted())

    def loaded(self, load: Load, batch: Batch) -> None:
        """
        What L{Ready.loads} asked for was read.
        """
        if load.peer == self.config.id:
            self.state.loaded(batch)
        elif isinstance(self.role, Leader) and load.term == self.state.currentTerm:
            self.role.loaded(load, batch)

    def install(self, index: int, term: int, configuration: Configuration) -> bool:
        """
        A snapshot is there, whole, and on the disk: go on from it. It has replaced the state machine, and the log where
        that lacks its last entry, when the L{Install<replkv.raft.outputs.Install>} that comes of it is synced. No
        entries are given out to be applied before that.

        @param index: index of the last entry that it includes.
        @param term: term of that entry.
        @param configuration: the one that is in force after it, which the state machine has.
        @return: whether it is taken. It is not where as much was given out to be applied already; or where the state
            machine is distrusted, and what comes after the snapshot is not in the log any more. Nor is it while this
            server stands for election or leads: who is elected has all that is committed in its log.
        """
        state = self.state
        least = state.log.firstIndex - 1 if state.isDistrusted else state.lastApplied + 1
        if index < least or not isinstance(self.role, Follower):
            return False
        if term > state.currentTerm:
            # That term has begun: a log has no entries of later terms than its server has seen.
            self._follow(term, None)
        state.install(index, term, configuration)
        return True

    def distrust(self) -> None:
        """
        The state machine is not what the log has made it: until a snapshot has replaced it, nothing is given out to be
        applied, and this server does not lead. It votes, and acknowledges entries: its log is as good as any.
        """
        self.state.isDistrusted = True
        if not isinstance(self.role, Follower):
            self._follow(self.state.currentTerm, None)

    def retire(self) -> None:
        """
        This server is about to stop: it stands for no election any more, and takes over from nobody. It votes, and if
        it leads, it leads on until it has handed over, or stops.
        """
        self.state.isStopping = True
        if isinstance(self.role, Candidate):
            self._follow(self.state.currentTerm, None)

    def compact(self, index: int) -> None:
        """
        Forget the entries up to C{index}, which the state machine has, durably: they may go from the disk after this. A
        peer that lacks them gets a snapshot.
        """
        if index > self.state.lastApplied:
            raise InvariantViolation(f"entry {index} is not applied")
        self.log.compact(index)
        self.state.configurations.compact(index)

    # What comes out.

    def ready(self, mayApply: bool = True, mayWait: bool = False) -> Ready:
        """
        Take what is to be done now.

        @param mayApply: whether all entries and reads that were given out before are done. Until they are, there are no
            others.
        @param mayWait: whether what was proposed can wait, if it had better (L{Leader.givesOut}).
        """
        role = self.role
        if not isinstance(role, Leader):
            return self.state.takeReady(mayApply and self.appliesNow)
        role.flush(mayWait)
        ready = self.state.takeReady(mayApply)
        if mayApply:
            ready.reads = role.takeReads(self.state.lastApplied)
        return ready

    # What the server becomes.

    def _become(self, transition: Transition | None) -> None:
        """
        Do what a role says, and then what the next one says as soon as it starts: a server that is alone waits for
        nobody's vote.
        """
        while transition is not None:
            match transition.to:
                case RoleName.FOLLOWER:
                    self._follow(self.state.currentTerm, None, transition.trouble)
                case RoleName.PRE_CANDIDATE:
                    self._campaign()
                case RoleName.CANDIDATE:
                    self._stand(transition.handOver)
                case RoleName.LEADER:
                    self.role = Leader(self.state)
            transition = self.role.start()

    def _follow(self, term: int, leaderId: int | None, trouble: DiskTrouble | None = None) -> None:
        """
        Become a follower, in a later term or in this one.

        @param trouble: what is wrong with the own disk, where a leader steps down for that.
        """
        if isinstance(self.role, Leader):
            if trouble is None and self.role.handOver is not None:
                trouble = self.role.handOver.trouble
            self.state.deposed(self.role.depose(), trouble)
        if term > self.state.currentTerm:
            self.state.vote(term, None)
        self.role = Follower(self.state, leaderId)

    def _campaign(self) -> None:
        """
        An election timeout passed: ask whether an election could be won; unless this server could not lead now.
        """
        if not self.state.mayLead:
            self._follow(self.state.currentTerm, None)
        else:
            self.role = Candidate(self.state, preVote=True)

    def _stand(self, handOver: bool = False) -> None:
        """
        It could be won, or the leader wants it to be: begin the next term, and stand for election (section 5.2).
        """
        self.state.vote(self.state.currentTerm + 1, self.config.id)
        self.role = Candidate(self.state, preVote=False, handOver=handOver)

    # What others ask of a server, whatever its role.

    def _requestVote(self, sender: int, message: RequestVote, token: Token) -> None:
        """
        Figure 2, "RequestVote RPC", and the two rules that protect a leader that leads: a server that hears it
        takes part in no election, unless the leader has asked for it (Ongaro's thesis, section 4.2.3), and a pre-vote
        changes nothing (section 9.6).
        """
        state = self.state
        protects = self.role.hasLeader and not message.handOver
        if not protects and message.term > state.currentTerm and not message.preVote:
            self._follow(message.term, None)
        upToDate = state.log.isUpToDate(message.lastLogIndex, message.lastLogTerm)
        if message.preVote:
            granted = message.term > state.currentTerm
        else:
            granted = message.term == state.currentTerm and state.votedFor in (None, sender)
        granted = granted and upToDate and not protects and state.repair is None
        if granted and not message.preVote:
            if state.votedFor is None:
                state.vote(message.term, sender)
            # One that comes late, or twice, finds its sender to be the leader, which is not forgotten for it.
            if self.role.leaderId is None:
                self._follow(message.term, None)
        term = message.term if message.preVote and granted else state.currentTerm
        state.send(sender, RequestVoteReply(term=term, granted=granted, preVote=message.preVote), token)

    def _appendEntries(self, sender: int, message: AppendEntries, token: Token) -> None:
        term = self.state.currentTerm
        if message.term < term:
            # With this term's name on it, this answer may reach a leader of this term; the round of reads of a message
            # of an older term is no round of that leader's.
            reply = AppendEntriesReply.rejected(term=term, prevLogIndex=message.prevLogIndex)
            self.state.send(sender, reply, token)
            return
        self._followed(sender, message.term).appendEntries(sender, message, token)

    def _installSnapshot(self, sender: int, message: InstallSnapshot, token: Token) -> None:
        term = self.state.currentTerm
        if message.term < term:
            self.state.send(sender, InstallSnapshotReply(term=term, matchIndex=0, readRound=0), token)
            return
        self._followed(sender, message.term).installSnapshot(sender, message, token)

    def _followed(self, sender: int, term: int) -> Follower:
        """
        Be a follower of C{sender}, which leads C{term}, this one or a later one.
        """
        if term > self.state.currentTerm or not isinstance(self.role, Follower):
            if isinstance(self.role, Leader) and term == self.state.currentTerm:
                raise InvariantViolation(f"server {sender} and this one both lead term {term}")
            self._follow(term, sender)
        return cast(Follower, self.role)

    def _timeoutNow(self, sender: int, message: TimeoutNow, token: Token) -> None:
        """
        Stand for election at once, and without asking whether it could be won, if it is this server's leader who wants
        it (Ongaro's thesis, section 3.10), and if this one could lead well.
        """
        state = self.state
        isFollowed = message.term == state.currentTerm and self.role.leaderId == sender
        if isFollowed and state.mayLead and not state.diskIsSlow and not state.isBehind:
            self._become(Transition(RoleName.CANDIDATE, handOver=True))
        state.send(sender, TimeoutNowReply(term=state.currentTerm), token)
