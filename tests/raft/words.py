"""
What the transcripts of the consensus call entries, messages and what is written.
"""

from __future__ import annotations

from collections.abc import Iterable

from replkv.raft.configuration import Configuration
from replkv.raft.entry import Entry
from replkv.raft.member import Kind, Member
from replkv.raft.membership import decode, isConfiguration
from replkv.raft.messages import (
    AppendEntries,
    InstallSnapshot,
    InstallSnapshotReply,
    Message,
    RequestVote,
    RequestVoteReply,
    TimeoutNow,
    TimeoutNowReply,
)
from replkv.raft.outputs import Install, Persist


def describeMembers(configuration: Configuration) -> str:
    """
    Who they are, in few words.
    """
    return ", ".join(map(_describeMember, configuration.members))


def _describeMember(member: Member) -> str:
    kind = "" if member.kind is Kind.VOTER else f"{member.kind} "
    return f"{kind}{member.id}{f' with {member.incarnation}' if member.incarnation else ''}"


def describeEntry(entry: Entry) -> str:
    """
    An entry in few words. The tests' own entries are called as they are drawn, and say no more.
    """
    name = f"{entry.index}@{entry.term}"
    if isConfiguration(entry.data):
        return f"{name}:members({describeMembers(decode(entry.data))})"
    command = entry.data.decode("ascii")
    return name if command in ("", name) else f"{name}:{command}"


def describeEntries(entries: Iterable[Entry]) -> str:
    """
    Entries in few words.
    """
    return f"[{' '.join(map(describeEntry, entries))}]"


def describe(message: Message) -> str:
    """
    A message in the paper's names. What it need not say is left out.
    """
    shown = [f"term={message.term}"]
    if isinstance(message, RequestVote | RequestVoteReply):
        if message.preVote:
            shown.insert(0, "preVote")
        if isinstance(message, RequestVote):
            shown += [f"lastLogIndex={message.lastLogIndex}", f"lastLogTerm={message.lastLogTerm}"]
            shown += ["handOver"] * message.handOver
        else:
            shown.append("granted" if message.granted else "refused")
    elif not isinstance(message, TimeoutNow | TimeoutNowReply):
        if isinstance(message, InstallSnapshot):
            shown += [f"lastIncludedIndex={message.lastIncludedIndex}", f"lastIncludedTerm={message.lastIncludedTerm}"]
        elif isinstance(message, InstallSnapshotReply):
            shown.append(f"matchIndex={message.matchIndex}")
        elif isinstance(message, AppendEntries):
            shown += [f"prevLogIndex={message.prevLogIndex}", f"prevLogTerm={message.prevLogTerm}"]
            shown.append(f"leaderCommit={message.leaderCommit}")
            shown.append(f"entries={describeEntries(message.batch.entries)}")
        elif message.success:
            shown += ["success", f"matchIndex={message.matchIndex}"]
        else:
            shown += ["failure", f"prevLogIndex={message.prevLogIndex}"]
            shown += [f"conflictIndex={message.conflictIndex}", f"conflictTerm={message.conflictTerm}"]
        if message.readRound:
            shown.append(f"readRound={message.readRound}")
    return f"{type(message).__name__}({', '.join(shown)})"


def describeWrite(write: Persist | Install) -> str:
    """
    What a server brings to its disk.
    """
    if isinstance(write, Install):
        return f"a snapshot up to {write.index}@{write.term}, {'beside' if write.keepsLog else 'in place of'} its log"
    votedFor = "nobody" if write.votedFor is None else write.votedFor
    said = f"currentTerm={write.term} votedFor={votedFor}"
    return f"{said} entries={describeEntries(write.batch.entries)}" if write.batch.entries else said
