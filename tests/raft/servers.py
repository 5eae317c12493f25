"""
Single servers in the states that tests begin with. All are server 0 of their cluster.
"""

from __future__ import annotations

from replkv.raft.config import RaftConfig
from replkv.raft.configuration import Configuration
from replkv.raft.entry import NO_ENTRIES, Batch, Entry
from replkv.raft.limits import RAFT_LIMITS, RaftLimits
from replkv.raft.messages import AppendEntries, AppendEntriesReply, RequestVoteReply
from replkv.raft.outputs import Send
from tests.raft.network import ELECTION_TICKS, HEARTBEAT_TICKS, Disk, Server, entriesOf


def aServer(
    *terms: int,
    members: int = 3,
    currentTerm: int | None = None,
    votedFor: int | None = None,
    limits: RaftLimits = RAFT_LIMITS,
) -> Server:
    """
    Server 0 of C{members}, with a log of C{terms}.
    """
    config = RaftConfig(0, ELECTION_TICKS, HEARTBEAT_TICKS, limits=limits)
    disk = Disk(entriesOf(*terms), currentTerm, votedFor)
    return Server(config, disk, configuration=Configuration.ofVoters(range(members)))


def preCandidate(
    *terms: int, members: int = 3, currentTerm: int | None = None, limits: RaftLimits = RAFT_LIMITS
) -> Server:
    """
    A server that has just asked whether an election could be won.
    """
    server = aServer(*terms, members=members, currentTerm=currentTerm, limits=limits)
    server.tick(2 * ELECTION_TICKS)
    return server


def candidate(
    *terms: int, members: int = 3, currentTerm: int | None = None, limits: RaftLimits = RAFT_LIMITS
) -> Server:
    """
    A server that stands for election, with its own vote on its disk.
    """
    server = preCandidate(*terms, members=members, currentTerm=currentTerm, limits=limits)
    for voter in range(1, members):
        server.receive(voter, RequestVoteReply(term=server.raft.currentTerm + 1, granted=True, preVote=True))
        if server.raft.role.name == "candidate":
            break
    server.sync()
    return server


def heartbeat(term: int, prevLogIndex: int = 0, prevLogTerm: int = 0) -> AppendEntries:
    """
    A leader's message without entries.
    """
    return AppendEntries(
        term=term, prevLogIndex=prevLogIndex, prevLogTerm=prevLogTerm, leaderCommit=0, readRound=0, batch=NO_ENTRIES
    )


def leader(*terms: int, members: int = 3, currentTerm: int | None = None, limits: RaftLimits = RAFT_LIMITS) -> Server:
    """
    A server that has just been elected. Its no-op is on its way to its disk and its peers are being probed.
    """
    server = candidate(*terms, members=members, currentTerm=currentTerm, limits=limits)
    for voter in range(1, members):
        if not server.leads:
            server.raft.step(voter, RequestVoteReply(term=server.raft.currentTerm, granted=True, preVote=False))
    return server


def streaming(*terms: int, members: int = 3, limits: RaftLimits = RAFT_LIMITS) -> Server:
    """
    A leader whose no-op is on its disk, and whose peers have answered its probe.
    """
    server = leader(*terms, members=members, limits=limits)
    server.pump()
    server.sync()
    for peer in range(1, members):
        server.receive(peer, matched(server, len(terms)))
    return server


def matched(server: Server, matchIndex: int, readRound: int = 0) -> AppendEntriesReply:
    """
    A success, in the term of the leader C{server}.
    """
    return AppendEntriesReply.accepted(
        term=server.raft.currentTerm, matchIndex=matchIndex, prevLogIndex=0, readRound=readRound
    )


def rejected(
    server: Server, prevLogIndex: int, conflictIndex: int, conflictTerm: int = 0, readRound: int = 0
) -> AppendEntriesReply:
    """
    A failure of the consistency check, in the term of the leader C{server}.
    """
    term = server.raft.currentTerm
    return AppendEntriesReply.rejected(
        term=term,
        prevLogIndex=prevLogIndex,
        conflictIndex=conflictIndex,
        conflictTerm=conflictTerm,
        readRound=readRound,
    )


def appendEntries(term: int, prevLogIndex: int, prevLogTerm: int, *terms: int, leaderCommit: int = 0) -> AppendEntries:
    """
    A leader's message with entries of C{terms}.
    """
    entries = [Entry(index, of, b"%d@%d" % (index, of)) for index, of in enumerate(terms, prevLogIndex + 1)]
    return AppendEntries(
        term=term,
        prevLogIndex=prevLogIndex,
        prevLogTerm=prevLogTerm,
        leaderCommit=leaderCommit,
        readRound=0,
        batch=Batch(entries),
    )


def appends(sends: list[Send], peer: int) -> list[AppendEntries]:
    """
    The AppendEntries among C{sends} for C{peer}.
    """
    return [send.message for send in sends if send.to == peer and isinstance(send.message, AppendEntries)]
