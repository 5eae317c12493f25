"""
What a message can be, to a server in this state.

It is asked before the core is given the message, and changes nothing. A server that is in its right mind never sends
what is objected to, whatever was lost, repeated, late or out of order on its way: see the reason at each rule. So the
core meets none of it, and where it would have to break an invariant, the connection is closed instead.

A message of an earlier term than the own is only told so, and is not looked at: it may come from a leader that was
deposed long ago.
"""

from __future__ import annotations

from replkv.raft.leader import Leader
from replkv.raft.log import ENTRY_OVERHEAD
from replkv.raft.messages import (
    AppendEntries,
    AppendEntriesReply,
    InstallSnapshot,
    InstallSnapshotReply,
    Message,
    RequestVoteReply,
    TimeoutNow,
)
from replkv.raft.roles import Role
from replkv.raft.state import ServerState
from replkv.raft.validity import GREATEST


def objection(state: ServerState, role: Role, sender: int, message: Message) -> str | None:
    """
    Say why server C{sender} cannot have sent this if it is in its right mind.

    @return: C{None} if it can.
    """
    term, own = message.term, state.currentTerm
    if term < own:
        return None
    if term > own:
        tooFar = _jump(state, term)
        if tooFar is not None:
            return tooFar
    match message:
        case AppendEntries():
            return _leadership(state, role, sender, term) or _entries(state, message)
        case AppendEntriesReply() | InstallSnapshotReply():
            return _reply(state, role, message)
        case InstallSnapshot():
            return _leadership(state, role, sender, term) or _snapshot(state, message)
        case TimeoutNow():
            return _leadership(state, role, sender, term)
        case RequestVoteReply() if message.granted and term > own + message.preVote:
            # For a pre-vote, the next term was asked for, and that has not begun; see RequestVoteReply.
            return f"a vote in term {term}, in which this server has not asked for one"
    return None


def snapshotObjection(state: ServerState, index: int, term: int) -> str | None:
    """
    Say why no server that is in its right mind has a snapshot that ends with the entry C{index} of C{term}.

    @return: C{None} if it may have.
    """
    if not 0 < index <= GREATEST or not term > 0:
        return f"no snapshot ends with entry {index} of term {term}"
    return _jump(state, term) or _committed(state, index, term)


def _jump(state: ServerState, term: int) -> str | None:
    """
    See L{RaftLimits.termJump<replkv.raft.limits.RaftLimits>}.
    """
    if term <= state.currentTerm + state.config.limits.termJump:
        return None
    return f"term {term}, where this server is in term {state.currentTerm}"


def _leadership(state: ServerState, role: Role, sender: int, term: int) -> str | None:
    """
    There is one leader in a term (section 5.2 of the paper): whoever is known to lead it, this server included, has
    been elected, and nobody else will be.
    """
    if term > state.currentTerm or role.leaderId in (None, sender):
        return None
    return f"it cannot lead term {term}, which server {role.leaderId} leads"


def _committed(state: ServerState, index: int, term: int) -> str | None:
    """
    What is committed is in the log of every later leader (section 5.4.3 of the paper), and so in its snapshots: here,
    and before here.
    """
    log = state.log
    if not log.firstIndex - 1 <= index <= min(state.commitIndex, log.lastIndex) or log.term(index) == term:
        return None
    return f"entry {index} of term {term}, where an entry of term {log.term(index)} is committed"


def _entries(state: ServerState, message: AppendEntries) -> str | None:
    prevLogIndex, entries = message.prevLogIndex, message.batch.entries
    # The usual message begins behind all that is committed.
    if prevLogIndex <= state.commitIndex:
        conflict = _committed(state, prevLogIndex, message.prevLogTerm)
        if conflict is not None:
            return conflict
        repeated = entries[: state.commitIndex - prevLogIndex]
        conflicts = (_committed(state, entry.index, entry.term) for entry in repeated)
        conflict = next((found for found in conflicts if found is not None), None)
        if conflict is not None:
            return conflict
    return _amount(state, message) if entries else None


def _amount(state: ServerState, message: AppendEntries) -> str | None:
    """
    See L{RaftLimits.uncommittedBytes<replkv.raft.limits.RaftLimits>}.
    """
    log, batch, most = state.log, message.batch, state.config.limits.uncommittedBytes
    if log.bytes + len(batch.encoded) + ENTRY_OVERHEAD * len(batch) <= most:
        return None
    last = batch.entries[-1].index
    committed = max(state.commitIndex, min(message.leaderCommit, last))
    added = sum([len(entry.data) + ENTRY_OVERHEAD for entry in batch.entries if entry.index > committed])
    size = added + log.bytesBetween(max(committed, log.recoveredIndex), message.prevLogIndex)
    if size <= most:
        return None
    return (
        f"it has sent {size} bytes of entries that are not committed, and a leader commits what it has before it takes "
        "so much; should it be in its right mind, start this server anew"
    )


def _snapshot(state: ServerState, message: InstallSnapshot) -> str | None:
    return _committed(state, message.lastIncludedIndex, message.lastIncludedTerm)


def _reply(state: ServerState, role: Role, reply: AppendEntriesReply | InstallSnapshotReply) -> str | None:
    """
    A leader's log only grows while it leads, and holds all that anyone can have matched in its term; and nobody answers
    a round of reads that it has not opened.
    """
    if reply.term > state.currentTerm:
        if isinstance(reply, AppendEntriesReply) and reply.success:
            return f"it has followed this server in term {reply.term}, in which this server has led nobody"
        return None
    if not isinstance(role, Leader):
        return None
    lastIndex = state.log.lastIndex
    if reply.matchIndex > lastIndex:
        return f"it has entry {reply.matchIndex} of this leader's log, which ends with entry {lastIndex}"
    if reply.readRound > role.reads.round:
        return f"it answers round {reply.readRound} of reads, and this leader has opened {role.reads.round}"
    # One that is rejected for its term alone, without a conflict, may be from when this server led before.
    isOfThisTerm = isinstance(reply, InstallSnapshotReply) or reply.success or reply.conflictIndex > 0
    if isinstance(reply, AppendEntriesReply) and isOfThisTerm and reply.prevLogIndex > lastIndex:
        return f"it was asked for entry {reply.prevLogIndex} of this leader's log, which ends with entry {lastIndex}"
    return None
