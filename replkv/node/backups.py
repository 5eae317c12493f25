"""
Snapshots of this server's state, for operators.
"""

from __future__ import annotations

import json
from typing import Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from replkv.commands.results import Found, NoSnapshot, NotYet, Result, Unavailable
from replkv.kv.machine import StateMachine
from replkv.node.clusterclock import ClusterClock
from replkv.node.snapshotsender import OPERATOR, SnapshotSender
from replkv.peers import snapshots
from replkv.storage.snapshot import Manifest

MAX_PIECES: Final = 2
"""
How many pieces are read for operators at once. Whoever makes a backup asks for one after the other.
"""


class Backups:
    """
    The L{BackupSource<replkv.frontends.request.BackupSource>} of a server. There is one snapshot at a time: whoever
    asks for a later one than another is about to fetch takes that away.
    """

    def __init__(
        self,
        machine: StateMachine,
        sender: SnapshotSender,
        cluster: str,
        serverId: int,
        clock: ClusterClock,
        reactor: IReactorTime,
        timeout: float,
    ) -> None:
        """
        @param sender: makes the snapshots.
        @param cluster: the cluster's name.
        @param clock: the cluster's time.
        @param timeout: the seconds after which it answers in any case.
        """
        self._machine = machine
        self._sender = sender
        self._cluster = cluster
        self._serverId = serverId
        self._clock = clock
        self._reactor = reactor
        self._timeout = timeout
        self._underWay = 0  # Pieces that are being read, whether anybody still waits for them or not.

    def describe(self, least: int) -> Deferred[Result]:
        """
        See L{BackupSource.describe<replkv.frontends.request.BackupSource.describe>}. The value is a line that says
        whose the snapshot is, and what time it is in the cluster, and then what it is made of.
        """
        if self._machine.appliedIndex < least:
            return succeed(NotYet())
        return self._sender.take(OPERATOR, least).addCallbacks(self._described, _refused)

    def piece(self, snapshot: int, file: int, offset: int) -> Deferred[Result]:
        """
        See L{BackupSource.piece<replkv.frontends.request.BackupSource.piece>}.
        """
        if self._underWay >= MAX_PIECES:
            return succeed(Unavailable())
        self._underWay += 1
        answer: Deferred[Result] = Deferred()
        read = self._sender.read(OPERATOR, snapshot, file, offset)
        read.addCallbacks(lambda piece: Found(0, 0, piece.data), _refused).addBoth(self._read, answer)
        # The disk may hang, and the replies to what the client has asked after this would wait in memory.
        return answer.addTimeout(self._timeout, self._reactor, lambda *_: Unavailable())

    def _read(self, result: Result | Failure, answer: Deferred[Result]) -> None:
        self._underWay -= 1
        if not answer.called:
            answer.callback(result)

    def _described(self, manifest: Manifest) -> Result:
        whose = {"Cluster": self._cluster, "Server": self._serverId, "Time": self._clock.now()}
        return Found(0, 0, json.dumps(whose).encode("ascii") + b"\n" + manifest.encode())


def _refused(failure: Failure) -> Result:
    failure.trap(snapshots.NoSnapshot)
    if failure.check(snapshots.NotYet):
        return NotYet()
    return NoSnapshot(failure.getErrorMessage())
