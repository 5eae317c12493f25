"""
Tests for L{replkv.node.audit}, and for servers whose state is wrong.
"""

from __future__ import annotations

from dataclasses import replace

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from replkv.node.audit import Audit
from replkv.node.limits import NODE_LIMITS
from replkv.node.snapshotsender import OPERATOR
from replkv.peers.snapshots import NoSnapshot
from replkv.service.limits import SERVER_LIMITS, ServerLimits
from replkv.testing import SimulatedServer
from tests.logged import logged
from tests.node.cluster import Client, Cluster

LIMITS = replace(SERVER_LIMITS, node=replace(NODE_LIMITS, auditSeconds=1.0))
AUDITED = 1.5


class AuditTests(SynchronousTestCase):
    """
    Tests with whole servers.
    """

    def setUp(self) -> None:
        """
        Have three servers that hold something.
        """
        self.lines = logged(self)
        self.begin(3)

    def begin(self, size: int, limits: ServerLimits = LIMITS) -> None:
        """
        Have a cluster that holds something.
        """
        self.cluster = Cluster(size, limits)
        self.addCleanup(self.cluster.close)
        self.leader = self.cluster.leader()
        for number in range(3):
            Client(self.leader).set(b"key%d" % number, b"value")
        self.cluster.run(0.5)
        self.lines.clear()

    def followers(self) -> list[SimulatedServer]:
        """
        Those that do not lead.
        """
        return [server for server in self.cluster.servers if server is not self.leader]

    def told(self, words: str) -> list[str]:
        """
        What the operator is told in these words.
        """
        return [line for line in self.lines if words in line]

    def states(self) -> list[str]:
        """
        What the servers say of themselves.
        """
        return [server.service.assembly.statistics.values()["state"] for server in self.cluster.servers]

    def areAlike(self) -> bool:
        """
        Whether all hold the same, and nobody has taken itself out.
        """
        holds = {(server.appliedIndex, server.machine.hash) for server in self.cluster.servers if server.isServing}
        return len(holds) == 1 and self.states() == ["ok"] * len(self.cluster.servers)

    def assertReplaced(self, server: SimulatedServer) -> None:
        """
        A server that was wrong takes itself out, says so once, and comes back with the right state.
        """
        self.cluster.until(lambda: server.raft.isDistrusted, "it takes itself out", AUDITED)
        self.assertFalse(server.leads)
        self.assertEqual(server.service.assembly.statistics.values()["state"], "wrong")
        self.cluster.until(self.areAlike, "it has the right state")
        self.assertFalse(server.store.isWrong)
        self.assertEqual(len(self.told("this server's state is wrong: after entry")), 1)
        self.assertEqual(len(self.told("goes on from a snapshot")), 1)

    def test_alike(self) -> None:
        """
        Servers that hold the same go on, busy or not.
        """
        for number in range(20):
            Client(self.leader).set(b"key", b"%d" % number)
            self.cluster.run(0.1)
        self.assertEqual(self.lines, [])

    def test_follower(self) -> None:
        """
        A follower that holds something else is told so, and replaced.
        """
        server = self.followers()[0]
        server.goWrong(1.0)
        self.assertReplaced(server)
        self.assertEqual(len(self.told(f"server {server.id} does not hold what a majority does")), 1)
        self.assertTrue(self.leader.leads)

    def test_busy(self) -> None:
        """
        It is found while much is written: each notes its hash at the very entry.
        """
        server = self.followers()[0]
        server.goWrong(1.0)
        client = Client(self.leader)

        def write() -> None:
            client.set(b"key", b"value")
            self.cluster.timeline.callLater(0.001, write)

        write()
        self.cluster.until(lambda: server.raft.isDistrusted, "it takes itself out", 2.0)
        self.cluster.until(lambda: not server.store.isWrong, "it is replaced", 2.0)
        self.cluster.run(1.0)
        self.assertEqual(len(self.told("this server's state is wrong")), 1)

    def test_leader(self) -> None:
        """
        A leader that holds something else takes itself out, and another one leads.
        """
        self.leader.goWrong(1.0)
        self.assertReplaced(self.leader)
        self.assertFalse(self.leader.leads)

    def test_noMajority(self) -> None:
        """
        Where all hold something else, it cannot be told who is right: nobody is taken out, and the operator is told.
        """
        self.begin(2)
        self.leader.goWrong(1.0)
        self.cluster.run(AUDITED)
        self.assertEqual(self.states(), ["ok", "ok"])
        line = self.told("none of it is held by a majority")[-1]
        self.assertIn("server 0 has ", line)
        self.assertIn("server 1 has ", line)

    def test_oneIsDown(self) -> None:
        """
        Whoever is down or has taken itself out does not count.
        """
        self.followers()[1].kill()
        server = self.followers()[0]
        server.goWrong(1.0)
        self.cluster.run(2 * AUDITED)
        self.assertFalse(server.raft.isDistrusted)
        self.assertTrue(self.told("none of it is held by a majority"))
        self.followers()[1].start()
        self.lines.clear()
        self.assertReplaced(server)

    def test_atSnapshot(self) -> None:
        """
        When a snapshot is made for a server, all compare what they hold, however long that has not to be done.
        """
        self.begin(3, SERVER_LIMITS)
        server = self.followers()[0]
        server.goWrong(1.0)
        self.leader.service.assembly.snapshots.take(self.followers()[1].id, 1).addErrback(lambda _: None)
        self.cluster.run(NODE_LIMITS.auditSeconds / 5)
        self.assertTrue(self.told("this server's state is wrong"))

    def test_inDoubt(self) -> None:
        """
        Where it cannot be told who is right, nobody is given a snapshot, since a wrong one might make a majority of
        wrong ones: as soon as two have said what they have, not when all have. When it can be told again, all get some.
        """
        self.begin(3, SERVER_LIMITS)
        wrong, away = self.followers()
        away.kill()
        wrong.goWrong(1.0)
        snapshots = self.leader.service.assembly.snapshots
        # It is asked for its hash, and will not answer before it is back.
        self.patch(self.leader.service.assembly.links[away.id], "stateHash", lambda index: Deferred())
        for receiver in (away.id, OPERATOR):
            snapshots.take(receiver, 1).addErrback(lambda _: None)
            self.cluster.run(0.1)
            self.assertIn("who is right", str(self.failureResultOf(snapshots.take(receiver, 1), NoSnapshot).value))
        self.assertFalse(wrong.raft.isDistrusted)
        self.assertEqual(len(self.told("gives no snapshots")), 1)
        del self.leader.service.assembly.links[away.id].stateHash
        away.start()
        self.cluster.until(lambda: wrong.raft.isDistrusted, "it is known who is right", 2 * NODE_LIMITS.auditSeconds)
        snapshots.take(away.id, 1).addErrback(lambda _: None)
        self.cluster.run(0.1)
        self.successResultOf(snapshots.take(away.id, 1))

    def test_doubtIsOver(self) -> None:
        """
        Where one finds out by itself that it is wrong, it gets a snapshot: there is no doubt any more. Nor is there one
        on a server that does not lead, and so asks nobody.
        """
        self.begin(2)
        [other] = self.followers()
        other.goWrong(1.0)
        snapshots = self.leader.service.assembly.snapshots
        self.cluster.run(AUDITED)
        self.assertTrue(snapshots.isInDoubt)
        other.node.distrust("it is a test")
        self.cluster.until(self.areAlike, "it has the right state")
        self.assertFalse(snapshots.isInDoubt)
        other.goWrong(1.0)
        self.cluster.run(AUDITED)
        self.assertTrue(snapshots.isInDoubt)
        other.kill()
        self.cluster.run(AUDITED)
        self.assertFalse(snapshots.isInDoubt)

    def test_lastWord(self) -> None:
        """
        What was told of another entry than the one that was asked for last says nothing.
        """
        server = self.followers()[0]
        audit = server.service.assembly.audit
        self.successResultOf(audit.stateHash(self.leader.id, server.appliedIndex))
        audit.compareState(self.leader.id, server.appliedIndex - 1, 1)
        audit.compareState(self.followers()[1].id, server.appliedIndex, 1)
        audit.compareState(self.leader.id, server.appliedIndex, server.machine.hash)
        self.assertFalse(server.raft.isDistrusted)
        audit.compareState(self.leader.id, server.appliedIndex, 1)
        self.assertTrue(server.raft.isDistrusted)

    def test_restarts(self) -> None:
        """
        Who has taken itself out is out after a restart too, however it ended, until it has a snapshot.
        """
        server = self.followers()[0]
        for end in (server.kill, server.losePower):
            self.lines.clear()
            server.goWrong(1.0)
            self.patch(Audit, "_look", lambda audit: None)
            server.node.distrust("it is a test")
            self.cluster.part(server.id)
            self.cluster.run(1.0)
            server.store.flush()
            end()
            server.start()
            self.assertEqual((server.raft.isDistrusted, server.store.isWrong), (True, True))
            self.cluster.run(1.0)
            self.assertFalse(server.leads)
            self.assertEqual(len(self.told("this server's state is wrong: it is a test. ")), 2)
            self.cluster.heal()
            self.cluster.until(self.areAlike, "it has the right state")
            self.assertFalse(server.store.isWrong)
            server.kill()
            server.start()
            self.assertFalse(server.raft.isDistrusted)
            self.cluster.until(self.areAlike, "it is back")
            self.assertNotIn(f"{server.path}/wrong.json", server.files.contents())

    def test_notRemembered(self) -> None:
        """
        Where the disk does not take it that a state is wrong, that is said, and the server is out all the same.
        """
        server = self.followers()[0]
        server.doubt()
        server.failing = lambda kind, path: 5 if "wrong.json" in path else 0
        server.node.distrust("it is a test")
        self.cluster.until(lambda: not server.raft.isDistrusted, "it has a snapshot")
        self.assertEqual(len(self.told("cannot be noted")), 1)

    def test_givesNoSnapshot(self) -> None:
        """
        Of a state that is wrong no snapshot is given, and none that was made before.
        """
        server = self.followers()[0]
        snapshots = server.service.assembly.snapshots
        snapshots.take(self.leader.id, 1).addErrback(lambda _: None)
        self.cluster.run(0.1)
        self.successResultOf(snapshots.take(self.leader.id, 1))
        self.cluster.part(server.id)
        server.doubt()
        server.node.distrust("it is a test")
        self.failureResultOf(snapshots.take(self.leader.id, 1))
        self.cluster.heal()
        self.cluster.until(lambda: not server.raft.isDistrusted, "it has a snapshot")
        self.cluster.run(0.1)
        snapshots.take(self.leader.id, 1).addErrback(lambda _: None)
        self.cluster.run(0.1)
        self.successResultOf(snapshots.take(self.leader.id, 1))
