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
from replkv.raft.configuration import Configuration
from replkv.raft.core import Raft

LOOKS: Final = 10
"""
So often in the time between two audits each server looks whether it leads, and one is due.
"""


class _Comparison:
    """
    What the servers have told in one audit.

    @ivar index: after which entry.
    @ivar hashes: what they hold, by their ids.
    @ivar told: who was told that it holds something else than a majority.
    """

    def __init__(self, index: int) -> None:
        self.index = index
        self.hashes: dict[int, int] = {}
        self.told: set[int] = set()

    @property
    def isAlike(self) -> bool:
        """
        Whether all that have told hold the same.
        """
        return len(set(self.hashes.values())) < 2

    def right(self, configuration: Configuration) -> int | None:
        """
        What a majority holds; C{None} if that is not known.
        """
        holders: dict[int, set[int]] = {}
        for server, found in self.hashes.items():
            holders.setdefault(found, set()).add(server)
        return next((found for found, servers in holders.items() if configuration.isQuorum(servers)), None)


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
    same state; who has something else takes itself out, the leader too. As long as it cannot be told what is right, the
    leader gives no snapshots. On every server: the
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
        @param snapshots: makes snapshots for other servers, of what this one holds.
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
        self._comparison = _Comparison(0)  # The last one.
        self._looking = LoopingCall(self._look)
        self._looking.clock = clock

    def start(self) -> None:
        """
        Begin.
        """
        self._looking.start(self._limits.auditSeconds / LOOKS, now=False)
        self._awaitSnapshot()

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
        See L{StateSource.compareState<replkv.peers.states.StateSource.compareState>}. Nobody but the leader has this
        server take itself out. One that leads no longer may still say something; the next leader will ask anew.
        """
        if sender != self._raft.leaderId:
            return
        noted = self._notes.noted(sender)
        if noted is not None and noted.appliedIndex == index and noted.hash != stateHash:
            self._distrust(
                f"after entry {index} it has the hash {noted.hash:016x}, and that of a majority is {stateHash:016x}"
            )

    def _awaitSnapshot(self) -> None:
        self._snapshots.whenMade().addCallback(lambda _: self._snapshotMade())

    def _snapshotMade(self) -> None:
        self._awaitSnapshot()
        if self._looking.running and self._leads:
            self._begin()

    def _look(self) -> None:
        if not self._leads:
            self._snapshots.trust()
        elif self._clock.seconds() >= self._due:
            self._begin()

    @property
    def _leads(self) -> bool:
        return self._raft.leaderId == self._id

    def _begin(self) -> None:
        self._due = self._clock.seconds() + self._limits.auditSeconds
        # Those that have nothing yet answer when they have, which may take long: what is known by now is what counts.
        if self._comparison.isAlike:
            self._snapshots.trust()
        comparison = self._comparison = _Comparison(self._raft.log.lastIndex)

        def told(found: int | None, server: int) -> None:
            if found is not None:
                comparison.hashes[server] = found
                self._weigh(comparison)

        asked = [self.stateHash(self._id, comparison.index).addCallback(told, self._id)]
        for peer, link in self._links.items():
            asked.append(link.stateHash(comparison.index).addCallback(told, peer).addErrback(_unreached))
        gatherResults(asked).addCallback(lambda _: self._ended(comparison))

    def _weigh(self, comparison: _Comparison) -> None:
        """
        Another server has said what it holds.
        """
        right = self._rightOf(comparison)
        if right is None:
            if not comparison.isAlike:
                self._snapshots.doubt()
            return
        self._snapshots.trust()
        for server, found in comparison.hashes.items():
            if found == right or server in comparison.told:
                continue
            comparison.told.add(server)
            if server == self._id:
                self.compareState(server, comparison.index, right)
            else:
                self._logger.warn(
                    "after entry {index} server {server} does not hold what a majority does: it is told so",
                    index=comparison.index,
                    server=server,
                )
                if (link := self._links.get(server)) is not None:
                    link.compareState(comparison.index, right).addErrback(_unreached)

    def _ended(self, comparison: _Comparison) -> None:
        """
        All servers have said what they could.
        """
        if not comparison.isAlike and self._rightOf(comparison) is None:
            self._logger.error(
                "after entry {index} the servers do not hold the same, and none of it is held by a majority: {hashes}. "
                "It cannot be told which of them are wrong, and all go on, but this one gives no snapshots: make "
                "copies of their data folders, and check the memory and disks of their machines",
                index=comparison.index,
                hashes=", ".join(
                    f"server {server} has {found:016x}" for server, found in sorted(comparison.hashes.items())
                ),
            )

    def _rightOf(self, comparison: _Comparison) -> int | None:
        return comparison.right(self._raft.state.configuration)


def _unreached(failure: Failure) -> None:
    failure.trap(Unreachable)
