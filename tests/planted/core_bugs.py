"""
Bugs that a core can have.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from random import Random
from typing import Final

import replkv.raft.leader
import replkv.raft.pace
import replkv.raft.view
from replkv.raft.candidate import Candidate
from replkv.raft.config import RaftConfig
from replkv.raft.configuration import Configuration
from replkv.raft.configurations import Configurations
from replkv.raft.core import NotLeader, Raft
from replkv.raft.entry import Batch
from replkv.raft.follower import Follower
from replkv.raft.handover import HandOver
from replkv.raft.leader import Leader
from replkv.raft.log import RaftLog
from replkv.raft.messages import (
    AppendEntries,
    AppendEntriesReply,
    Message,
    RequestVote,
    RequestVoteReply,
    TimeoutNow,
)
from replkv.raft.outputs import DiskTrouble, Persist, Ready, Send, Token
from replkv.raft.pace import Pace
from replkv.raft.plausibility import objection
from replkv.raft.progress import PROBE, Progress, ProgressState
from replkv.raft.quorum import agreed
from replkv.raft.reads import ReadQueue
from replkv.raft.repair import Repair
from replkv.raft.roles import Role, RoleName, Transition
from replkv.raft.state import ServerState
from replkv.raft.writes import Write
from tests.planted.bug import Bug, Patch

_accept = Follower._accept
_appendEntries = Follower.appendEntries
_appendReply = Leader.appendReply
_conflict = RaftLog.conflict
_follow = Raft._follow
_handle = Raft._appendEntries
_init = Raft.__init__
_initLeader = Leader.__init__
_leaderTick = Leader.tick
_installState = ServerState.install
_matched = Progress.matched
_openRound = ReadQueue.openRound
_takeReady = ServerState.takeReady
_rejected = Progress.rejected
_requestVote = Raft._requestVote
_restart = RaftLog.restart
_send = ServerState.send


def _disbelieveLate(state: ServerState, message: AppendEntries) -> bool:
    """
    What a leader of an earlier term says late.
    """
    return message.term < state.currentTerm


def _disbelieveRepeated(state: ServerState, message: AppendEntries) -> bool:
    """
    Entries that are committed already.
    """
    return bool(message.batch.entries) and message.batch.entries[-1].index <= state.commitIndex


def _disbelieveBeforeLog(state: ServerState, message: AppendEntries) -> bool:
    """
    What begins before the own log.
    """
    return message.prevLogIndex < state.log.firstIndex - 1


def _objecting(to: Callable[[ServerState, AppendEntries], bool]) -> Patch:
    """
    Messages are taken for impossible that are not.
    """

    def judge(state: ServerState, role: Role, sender: int, message: Message) -> str | None:
        if isinstance(message, AppendEntries) and to(state, message):
            return "it is impossible"
        return objection(state, role, sender, message)

    return Patch(replkv.raft.view, "objection", judge)


def _atOnce(kind: type[Message]) -> Callable[..., None]:
    """
    Messages of one kind do not wait for the disk.
    """

    def send(state: ServerState, to: int, message: Message, token: Token = None, ackIndex: int = 0) -> None:
        if isinstance(message, kind):
            state._ready.sends.append(Send(to, message, token))
        else:
            _send(state, to, message, token, ackIndex)

    return send


# Votes and terms.


def _persistWithoutVote(state: ServerState, batch: Batch) -> None:
    state._ready.persists.append(Persist(state._nextSeq, state.currentTerm, None, batch))
    state._writing.append(Write(state._nextSeq, batch.entries[-1].index if batch.entries else 0))
    state._nextSeq += 1


def _initWithoutTerm(
    raft: Raft,
    config: RaftConfig,
    random: Random,
    log: RaftLog,
    configurations: Configurations,
    currentTerm: int = 0,
    votedFor: int | None = None,
    lastApplied: int = 0,
    repair: Repair | None = None,
) -> None:
    _init(raft, config, random, log, configurations, log.lastTerm, None, lastApplied, repair)


def _countAnyTerm(candidate: Candidate, sender: int, reply: RequestVoteReply) -> Transition | None:
    return candidate._granted(sender) if reply.granted and reply.preVote == candidate.preVote else None


def _countPreVotes(candidate: Candidate, sender: int, reply: RequestVoteReply) -> Transition | None:
    return candidate._granted(sender) if reply.granted and reply.term == candidate._term else None


def _isHalf(configuration: Configuration, servers: Set[int]) -> bool:
    return 2 * len(servers) >= len(configuration.members)


def _followAndClearVote(raft: Raft, term: int, leaderId: int | None, trouble: DiskTrouble | None = None) -> None:
    _follow(raft, term, leaderId, trouble)
    raft.state.votedFor = None


def _followAndKeepVote(raft: Raft, term: int, leaderId: int | None, trouble: DiskTrouble | None = None) -> None:
    votedFor = raft.votedFor
    _follow(raft, term, leaderId, trouble)
    raft.state.votedFor = votedFor


def _voteAndForget(raft: Raft, sender: int, message: RequestVote, token: Token) -> None:
    isPreCandidate = isinstance(raft.role, Candidate) and raft.role.preVote
    _requestVote(raft, sender, message, token)
    if isPreCandidate:
        raft.state.votedFor = None


# The log.


def _acceptToEnd(follower: Follower, sender: int, message: AppendEntries, token: Token, matchIndex: int) -> None:
    _accept(follower, sender, message, token, follower.state.log.lastIndex)


def _appendOverGap(follower: Follower, sender: int, message: AppendEntries, token: Token) -> None:
    log = follower.state.log
    batch = message.batch.entries
    if not batch or batch[0].index <= log.lastIndex + 1:
        _appendEntries(follower, sender, message, token)
        return
    entries = [entry._replace(index=index) for index, entry in enumerate(batch, log.lastIndex + 1)]
    for entry in entries:
        log.append(entry)
    follower.state.persist(Batch(entries))
    _accept(follower, sender, message, token, batch[-1].index)


def _hintBeyond(log: RaftLog, prevLogIndex: int) -> tuple[int, int]:
    index, term = _conflict(log, prevLogIndex)
    return (index, term) if term else (log.lastIndex + 2, 0)


def _followHint(progress: Progress, prevLogIndex: int, retryFrom: int) -> None:
    _rejected(progress, prevLogIndex, retryFrom)
    if progress.probeDue:
        progress.nextIndex = max(progress.nextIndex, retryFrom)


def _hintSlowly(log: RaftLog, prevLogIndex: int) -> tuple[int, int]:
    return (prevLogIndex, 0) if prevLogIndex > log.lastIndex else _conflict(log, prevLogIndex)


def _initStreaming(leader: Leader, state: ServerState) -> None:
    _initLeader(leader, state)
    for progress in leader.progress.values():
        progress.state = ProgressState.REPLICATE


# What is committed, and applied.


def _commitUpToLeader(follower: Follower, sender: int, message: AppendEntries, token: Token) -> None:
    _appendEntries(follower, sender, message, token)
    follower.state.commit(min(message.leaderCommit, follower.state.log.lastIndex))


def _commitAnyIndex(state: ServerState, index: int) -> None:
    state.commitIndex = index


def _countOldTerms(leader: Leader) -> None:
    stable = leader.state.log.stableIndex
    leader.state.commit(agreed([stable, *(progress.matchIndex for progress in leader.progress.values())]))


def _stopAtOldTerm(leader: Leader) -> None:
    state = leader.state
    index = agreed([state.log.stableIndex, *(progress.matchIndex for progress in leader.progress.values())])
    while state.commitIndex < index and state.log.term(state.commitIndex + 1) == state.currentTerm:
        state.commit(state.commitIndex + 1)


def _countOwnMemory(leader: Leader) -> None:
    log = leader.state.log
    index = agreed([log.lastIndex, *(progress.matchIndex for progress in leader.progress.values())])
    if log.term(index) == leader.state.currentTerm:
        leader.state.commit(index)


def _applyFromMemory(state: ServerState, mayApply: bool) -> Ready:
    stableIndex = state.log.stableIndex
    state.log.stableIndex = state.log.lastIndex
    try:
        return _takeReady(state, mayApply)
    finally:
        state.log.stableIndex = stableIndex


def _goBack(progress: Progress, matchIndex: int) -> None:
    _matched(progress, matchIndex)
    progress.matchIndex = matchIndex


def _sendMatchedAgain(progress: Progress, prevLogIndex: int, retryFrom: int) -> None:
    progress._stop(PROBE)
    progress.nextIndex = max(1, min(retryFrom, prevLogIndex))
    progress.probeDue = True


# Reads.


def _readFromCommitIndex(leader: Leader, atLeast: int, token: Token) -> None:
    leader.reads.add(max(leader.state.commitIndex, atLeast), token)


def _confirmByAnyAnswer(leader: Leader, sender: int, reply: AppendEntriesReply) -> None:
    _appendReply(leader, sender, reply._replace(readRound=leader.reads.round))


def _echoAnyRound(raft: Raft, sender: int, message: AppendEntries, token: Token) -> None:
    if message.term < raft.currentTerm:
        prev = message.prevLogIndex
        raft.state.send(
            sender,
            AppendEntriesReply.rejected(term=raft.currentTerm, prevLogIndex=prev, readRound=message.readRound),
            token,
        )
    else:
        _handle(raft, sender, message, token)


# Who leads, and how long.


def campaignAtOnce(raft: Raft) -> None:
    """
    Stand for election without having asked whether it could be won.
    """
    if raft.state.diskHangs:
        raft._follow(raft.currentTerm, None)
    else:
        raft._stand()


def _takeTermOfPreVote(raft: Raft, sender: int, message: RequestVote, token: Token) -> None:
    if message.preVote and message.term > raft.currentTerm:
        raft._follow(message.term, None)
    _requestVote(raft, sender, message, token)


def _grantPreVoteBesideLeader(raft: Raft, sender: int, message: RequestVote, token: Token) -> None:
    upToDate = raft.log.isUpToDate(message.lastLogIndex, message.lastLogTerm)
    if message.preVote and message.term > raft.currentTerm and upToDate:
        raft.state.send(sender, RequestVoteReply(term=message.term, granted=True, preVote=True), token)
    else:
        _requestVote(raft, sender, message, token)


def _leadForEver(leader: Leader) -> Transition | None:
    leader._quorumElapsed = 0
    return _leaderTick(leader)


def _countTwice(leader: Leader) -> Transition | None:
    peer = next(iter(leader.progress.values()), None)
    if peer is not None:
        peer.active = True
    return _leaderTick(leader)


def _beatRarely(leader: Leader) -> Transition | None:
    beats = leader._beats = getattr(leader, "_beats", 0) + 1  # type: ignore[attr-defined]
    if beats % 3:
        leader._heartbeatElapsed -= 1
    return _leaderTick(leader)


# Handing over.


def _tellAnyone(leader: Leader) -> bool:
    handOver, state = leader.handOver, leader.state
    isOpen = handOver is not None and not handOver.isTold and not handOver.isOver
    return isOpen and state.commitIndex == state.log.lastIndex


def _proposeAllTheSame(raft: Raft, data: bytes) -> int:
    if not isinstance(raft.role, Leader):
        raise NotLeader
    return raft.role.propose(data)


def _voteTwice(raft: Raft, sender: int, message: RequestVote, token: Token) -> None:
    if message.handOver and message.term == raft.currentTerm and raft.votedFor != sender:
        raft.state.send(sender, RequestVoteReply(term=message.term, granted=True, preVote=False), token)
    else:
        _requestVote(raft, sender, message, token)


def _obeyAnyTerm(raft: Raft, sender: int, message: TimeoutNow, token: Token) -> None:
    if message.term <= raft.currentTerm and raft.state.mayLead:
        raft._become(Transition(RoleName.CANDIDATE, handOver=True))


def _retryLater(progress: Progress, prevLogIndex: int, retryFrom: int) -> None:
    due = progress.probeDue
    _rejected(progress, prevLogIndex, retryFrom)
    progress.probeDue = due


# Snapshots.


def _throwLogAway(state: ServerState, index: int, term: int, configuration: Configuration) -> None:
    state.log.restart(index, term)
    _installState(state, index, term, configuration)


def _confirmAtOnce(log: RaftLog, index: int, term: int) -> None:
    _restart(log, index, term)
    log.stableIndex = index


def _installAny(raft: Raft, index: int, term: int, configuration: Configuration) -> bool:
    if isinstance(raft.role, Follower):
        raft.state.install(index, term, configuration)
    return isinstance(raft.role, Follower)


def _voteAlways(raft: Raft, sender: int, message: RequestVote, token: Token) -> None:
    repair, raft.state.repair = raft.state.repair, None
    _requestVote(raft, sender, message, token)
    raft.state.repair = repair


def _rejectBeforeLog(follower: Follower, sender: int, message: AppendEntries, token: Token) -> None:
    if message.prevLogIndex < follower.state.log.firstIndex - 1:
        follower._reject(sender, message, token)
    else:
        _appendEntries(follower, sender, message, token)


def _bug(name: str, owner: object, attribute: str, value: object, seeds: int = 100) -> Bug:
    return Bug(name, "core", seeds, (Patch(owner, attribute, value),))


BUGS: Final = (
    Bug("a late message of an earlier leader is refused", "core", 20, (_objecting(_disbelieveLate),)),
    Bug("a message that is repeated is refused", "core", 20, (_objecting(_disbelieveRepeated),)),
    Bug("a message from before a log that begins later is refused", "core", 200, (_objecting(_disbelieveBeforeLog),)),
    _bug("the vote is not persisted", ServerState, "persist", _persistWithoutVote),
    _bug("the term is not persisted", Raft, "__init__", _initWithoutTerm),
    _bug("a vote is told before its fsync", ServerState, "send", _atOnce(RequestVoteReply)),
    Bug(
        "a candidate counts its own vote before its fsync",
        "core",
        100,
        (
            Patch(ServerState, "voteIsDurable", property(lambda state: True)),
            Patch(ServerState, "send", _atOnce(RequestVote)),
        ),
    ),
    _bug("a vote reply of an old term is counted", Candidate, "voteReply", _countAnyTerm),
    _bug("a pre-vote is counted as a vote", Candidate, "voteReply", _countPreVotes),
    _bug("votedFor is cleared within a term", Raft, "_follow", _followAndClearVote),
    _bug("votedFor is kept in a new term", Raft, "_follow", _followAndKeepVote),
    _bug("a pre-candidate forgets the vote that it gives", Raft, "_requestVote", _voteAndForget),
    _bug("half of the votes are a majority", Configuration, "isQuorum", _isHalf),
    _bug(
        "logs are compared by length before term",
        RaftLog,
        "isUpToDate",
        lambda log, index, term: (index, term) >= (log.lastIndex, log.lastTerm),
    ),
    _bug("entries are acknowledged before their fsync", ServerState, "send", _atOnce(AppendEntriesReply)),
    _bug("the log is cut without a conflict", Follower, "_missing", lambda follower, batch: batch),
    _bug(
        "entries are taken without the consistency check",
        RaftLog,
        "matches",
        lambda log, index, term: index <= log.lastIndex,
    ),
    Bug(
        "a conflict hint beyond the log, which the leader follows",
        "core",
        20,
        (Patch(RaftLog, "conflict", _hintBeyond), Patch(Progress, "rejected", _followHint)),
    ),
    _bug(
        "a leader backs up one entry at a time",
        RaftLog,
        "retryFrom",
        lambda log, prevLogIndex, *conflict: prevLogIndex,
        20,
    ),
    _bug("a follower whose log is short does not say so", RaftLog, "conflict", _hintSlowly, 50),
    _bug("a batch with a gap is accepted", Follower, "appendEntries", _appendOverGap),
    _bug("a follower acknowledges the end of its log", Follower, "_accept", _acceptToEnd),
    Bug(
        "a finished write counts for entries replaced since",
        "core",
        200,
        # As it is, a leader sends entries only to those who have answered it, and an answer follows all earlier writes.
        # So the bug shows only with leaders that do not wait for an answer, which is right as well.
        (
            Patch(ServerState, "truncate", lambda state, index: state.log.truncate(index)),
            Patch(Leader, "__init__", _initStreaming),
        ),
    ),
    _bug("a follower commits beyond what was verified", Follower, "appendEntries", _commitUpToLeader),
    _bug("commitIndex goes back", ServerState, "commit", _commitAnyIndex),
    _bug("old-term entries are committed by counting", Leader, "_advanceCommit", _countOldTerms),
    _bug("the commit scan is stuck behind an old-term entry", Leader, "_advanceCommit", _stopAtOldTerm),
    _bug("the leader's own disk counts before its fsync", Leader, "_advanceCommit", _countOwnMemory),
    _bug("entries are applied beyond what the own disk holds", ServerState, "takeReady", _applyFromMemory),
    _bug("a leader with a slow disk leads on", Pace, "_note", lambda pace: None, 20),
    _bug("a leader steps down where all disks are slow", replkv.raft.pace, "SLOW_TIMES", 1, 20),
    _bug("matchIndex goes back on a late reply", Progress, "matched", _goBack),
    _bug("nextIndex goes back to or below matchIndex", Progress, "rejected", _sendMatchedAgain),
    _bug("a deposed leader never writes what it had proposed", Leader, "depose", lambda leader: leader.reads.drop()),
    _bug("there is no no-op", Leader, "start", lambda leader: None),
    _bug("a read is answered before the no-op", Leader, "read", _readFromCommitIndex),
    _bug(
        "a read is answered without a quorum",
        Leader,
        "_confirmReads",
        lambda leader: leader.reads.confirm(leader.reads.round),
    ),
    _bug("a read is confirmed by answers to earlier messages", Leader, "appendReply", _confirmByAnyAnswer),
    _bug(
        "a write overtakes the read before it",
        ReadQueue,
        "openRound",
        lambda reads: reads.waitsForRound and _openRound(reads),
    ),
    _bug("a read is confirmed by the answer to a message of an older term", Raft, "_appendEntries", _echoAnyRound, 500),
    _bug("there is no pre-vote", Raft, "_campaign", campaignAtOnce),
    _bug("a pre-vote begins its term", Raft, "_requestVote", _takeTermOfPreVote),
    _bug("a pre-vote is granted beside a leader", Raft, "_requestVote", _grantPreVoteBesideLeader),
    _bug("a leader that is cut off leads on", Leader, "tick", _leadForEver),
    _bug("a leader counts itself twice when it looks for its majority", Leader, "tick", _countTwice),
    _bug("heartbeats at a third of the rate", Leader, "tick", _beatRarely),
    _bug(
        "a server sleeps through the tick on which it asks for an election",
        Follower,
        "restTicks",
        property(lambda follower: max(1, follower._timeout - follower._elapsed)),
    ),
    _bug(
        "a leader sleeps through the tick on which it looks for its majority",
        Leader,
        "restTicks",
        property(lambda leader: leader.state.config.electionTicks - leader._quorumElapsed),
        100,
    ),
    _bug("a leader hands over to a server that lacks entries", Leader, "_mayTellTarget", property(_tellAnyone)),
    _bug("a leader takes proposals while it hands over", Raft, "propose", _proposeAllTheSame, 50),
    _bug("a voter votes once more for a hand-over", Raft, "_requestVote", _voteTwice),
    _bug("a server stands since the leader of an old term wants it", Raft, "_timeoutNow", _obeyAnyTerm, 200),
    _bug("a leader waits for ever for who is to take over", HandOver, "tick", lambda handOver: None),
    _bug("a rejected AppendEntries is tried again only at the next heartbeat", Progress, "rejected", _retryLater),
    _bug(
        "entries are sent from before the snapshot",
        replkv.raft.leader,
        "needsSnapshot",
        lambda state, progress: False,
    ),
    _bug("an install throws away acknowledged entries after it", ServerState, "install", _throwLogAway),
    _bug("a snapshot is confirmed before it is in place", RaftLog, "restart", _confirmAtOnce),
    _bug(
        "entries are applied before the snapshot is in place",
        ServerState,
        "isInstalling",
        property(lambda state: False),
    ),
    _bug("a snapshot that is older than the state is installed", Raft, "install", _installAny),
    _bug("what is before a follower's log is taken to be missing", Follower, "appendEntries", _rejectBeforeLog, 1000),
    _bug("who may lack what it has acknowledged votes", Raft, "_requestVote", _voteAlways),
    _bug(
        "who may lack what it has acknowledged stands for election",
        ServerState,
        "mayLead",
        property(lambda state: not (state.diskHangs or state.isDistrusted or state.isInstalling)),
    ),
    _bug("a log taken for repaired too early", Repair, "isOver", lambda repair, index, term: True),
    _bug("a leader never sends again what a log has lost", Progress, "lost", lambda progress: None),
    _bug(
        "who has a wrong state leads",
        ServerState,
        "mayLead",
        property(lambda state: not state.diskHangs and state.repair is None),
    ),
    _bug(
        "a wrong state is gone on with",
        ServerState,
        "hasMoreToApply",
        property(lambda state: not state.isInstalling and state.durableCommit > state.lastApplied),
    ),
)
