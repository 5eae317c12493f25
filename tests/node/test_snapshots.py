"""
Servers that lack what no log has any more, and go on from a snapshot.
"""

from __future__ import annotations

import errno
from dataclasses import replace
from random import Random

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from replkv.node.limits import NODE_LIMITS
from replkv.node.snapshotsender import OPERATOR
from replkv.peers.snapshots import NoSnapshot, NotYet, Piece
from replkv.service.limits import SERVER_LIMITS, ServerLimits
from replkv.testing import SimulatedServer
from tests.logged import logged
from tests.node.cluster import Client, Cluster, valueAt

SMALL: ServerLimits = replace(
    SERVER_LIMITS,
    node=replace(NODE_LIMITS, flushEntries=10, retainedBytes=1 << 16, snapshotPieceBytes=20_000, snapshotPatience=2.0),
)


class SnapshotTests(SynchronousTestCase):
    """
    Tests with whole servers: one of them is away until the logs of the others begin after what it lacks.
    """

    def setUp(self) -> None:
        """
        Have a cluster that has left a server behind.
        """
        self.lines = logged(self)
        self.cluster = Cluster(3, SMALL)
        self.addCleanup(self.cluster.close)
        self.client = Client(self.cluster.leader())
        self.write(5)
        self.behind = next(server for server in self.cluster.servers if not server.leads)
        self.cluster.part(self.behind.id)
        self.write(100)
        self.cluster.run(1.0)
        for server in self.others:
            self.assertGreater(server.raft.log.firstIndex, self.behind.raft.log.lastIndex)

    @property
    def others(self) -> list[SimulatedServer]:
        """
        The servers that are there.
        """
        return [server for server in self.cluster.servers if server is not self.behind]

    def write(self, count: int) -> None:
        """
        Write to some keys, one of which expires.
        """
        self.client.set(b"dies", b"", 10)
        for number in range(count):
            self.client.set(b"key%d" % (number % 7), b"%d" % number + bytes(4000))
            self.cluster.settle()

    def hasCaughtUp(self) -> bool:
        """
        Whether the server has what the others have.
        """
        states = {(server.appliedIndex, server.store.digest) for server in self.cluster.servers if server.isServing}
        return len(states) == 1 and self.behind.isServing

    def catchUp(self) -> None:
        """
        Let the server be back, and get what it lacks.
        """
        self.cluster.heal()
        self.cluster.until(self.hasCaughtUp, "it has caught up")

    def installs(self) -> int:
        """
        How often a server has gone on from a snapshot.
        """
        return sum("goes on from a snapshot" in line for line in self.lines)

    def test_catchesUp(self) -> None:
        """
        It gets a snapshot, and all that came after it, and goes on as the others do. Its log begins after that, it has
        one store, and the others keep nothing for it.
        """
        self.catchUp()
        self.assertEqual(self.installs(), 1)
        self.assertGreater(self.behind.raft.log.firstIndex, 50)
        self.write(20)
        self.cluster.run(1.0)
        self.assertTrue(self.hasCaughtUp())
        self.assertEqual(valueAt(self.behind, b"key5"), b"19" + bytes(4000))
        self.cluster.run(SMALL.node.snapshotPatience + 2)
        for server in self.cluster.servers:
            names = {name.split("/")[2] for name in server.files.contents()}
            self.assertNotIn("snapshots", names)
        self.assertEqual(self.installs(), 1)

    def test_expires(self) -> None:
        """
        What expires does so there too: the snapshot has the clock and the index of those keys.
        """
        self.catchUp()
        self.cluster.run(11.0)
        self.assertTrue(self.hasCaughtUp())
        self.assertEqual(self.behind.node._applier._machine.keys, 7)

    def test_leads(self) -> None:
        """
        It can lead after that, and serve.
        """
        self.catchUp()
        for server in self.others:
            server.pause()
        self.cluster.run(1.0)
        leader = self.others[0]
        leader.resume()
        self.cluster.until(lambda: self.behind.leads or leader.leads, "one of them leads")

    def test_restarts(self) -> None:
        """
        It goes on from there when it is killed, loses its power or is stopped, at once or later.
        """
        self.catchUp()
        for end in (self.behind.kill, self.behind.losePower):
            end()
            self.behind.start()
            self.assertGreater(self.behind.raft.log.firstIndex, 50)
            self.cluster.until(self.hasCaughtUp, "it is back")
        self.assertEqual(self.installs(), 1)

    def test_meanwhile(self) -> None:
        """
        While it fetches the snapshot, the others go on.
        """
        self.cluster.heal()
        for _ in range(50):
            self.write(1)
            self.cluster.run(0.001)
        self.cluster.until(self.hasCaughtUp, "it has caught up")
        self.assertEqual(self.installs(), 1)

    def test_connectionLost(self) -> None:
        """
        When the connection is lost, it goes on where it was.
        """
        leader = self.cluster.leader()
        taken: list[int] = []
        original = leader.service.assembly.snapshots.read

        def read(sender: int, number: int, file: int, offset: int) -> Deferred[Piece]:
            taken.append(offset)
            if len(taken) == 3:
                self.cluster.part(self.behind.id)
                self.cluster.timeline.callLater(1.5, self.cluster.heal)
            return original(sender, number, file, offset)

        self.patch(leader.service.assembly.snapshots, "read", read)
        self.catchUp()
        self.assertEqual(sorted(set(taken)), sorted(taken[:2] + taken[3:]))
        self.assertEqual(self.installs(), 1)

    def test_oneAfterAnother(self) -> None:
        """
        As many are given at once as is allowed; one that was fetched to its end is not in the way of the next.
        """
        leader = self.cluster.leader()
        [other] = [server for server in self.others if server is not leader]
        snapshots = leader.service.assembly.snapshots
        for receiver in (other.id, OPERATOR):
            self.failureResultOf(snapshots.take(receiver, 1), NotYet)
            self.cluster.run(0.1)
        refused = self.failureResultOf(snapshots.take(self.behind.id, 1), NoSnapshot)
        self.assertIn("gives 2 snapshots already", refused.getErrorMessage())
        manifest = self.successResultOf(snapshots.take(other.id, 1))
        for file, described in enumerate(manifest.files):
            for offset in range(0, described.size, SMALL.node.snapshotPieceBytes):
                reading = snapshots.read(other.id, manifest.number, file, offset)
                self.cluster.run(0.01)
                self.successResultOf(reading)
        self.failureResultOf(snapshots.take(self.behind.id, 1), NotYet)
        # It can begin anew.
        self.failureResultOf(snapshots.read(other.id, manifest.number, 0, 0), NoSnapshot)

    def test_fullDisk(self) -> None:
        """
        Where there is no room for it, that is said, and it is tried again later.
        """
        self.behind.failing = lambda kind, path: errno.ENOSPC if kind == "write" and "/store-" in path else 0
        self.cluster.heal()
        self.cluster.run(12.0)
        told = [line for line in self.lines if "needs a snapshot" in line]
        self.assertEqual(len(told), 1)
        self.assertIn("No space left on device", told[0])
        self.assertFalse(self.hasCaughtUp())
        self.behind.failing = None
        self.cluster.until(self.hasCaughtUp, "it has caught up")

    def test_damagedOnTheWay(self) -> None:
        """
        What does not fit its checksum is not gone on from.
        """
        leader = self.cluster.leader()
        original = leader.service.assembly.snapshots.read

        def read(sender: int, **place: int) -> Deferred[Piece]:
            return original(sender, **place).addCallback(lambda piece: piece._replace(data=piece.data[:-1] + b"?"))

        self.patch(leader.service.assembly.snapshots, "read", read)
        self.cluster.heal()
        self.cluster.run(12.0)
        [told] = [line for line in self.lines if "needs a snapshot" in line]
        self.assertIn("does not fit its checksum", told)
        self.patch(leader.service.assembly.snapshots, "read", original)
        self.cluster.until(self.hasCaughtUp, "it has caught up")

    def test_rottenAtLeader(self) -> None:
        """
        If the leader's own store is rotten, where nobody has read it yet, another server's will do.
        """
        leader = self.cluster.leader()
        self.assertIsNotNone(leader.store.rot(Random(1)))
        leader.hadBadDisk = True
        self.cluster.heal()
        self.cluster.until(lambda: self.installs() == 1, "it goes on from a snapshot")
        [told] = [line for line in self.lines if "needs a snapshot" in line]
        self.assertIn("does not fit its checksum", told)
        other = next(server for server in self.others if server is not leader)
        self.assertTrue(any(f"from a snapshot of server {other.id}," in line for line in self.lines))

    def test_crashes(self) -> None:
        """
        It may crash at any step of it, and lose its power: then it has its old state or the new one, never a mix, and
        gets there in the end.
        """
        self.cluster.heal()
        for number in range(60):
            self.cluster.run(0.003)
            if number % 3 == 0:
                self.behind.losePower()
                self.behind.start()
                self.assertTrue(self.behind.isServing, self.behind.complaint)
        self.cluster.until(self.hasCaughtUp, "it has caught up")
