"""
Servers that turn out to lack what they had acknowledged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from replkv.raft.core import Raft
from replkv.raft.messages import AppendEntriesReply, Message
from replkv.raft.outputs import Ready, Token

if TYPE_CHECKING:
    from replkv.service.assembly import Assembly
    from replkv.testing.cluster.cluster import SimulatedCluster


def watchRegressions(cluster: SimulatedCluster, raft: Raft) -> None:
    """
    A leader takes notice of a peer that lacks what it had acknowledged, as soon as the peer says so. What a connection
    brings comes in the order in which it was sent, and nothing comes of one that is lost: so nobody says so who has it.
    """
    step, ready = raft.step, raft.ready
    due: set[int] = set()

    def watchedStep(sender: int, message: Message, token: Token = None) -> None:
        if _lacks(raft, sender, message):
            due.add(sender)
        step(sender, message, token)

    def watchedReady(mayApply: bool = True, mayWait: bool = False) -> Ready:
        result = ready(mayApply, mayWait)
        for peer in due.difference(result.regressed):
            cluster.fail(f"leader {raft.config.id} is told by server {peer} that it lacks what it had acknowledged")
        due.clear()
        return result

    raft.step = watchedStep  # type: ignore[method-assign]
    raft.ready = watchedReady  # type: ignore[method-assign]


def watchCondemnation(cluster: SimulatedCluster, assembly: Assembly) -> None:
    """
    Tell the cluster whom a server has found out, as the log tells the operator.
    """
    identity = assembly.peers.identity
    condemn = identity.condemn

    def watched(peer: int) -> Deferred[None]:
        cluster.condemned(identity.serverId, peer)
        return condemn(peer)

    identity.condemn = watched  # type: ignore[method-assign]


def _lacks(raft: Raft, sender: int, message: Message) -> bool:
    """
    Whether a peer says that it lacks an entry which its leader knows it to have, and does not know that it has lost it.
    """
    if not isinstance(message, AppendEntriesReply) or message.success:
        return False
    progress = raft.progressOf(sender)
    if progress is None or message.term != raft.currentTerm:
        return False
    return max(message.prevLogIndex, message.lostIndex + 1) <= progress.matchIndex
