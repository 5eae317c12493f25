"""
How much the core does, sends and keeps at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class RaftLimits:
    """
    Servers may differ in them.

    @ivar batchBytes: how many bytes of data the entries of one batch have, unless it is one entry: a heartbeat waits no
        longer than that.
    @ivar batchEntries: and how many entries.
    @ivar waitingBytes: how many bytes of data that was proposed can wait until what was given out before is committed.
    @ivar cacheBytes: how many bytes of what is committed and synced are kept in memory, to be applied and for peers
        that lag. Older entries are read from the disk.
    @ivar unanswered: how many messages to one peer may be without an answer; then it is sent nothing more, not even
        heartbeats, so that a peer that is stopped costs bounded memory.
    @ivar unansweredBytes: how many bytes of entries may be on their way to one peer, before the last batch.
    @ivar readyEntries: how many entries are given out at once to be applied, so that a long replay does not keep the
        reactor.
    @ivar readyBytes: and how many bytes of data they have, unless it is one entry: until they are applied, they are in
        memory whatever C{cacheBytes} says.
    @ivar patientEntries: a follower lets no more entries wait before it applies them.
    @ivar diskPatience: for how many of the shortest election timeouts the disk may be at one write before this server
        leads no longer.
    @ivar termJump: by how much a term may be later than the own. A server that was away finds the others so much later
        after no less than 34 years in which they have elected a leader four times in a second, all the time. One that
        is sick does not find a number that near by chance. One that is hostile has to send a thousand million messages,
        each of which has this server sync its disk, before terms come to an end.
    @ivar uncommittedBytes: how many bytes of entries, L{ENTRY_OVERHEAD<replkv.raft.log.ENTRY_OVERHEAD>} for each
        included, this server takes from a leader beyond what is committed. No leader comes near it: what it has found
        may be C{inheritedBytes}, and clients' commands that wait are a bounded number (100,000 with keys of 250 bytes,
        and 72 MiB of values, are less than 128 MiB). What remains is for the case that all servers are started anew:
        then the leader knows only that to be committed which its store had flushed. What this server has found in its
        own log is not counted.
    @ivar inheritedBytes: where a leader finds more than that in its log, and it may not be committed, it takes no
        proposals before it is. Nor does it where it has just started, and finds more than C{cacheBytes}.
    """

    batchBytes: int = 1024 * 1024
    batchEntries: int = 65_536
    waitingBytes: int = 256 * 1024
    cacheBytes: int = 32 * 1024 * 1024
    unanswered: int = 64
    unansweredBytes: int = 4 * 1024 * 1024
    readyEntries: int = 512
    readyBytes: int = 4 * 1024 * 1024
    patientEntries: int = 256
    diskPatience: int = 8
    termJump: int = 2**32
    uncommittedBytes: int = 512 * 1024 * 1024
    inheritedBytes: int = 64 * 1024 * 1024


RAFT_LIMITS: Final = RaftLimits()
"""
The usual ones.
"""
