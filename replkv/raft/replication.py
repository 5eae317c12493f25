"""
What a leader sends to a peer, to have its log there: sections 5.3 and 7 of the paper.
"""

from __future__ import annotations

from replkv.raft.entry import NO_ENTRIES, Batch
from replkv.raft.messages import AppendEntries, InstallSnapshot
from replkv.raft.progress import Progress
from replkv.raft.state import ServerState


def append(state: ServerState, peer: int, progress: Progress, batch: Batch, readRound: int) -> None:
    """
    Send the entries that come next, or none.

    @param readRound: the last round of reads that the leader has opened.
    """
    prevLogIndex = progress.nextIndex - 1
    progress.sent(batch)
    state.send(
        peer,
        AppendEntries(
            term=state.currentTerm,
            prevLogIndex=prevLogIndex,
            prevLogTerm=state.log.term(prevLogIndex),
            leaderCommit=state.commitIndex,
            readRound=readRound,
            batch=batch,
        ),
    )


def offer(state: ServerState, peer: int, progress: Progress, readRound: int) -> None:
    """
    Tell a peer that it needs a snapshot.

    @param readRound: as above.
    """
    log = state.log
    progress.sent(NO_ENTRIES)
    state.send(
        peer,
        InstallSnapshot(
            term=state.currentTerm,
            lastIncludedIndex=log.firstIndex - 1,
            lastIncludedTerm=log.term(log.firstIndex - 1),
            readRound=readRound,
        ),
    )


def needsSnapshot(state: ServerState, progress: Progress) -> bool:
    """
    Whether the log does not have the next entry for a peer any more.
    """
    return progress.nextIndex < state.log.firstIndex
