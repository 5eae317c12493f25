"""
What the three roles have in common.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from replkv.raft.messages import RequestVoteReply
from replkv.raft.outputs import DiskTrouble
from replkv.raft.state import ServerState


class RoleName(StrEnum):
    """
    What a server can be, as operators read it.
    """

    FOLLOWER = "follower"
    PRE_CANDIDATE = "pre-candidate"
    CANDIDATE = "candidate"
    LEADER = "leader"


class Transition(NamedTuple):
    """
    What a server is to become: an arrow of the paper's figure 4. A role returns it and is done; the core makes the next
    role.

    @ivar to: follower, in this term; pre-candidate; candidate, in the next term; or leader, of this term.
    @ivar handOver: whether it stands for election since the leader has told it to.
    @ivar trouble: what is wrong with the own disk, where a leader steps down for that.
    """

    to: RoleName
    trouble: DiskTrouble | None = None
    handOver: bool = False


class Role:
    """
    One of the paper's server states (figure 4), with the volatile state that a server has only while it is in it.
    A role's methods are called for messages of the current term; by itself, a role does nothing with any of them.

    @ivar name: what it is called.
    @ivar leaderId: the id of the leader of the current term, where this server knows it.
    @ivar state: what the server has in every role.
    """

    name: RoleName
    leaderId: int | None = None

    def __init__(self, state: ServerState) -> None:
        self.state = state

    @property
    def hasLeader(self) -> bool:
        """
        Whether this server has good reason to believe that a leader leads: then it takes part in no election
        (Ongaro's thesis, section 4.2.3).
        """
        return False

    @property
    def restTicks(self) -> int:
        """
        See L{RaftView.restTicks<replkv.raft.view.RaftView.restTicks>}.
        """
        raise NotImplementedError

    def start(self) -> Transition | None:
        """
        The server has just become this, other than by a message.
        """
        return None

    def tick(self) -> Transition | None:
        """
        One tick passed.
        """
        raise NotImplementedError

    def persisted(self) -> Transition | None:
        """
        More is on this server's disk than before.
        """
        return None

    def voteReply(self, sender: int, reply: RequestVoteReply) -> Transition | None:
        """
        A vote was granted or refused.
        """
        return None

    def unreachable(self, peer: int) -> None:
        """
        Messages to C{peer} were lost.
        """
