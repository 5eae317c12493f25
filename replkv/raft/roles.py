"""
What the three roles have in common.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from replkv.raft.messages import AppendEntriesReply, RequestVoteReply

if TYPE_CHECKING:
    from replkv.raft.core import Raft


class Role:
    """
    One of the paper's server states (figure 4), with the volatile state that a server has only while it is in it.
    A role's methods are called for messages of the current term; by itself, a role does nothing with any of them.

    @ivar name: as operators read it.
    """

    name: str

    def __init__(self, raft: Raft) -> None:
        self.raft = raft

    @property
    def hasLeader(self) -> bool:
        """
        Whether this server has good reason to believe that a leader leads: then it takes part in no election
        (Ongaro's thesis, section 4.2.3).
        """
        return False

    def tick(self) -> None:
        """
        One tick passed.
        """
        raise NotImplementedError

    def persisted(self) -> None:
        """
        More is on this server's disk than before.
        """

    def voteReply(self, sender: int, reply: RequestVoteReply) -> None:
        """
        A vote was granted or refused.
        """

    def appendReply(self, sender: int, reply: AppendEntriesReply) -> None:
        """
        An answer to AppendEntries came.
        """

    def unreachable(self, peer: int) -> None:
        """
        Messages to C{peer} were lost.
        """
