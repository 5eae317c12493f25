"""
What a server's part in the consensus tells of itself.
"""

from __future__ import annotations

from replkv.raft.candidate import Candidate
from replkv.raft.configuration import Configuration
from replkv.raft.follower import Follower
from replkv.raft.leader import Leader
from replkv.raft.messages import Message
from replkv.raft.plausibility import objection, snapshotObjection
from replkv.raft.progress import ProgressStatus
from replkv.raft.state import ServerState
from replkv.raft.status import Status


class RaftView:
    """
    A core as it can be looked at. Nothing here changes it.

    @ivar state: what the server has in every role.
    @ivar role: follower, candidate or leader.
    @ivar config: what the server was told.
    @ivar log: the log.
    """

    def __init__(self, state: ServerState) -> None:
        self.state = state
        self.config = state.config
        self.log = state.log
        self.role: Follower | Candidate | Leader = Follower(state, None)

    @property
    def peers(self) -> tuple[int, ...]:
        """
        The ids of all other members.
        """
        return self.state.peers

    @property
    def configuration(self) -> Configuration:
        """
        The members, as they stand in the log.
        """
        return self.state.configuration

    @property
    def settled(self) -> tuple[int, Configuration]:
        """
        The last configuration that is known to be committed, and the index of its entry.
        """
        return self.state.configurations.at(self.state.commitIndex)

    @property
    def configurationIndex(self) -> int:
        """
        Index of the entry that says so; where the log does not have it any more, of one after it.
        """
        return self.state.configurations.latestIndex

    @property
    def currentTerm(self) -> int:
        """
        The latest term that this server has seen.
        """
        return self.state.currentTerm

    @property
    def votedFor(self) -> int | None:
        """
        The candidate that has its vote in that term, or C{None}.
        """
        return self.state.votedFor

    @property
    def commitIndex(self) -> int:
        """
        Index of the last entry known to be committed.
        """
        return self.state.commitIndex

    @property
    def lastApplied(self) -> int:
        """
        Index of the last entry that was given out to be applied.
        """
        return self.state.lastApplied

    @property
    def leaderId(self) -> int | None:
        """
        The id of the leader, where this server knows it.
        """
        return self.role.leaderId

    @property
    def handsOverTo(self) -> int | None:
        """
        The id of the peer that is to lead in this server's place; C{None} where this one does not hand over.
        """
        role = self.role
        return role.handOver.target if isinstance(role, Leader) and role.handOver is not None else None

    @property
    def status(self) -> Status:
        """
        How things are now.
        """
        role = self.role
        noopIndex, progress = (role.noopIndex, role.progress) if isinstance(role, Leader) else (0, {})
        return Status(
            id=self.config.id,
            role=role.name,
            term=self.state.currentTerm,
            leaderId=role.leaderId,
            commitIndex=self.state.commitIndex,
            lastIndex=self.log.lastIndex,
            noopIndex=noopIndex,
            handOver=self.handsOverTo,
            progress={peer: known.status for peer, known in progress.items()},
        )

    def progressOf(self, peer: int) -> ProgressStatus | None:
        """
        What this server, if it leads, knows of one peer: the same as L{status} has. C{None} if that is no member.
        """
        role = self.role
        known = role.progress.get(peer) if isinstance(role, Leader) else None
        return None if known is None else known.status

    def hasMore(self, mayWait: bool = False) -> bool:
        """
        Whether the next L{ready<replkv.raft.core.Raft.ready>} has something to be done, even if nothing else happens.
        Where this is false, nothing comes of it.

        @param mayWait: as it is told then.
        """
        state, role = self.state, self.role
        if state.hasOutputs or (state.hasMoreToApply and self.appliesNow):
            return True
        return isinstance(role, Leader) and role.hasMore(mayWait)

    @property
    def appliesNow(self) -> bool:
        """
        Whether what is there to be applied is not left to wait for more. Nobody waits for a follower to apply, and to
        apply many entries at once costs less; who leads, or wants to, has to have applied all.
        """
        return not isinstance(self.role, Follower) or self.state.isPressed

    @property
    def restTicks(self) -> int:
        """
        For how many ticks, one at least, there is nothing for this server to do but to send heartbeats, if nothing else
        happens meanwhile: they may be counted all at once when they are over. There are no more than in two heartbeats,
        and less than in half of the shortest election timeout.
        """
        state, config = self.state, self.config
        if state.waitsForDisk or state.hasMoreToApply:
            return 1
        return max(1, min(self.role.restTicks, 2 * config.heartbeatTicks, (config.electionTicks - 1) // 2))

    def objection(self, sender: int, message: Message) -> str | None:
        """
        Say why server C{sender} cannot have sent C{message}, if it is in its right mind; C{None} if it can. Where there
        is something, the core must not be given it: see L{replkv.raft.plausibility}.
        """
        return objection(self.state, self.role, sender, message)

    def snapshotObjection(self, index: int, term: int) -> str | None:
        """
        Say why no server has a snapshot that ends with the entry C{index} of C{term}; C{None} if one may.
        """
        return snapshotObjection(self.state, index, term)

    @property
    def isLaden(self) -> bool:
        """
        Whether this server leads, and had better take nothing before what it has found in its log is committed.
        """
        role = self.role
        return isinstance(role, Leader) and role.isLaden

    @property
    def isDistrusted(self) -> bool:
        """
        Whether a snapshot has yet to take the place of the state machine.
        """
        return self.state.isDistrusted

    @property
    def isRepairing(self) -> bool:
        """
        Whether the log has lost entries, and is not repaired yet: see L{replkv.raft.repair}.
        """
        return self.state.repair is not None
