"""
Whether all servers hold the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from twisted.internet.defer import Deferred, gatherResults, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from replkv.node.limits import NodeLimits
from replkv.node.snapshotsender import SnapshotSender
from replkv.node.statenotes import StateNotes
from replkv.peers.receiver import Unreachable
from replkv.raft.core import Raft

LOOKS: Final = 10
"""
So often in the time between two audits a leader looks whether there is another reason for one.
"""


class StateLink(Protocol):
    """
    The way to a server whose state is compared: see L{replkv.peers.link.PeerLink}.
    """

    def stateHash(self, index: int) -> Deferred[int | None]:
        """
        Ask for its hash.
        """

    def compareState(self, index: int, stateHash: int) -> Deferred[None]:
        """
        Tell what a majority has.
        """


class Audit:
    """
    On the leader: now and then, and whenever a snapshot is made for another server, has all servers tell the hash of
    their states after one and the same entry. What a majority has is right, for one and the same log makes one and the
    same state; who has something else takes itself out, the leader too. On every server: the
    L{StateSource<replkv.peers.states.StateSource>} that is asked.

    The entry is the last one of the leader's log. No server has applied more when the question comes: on each
    connection the question stands before any message by which more could be committed.
    """

    _logger = Logger()

    def __init__(
        self,
        raft: Raft,
        notes: StateNotes,
        snapshots: SnapshotSender,
        links: Mapping[int, StateLink],
        distrust: Callable[[str], None],
        clock: IReactorTime,
        limits: NodeLimits,
    ) -> None:
        """
        @param notes: notes the hash of this server's state.
        @param snapshots: knows whether one was made.
        @param links: the ways to the other servers, by id.
        @param distrust: called with the reason when this server's own state is wrong.
        """
        self._raft = raft
        self._id = raft.config.id
        self._notes = notes
        self._snapshots = snapshots
        self._links = links
        self._distrust = distrust
        self._clock = clock
        self._limits = limits
        self._due = clock.seconds() + limits.auditSeconds
        self._made = 0  # How many snapshots were made when it looked last.
        self._looking = LoopingCall(self._look)
        self._looking.clock = clock

    def start(self) -> None:
        """
        Begin.
        """
        self._looking.start(self._limits.auditSeconds / LOOKS, now=False)

    def stop(self) -> None:
        """
        Begin no other one, and tell nobody anything any more.
        """
        self._looking.stop()
        self._notes.forget()

    def stateHash(self, sender: int, index: int) -> Deferred[int | None]:
        """
        See L{StateSource.stateHash<replkv.peers.states.StateSource.stateHash>}.
        """
        return succeed(None) if self._raft.isDistrusted else self._notes.ask(sender, index)

    def compareState(self, sender: int, index: int, stateHash: int) -> None:
        """
        See L{StateSource.compareState<replkv.peers.states.StateSource.compareState>}.
        """
        noted = self._notes.noted(sender)
        if noted is not None and noted.appliedIndex == index and noted.hash != stateHash:
            self._distrust(
                f"after entry {index} it has the hash {noted.hash:016x}, and that of a majority is {stateHash:016x}"
            )

    def _look(self) -> None:
        if self._raft.leaderId != self._id or not self._links:
            return
        now, made = self._clock.seconds(), self._snapshots.made
        if now >= self._due or made != self._made:
            self._due, self._made = now + self._limits.auditSeconds, made
            self._begin(self._raft.log.lastIndex)

    def _begin(self, index: int) -> None:
        hashes: dict[int, int] = {}

        def told(found: int | None, server: int) -> None:
            if found is not None:
                hashes[server] = found

        asked = [self.stateHash(self._id, index).addCallback(told, self._id)]
        for peer, link in self._links.items():
            asked.append(link.stateHash(index).addCallback(told, peer).addErrback(_unreached))
        gatherResults(asked).addCallback(lambda _: self._judge(index, hashes))

    def _judge(self, index: int, hashes: Mapping[int, int]) -> None:
        """
        All servers have said what they could.

        @param hashes: what they have, by their ids.
        """
        holders: dict[int, set[int]] = {}
        for server, found in hashes.items():
            holders.setdefault(found, set()).add(server)
        if len(holders) < 2:
            return
        isQuorum = self._raft.state.configuration.isQuorum
        right = next((found for found, servers in holders.items() if isQuorum(servers)), None)
        if right is None:
            self._logger.error(
                "after entry {index} the servers do not hold the same, and none of it is held by a majority: {hashes}. "
                "It cannot be told which of them are wrong, and all go on: make copies of their data folders, and "
                "check the memory and disks of their machines",
                index=index,
                hashes=", ".join(f"server {server} has {found:016x}" for server, found in sorted(hashes.items())),
            )
            return
        for server, found in hashes.items():
            if found == right:
                continue
            if server == self._id:
                self.compareState(server, index, right)
            else:
                self._logger.warn(
                    "after entry {index} server {server} does not hold what a majority does: it is told so",
                    index=index,
                    server=server,
                )
                self._links[server].compareState(index, right).addErrback(_unreached)


def _unreached(failure: Failure) -> None:
    failure.trap(Unreachable)
