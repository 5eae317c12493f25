"""
How many probes a leader needs to find where a follower's log agrees with its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from replkv.raft.log import RaftLog
from replkv.raft.messages import AppendEntriesReply
from replkv.testing.outcome import Violation

if TYPE_CHECKING:
    from replkv.testing.core.server import Server

_MORE: int = 2
"""
So many more than there are terms: one for a log that is shorter, and one for what it loses in a crash meanwhile.
"""


class Probes:
    """
    The probes that were in vain, one after the other, of each leader to each follower. One probe a term is enough (the
    end of the paper's section 5.3); a leader that goes back by one entry at a time finds the place in the end too.
    """

    def __init__(self) -> None:
        # By leader, its term and its configuration, follower, and which log that has: after a crash, or a snapshot, it
        # is another one, and one that was no member meanwhile is probed anew.
        self._vain: dict[tuple[int, ...], int] = {}

    def answered(self, leader: Server, follower: Server, reply: AppendEntriesReply, nextIndex: int) -> None:
        """
        A follower has answered a leader, who has taken note of it.

        @param nextIndex: what the leader would have sent next before that.
        @raise Violation: if there were too many probes.
        """
        progress = leader.raft.progressOf(follower.id)
        if progress is None or leader.raft.currentTerm != reply.term:
            return
        index = leader.raft.state.configurations.latestIndex
        key = (leader.id, reply.term, index, follower.id, follower.life, follower.raft.log.firstIndex)
        if reply.success:
            self._vain.pop(key, None)
        elif progress.nextIndex < nextIndex:
            self._vain[key] = self._vain.get(key, 0) + 1
            most = _terms(leader.raft.log) + _terms(follower.raft.log) + _MORE
            if self._vain[key] > most:
                raise Violation(
                    f"{leader.name} has probed the log of {follower.name} {self._vain[key]} times in vain, where "
                    f"{most} are enough"
                )


def nextIndexOf(leader: Server, follower: int) -> int:
    """
    What a leader is to send to a follower next; 0 if it is no leader.
    """
    progress = leader.raft.progressOf(follower)
    return 0 if progress is None else progress.nextIndex


def _terms(log: RaftLog) -> int:
    """
    How many terms the entries of a log have.
    """
    return len({log.term(index) for index in range(log.firstIndex, log.lastIndex + 1)})
