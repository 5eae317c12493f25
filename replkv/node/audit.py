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
from replkv.node.vouching import Vouching
from replkv.peers.receiver import Unreachable
from replkv.raft.core import Raft

LOOKS: Final = 10
"""
So often in the time between two audits a leader looks whether there is another reason for one, and each second at
least.
"""


class _Comparison:
    """
    What the servers have told in one audit.

    @ivar index: after which entry.
    @ivar hashes: what they hold, by their ids.
    @ivar told: who was told what a majority has.
    """

    def __init__(self, index: int) -> None:
        self.index = index
        self.hashes: dict[int, int] = {}
        self.told: set[int] = set()


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

    @property
    def isUp(self) -> bool:
        """
        Whether it is connected.
        """

    def whenLost(self) -> Deferred[None]:
        """
        @return: fires when a connection is lost the next time.
        """


class Audit:
    """
    On the leader: now and then, and whenever a snapshot is made for another server, has all servers tell the hash of
    their states after one and the same entry. What a majority has is right, for one and the same log makes one and the
    same state; who has something else takes itself out, the leader too, and who has the same knows so. It does so at
    once where somebody waits for that, or has connected since. On every server: the
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
        vouching: Vouching,
        links: Mapping[int, StateLink],
        distrust: Callable[[str], None],
        clock: IReactorTime,
        limits: NodeLimits,
    ) -> None:
        """
        @param notes: notes the hash of this server's state.
        @param snapshots: knows whether one was made.
        @param vouching: is told what comes of it.
        @param links: the ways to the other servers, by id.
        @param distrust: called with the reason when this server's own state is wrong.
        """
        self._raft = raft
        self._id = raft.config.id
        self._notes = notes
        self._snapshots = snapshots
        self._vouching = vouching
        self._links = links
        self._distrust = distrust
        self._clock = clock
        self._limits = limits
        self._due = clock.seconds() + limits.auditSeconds
        self._made = 0  # How many snapshots were made when it looked last.
        self._asked: set[int] = set()  # Who has been asked since it has connected.
        self._underWay: _Comparison | None = None  # The last one that was begun, if it has not ended.
        self._looking = LoopingCall(self._look)
        self._looking.clock = clock

    def start(self) -> None:
        """
        Begin.
        """
        for peer in self._links:
            self._awaitLoss(peer)
        self._looking.start(min(1.0, self._limits.auditSeconds / LOOKS), now=False)

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
        if noted is None or noted.appliedIndex != index:
            return
        if noted.hash == stateHash:
            self._vouching.confirm()
        else:
            self._distrust(
                f"after entry {index} it has the hash {noted.hash:016x}, and that of a majority is {stateHash:016x}"
            )

    def _awaitLoss(self, peer: int) -> None:
        self._links[peer].whenLost().addCallback(lambda _: self._lost(peer))

    def _lost(self, peer: int) -> None:
        self._asked.discard(peer)
        self._awaitLoss(peer)

    def _look(self) -> None:
        if self._raft.leaderId != self._id or not self._links:
            self._asked.clear()
            self._vouching.isInDoubt = False
            return
        now, made = self._clock.seconds(), self._snapshots.made
        isNew = not self._asked.issuperset(peer for peer, link in self._links.items() if link.isUp)
        # What nobody can tell, nobody can tell a second later; and one that has nothing yet answers when it has, which
        # may take long. Then they are not asked again before it is time.
        isWanted = isNew or (self._vouching.isWanted and not self._vouching.isInDoubt)
        if now >= self._due or made != self._made or (isWanted and self._underWay is None):
            self._due, self._made = now + self._limits.auditSeconds, made
            self._begin(_Comparison(self._raft.log.lastIndex))

    def _begin(self, comparison: _Comparison) -> None:
        index = comparison.index
        self._underWay = comparison
        self._asked.update(peer for peer, link in self._links.items() if link.isUp)

        def told(found: int | None, server: int) -> None:
            if found is not None:
                comparison.hashes[server] = found
                self._weigh(comparison)
            elif comparison is self._underWay:
                # It has found its state to be wrong, and will have another one.
                self._asked.discard(server)

        asked = [self.stateHash(self._id, index).addCallback(told, self._id)]
        for peer, link in self._links.items():
            asked.append(link.stateHash(index).addCallback(told, peer).addErrback(_unreached))
        gatherResults(asked).addCallback(lambda _: self._ended(comparison))

    def _weigh(self, comparison: _Comparison) -> None:
        """
        Another server has said what it has: where a majority has the same, tell those that have answered.
        """
        index, right = comparison.index, self._rightOf(comparison)
        if right is None:
            return
        for server, found in comparison.hashes.items():
            if server in comparison.told:
                continue
            comparison.told.add(server)
            if server == self._id:
                self.compareState(server, index, right)
                continue
            if found != right:
                self._logger.warn(
                    "after entry {index} server {server} does not hold what a majority does: it is told so",
                    index=index,
                    server=server,
                )
            self._links[server].compareState(index, right).addErrback(_unreached)

    def _ended(self, comparison: _Comparison) -> None:
        """
        All servers have said what they could.
        """
        if comparison is self._underWay:
            self._underWay = None
        hashes = comparison.hashes
        if len(set(hashes.values())) < 2 or self._rightOf(comparison) is not None:
            return
        self._vouching.isInDoubt = True
        self._logger.error(
            "after entry {index} the servers do not hold the same, and none of it is held by a majority: {hashes}. "
            "It cannot be told which of them are wrong, and all go on, but give no snapshots: make copies of their "
            "data folders, and check the memory and disks of their machines",
            index=comparison.index,
            hashes=", ".join(f"server {server} has {found:016x}" for server, found in sorted(hashes.items())),
        )

    def _rightOf(self, comparison: _Comparison) -> int | None:
        """
        What a majority has; C{None} if that is not known.
        """
        holders: dict[int, set[int]] = {}
        for server, found in comparison.hashes.items():
            holders.setdefault(found, set()).add(server)
        isQuorum = self._raft.state.configuration.isQuorum
        return next((found for found, servers in holders.items() if isQuorum(servers)), None)


def _unreached(failure: Failure) -> None:
    failure.trap(Unreachable)
