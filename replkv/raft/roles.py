"""
What the three roles have in common.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from replkv.raft.messages import AppendEntriesReply, RequestVoteReply

if TYPE_CHECKING:
    from replkv.raft.core import Raft


class RoleName(StrEnum):
    """
    What a server can be, as operators read it.
    """

    FOLLOWER = "follower"
    PRE_CANDIDATE = "pre-candidate"
    CANDIDATE = "candidate"
    LEADER = "leader"


class Role:
    """
    One of the paper's server states (figure 4), with the volatile state that a server has only while it is in it.
    A role's methods are called for messages of the current term; by itself, a role does nothing with any of them.

    @ivar name: what it is called.
    @ivar leaderId: the id of the leader of the current term, where this server knows it.
    """

    name: RoleName
    leaderId: int | None = None

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
