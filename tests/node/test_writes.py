"""
Tests for the way of a write, and for what its client is told.
"""

from __future__ import annotations

from itertools import pairwise

from replkv.commands.results import Deleted, Found, NotFound, Stored, Touched, Unavailable, VersionMismatch
from replkv.kv.limits import MachineLimits
from replkv.kv.machine import StateMachine
from replkv.kv.memory import MemoryEngine
from replkv.node.limits import NodeLimits
from replkv.raft.outputs import Ready
from replkv.service.limits import ServerLimits
from tests.frontends.asked import Asked
from tests.node.cluster import Client, valueAt
from tests.node.leading import LeaderTests


class MajorityTests(LeaderTests):
    """
    Tests for when a write is answered.
    """

    def test_majority(self) -> None:
        """
        It is answered when the disks of a majority have it: the leader's and one more. The version is its index.
        """
        self.cluster.hold(self.cluster.servers)
        write = self.client.set(b"k", b"v")
        self.cluster.settle()
        self.assertIsNone(write.result)
        self.cluster.hold([self.leader], False)
        self.cluster.settle()
        self.assertIsNone(write.result)
        self.cluster.hold(self.followers[:1], False)
        self.cluster.settle()
        self.assertEqual(write.result, Stored(2))
        self.assertEqual(self.leader.disk.lastIndex, 2)
        self.assertEqual(self.followers[0].disk.lastIndex, 2)

    def test_ownDiskIsNotEnough(self) -> None:
        """
        The leader's own disk alone is not a majority, however long it waits.
        """
        self.cluster.hold(self.followers)
        write = self.client.set(b"k", b"v")
        self.cluster.run(2)
        self.assertEqual(self.leader.disk.lastIndex, 3)
        self.assertTrue(self.leader.leads)
        self.assertIsNone(write.result)
        self.assertIsNone(valueAt(self.leader, b"k"))

    def test_ownDiskIsNeeded(self) -> None:
        """
        What the others' disks have is committed, but not applied before the leader's own disk has it.
        """
        self.cluster.hold([self.leader])
        write = self.client.set(b"k", b"v")
        self.cluster.settle()
        self.assertEqual(self.leader.raft.commitIndex, 2)
        self.assertIsNone(write.result)
        self.cluster.hold([self.leader], False)
        self.cluster.settle()
        self.assertEqual(write.result, Stored(2))

    def test_everywhere(self) -> None:
        """
        All servers come to hold the same.
        """
        self.client.set(b"a", b"1")
        self.client.set(b"b", b"2", 100)
        self.client.delete(b"a")
        self.cluster.run(0.1)
        for server in self.cluster.servers:
            self.assertEqual((valueAt(server, b"a"), valueAt(server, b"b")), (None, b"2"))
            self.assertEqual(server.store.digest, self.leader.store.digest)

    def test_alone(self) -> None:
        """
        One server is a cluster of one: its own disk is the majority.
        """
        cluster = self.start(1)
        client = Client(cluster.leader())
        write, read = client.set(b"k", b"v"), client.get(b"k")
        cluster.settle()
        self.assertEqual((write.result, read.result), (Stored(2), Found(2, 0, b"v")))

    def test_outcomes(self) -> None:
        """
        Each command is answered with what came of it.
        """
        asked = [
            self.client.set(b"k", b"v"),
            self.client.cas(b"k", 7, b"w"),
            self.client.cas(b"k", 2, b"w"),
            self.client.cas(b"none", 2, b"w"),
            self.client.delete(b"k"),
            self.client.delete(b"k"),
            self.client.get(b"k"),
            self.client.set(b"k", b"v", noreply=True),
        ]
        self.cluster.settle()
        self.assertEqual(
            [request.result for request in asked],
            [
                Stored(2),
                VersionMismatch(),
                Stored(4),
                NotFound(),
                Deleted(),
                NotFound(),
                NotFound(),
                Stored(8),
            ],
        )

    def test_oneSync(self) -> None:
        """
        What arrives while the disk is busy with the first write is brought to it with one sync.
        """
        self.cluster.hold([self.leader])
        before = self.syncs()
        writes = []
        for number in range(20):
            writes.append(self.client.set(b"%d" % number, b"v"))
            self.cluster.settle()
        self.cluster.hold([self.leader], False)
        self.cluster.settle()
        self.assertEqual(self.syncs() - before, 2)
        self.assertTrue(all(write.result for write in writes))

    def syncs(self) -> int:
        """
        How often the leader's disk was synced.
        """
        return sum(kind == "sync" for kind, _ in self.leader.files.operations)


class PipelineTests(LeaderTests):
    """
    Tests for the order of what one connection asks.
    """

    def test_getSeesSet(self) -> None:
        """
        A read sees the write that its connection sent before it, though that is not committed when it arrives.
        """
        self.client.set(b"k", b"old")
        self.cluster.settle()
        self.cluster.hold(self.followers)
        write, read = self.client.set(b"k", b"new"), self.client.get(b"k")
        self.cluster.run(0.2)
        self.assertIsNone(write.result)
        self.assertIsNone(read.result)
        self.cluster.hold(self.followers, False)
        self.cluster.settle()
        self.assertEqual(read.value, b"new")

    def test_otherConnection(self) -> None:
        """
        A read does not wait for the writes of other connections that are under way.
        """
        self.client.set(b"k", b"old")
        self.cluster.settle()
        self.cluster.hold(self.followers)
        self.client.set(b"k", b"new")
        read = Client(self.leader).get(b"k")
        self.cluster.run(0.1)
        self.assertEqual(read.value, b"old")

    def test_getDoesNotSeeLaterSet(self) -> None:
        """
        A read does not see the write that its connection sent after it.
        """
        self.client.set(b"k", b"old")
        self.cluster.settle()
        read, write = self.client.get(b"k"), self.client.set(b"k", b"new")
        later = self.client.get(b"k")
        self.cluster.settle()
        self.assertEqual(read.value, b"old")
        self.assertEqual(write.result, Stored(3))
        self.assertEqual(later.value, b"new")

    def test_alternating(self) -> None:
        """
        However many reads and writes follow each other, each read sees the write just before it.
        """
        reads = []
        for number in range(50):
            self.client.set(b"k", b"%02d" % number)
            reads.append(self.client.get(b"k"))
            if number % 7 == 0:
                self.cluster.settle()
        self.cluster.settle()
        self.assertEqual([read.value for read in reads], [b"%02d" % number for number in range(50)])

    def test_workInSlices(self) -> None:
        """
        What one turn of the reactor may not do is done in the next ones, in the same order; what has come in between
        waits its turn.
        """
        self.begin(ServerLimits(node=NodeLimits(workBytes=1)))
        node = self.leader.node
        turns: list[int] = []
        asked: set[tuple[bool, bool]] = set()
        reads: list[Asked] = []

        def note() -> None:
            turns.append(sum(read.isAnswered for read in reads))

        ready = node.raft.ready

        def noteReady(mayApply: bool, mayWait: bool) -> Ready:
            asked.add((mayApply, not node._applier.isDone))
            return ready(mayApply, mayWait)

        self.patch(node.raft, "ready", noteReady)
        self.patch(self.leader.node._outbox, "flush", note)
        for number in range(10):
            self.client.set(b"k", b"%02d" % number)
            reads += [self.client.get(b"k"), self.client.get(b"k")]
            if number == 4:
                self.cluster.settle()
        self.cluster.settle()
        values = [b"%02d" % number for number in range(10) for _ in range(2)]
        self.assertEqual([read.value for read in reads], values)
        self.assertEqual(max(after - before for before, after in pairwise(turns)), 1)
        # Until it is done, the core is asked for nothing more of that kind.
        self.assertEqual(asked, {(True, False), (False, True)})

    def test_copiesInSlices(self) -> None:
        """
        Values that are to be written anew are as much work as those that are read: they have their turns, too.
        """
        self.begin(ServerLimits(node=NodeLimits(workBytes=1), machine=MachineLimits(readAhead=1, copiedBytes=1)))
        self.client.set(b"k", b"v")
        touches: list[Asked] = []
        reads: list[Asked] = []
        turns = [0]
        self.patch(self.leader.node._outbox, "flush", lambda: turns.append(sum(touch.isAnswered for touch in touches)))
        for number in range(10):
            touches.append(self.client.touch(b"k", 100 + number))
            reads.append(self.client.getm(b"k"))
        touches += [self.client.touch(b"k", 9) for _ in range(5)]
        last = self.client.getm(b"k")
        self.cluster.settle()
        self.assertEqual([touch.result for touch in touches], [Touched()] * 15)
        self.assertEqual([read.result for read in reads], [Found(3 + n, 100 + n, b"v") for n in range(10)])
        self.assertEqual(last.result, Found(17, 9, b"v"))
        self.assertEqual(max(after - before for before, after in pairwise(turns)), 1)
        self.cluster.run(0.5)
        self.assertEqual([server.machine.appliedIndex for server in self.cluster.servers], [18] * 3)

    def test_readsOfOldLeadership(self) -> None:
        """
        A connection outlives a leadership: what it wrote then and what was replaced since is nothing that its reads
        wait for when its server leads again.
        """
        self.client.set(b"k", b"v")
        self.cluster.settle()
        self.cluster.part(0)
        for _ in range(10):
            self.client.set(b"lost", b"x")
        self.assertEqual(self.cluster.leader().id, 2)
        self.cluster.heal()
        self.cluster.run(0.2)
        self.cluster.part(2)
        self.assertIs(self.cluster.leader(), self.leader)
        self.assertLess(self.leader.raft.log.lastIndex, self.client.session.lastIndex)
        read = self.client.get(b"k")
        self.cluster.run(0.1)
        self.assertEqual(read.value, b"v")


class LimitsTests(LeaderTests):
    """
    Tests for what a node takes.
    """

    def test_timeOut(self) -> None:
        """
        A command that has no result in time is answered; the result that comes later is nobody's any more.
        """
        self.cluster.hold(self.followers)
        write, read = self.client.set(b"k", b"v"), self.client.get(b"k")
        self.cluster.run(4.9)
        self.assertEqual((write.result, read.result), (None, None))
        self.cluster.run(0.12)
        self.assertEqual((write.result, read.result), (Unavailable(), Unavailable()))
        self.cluster.hold(self.followers, False)
        self.cluster.settle()
        self.assertEqual(valueAt(self.leader, b"k"), b"v")

    def test_tooMany(self) -> None:
        """
        An overloaded node takes no more commands until there is room again.
        """
        self.begin(ServerLimits(node=NodeLimits(commands=10)))
        self.cluster.hold(self.followers)
        taken = [self.client.set(b"k", b"v") for _ in range(10)]
        self.assertEqual(self.client.set(b"k", b"v").result, Unavailable())
        self.assertEqual(self.client.get(b"k").result, Unavailable())
        self.cluster.hold(self.followers, False)
        self.cluster.run(0.02)
        self.assertEqual({request.isAnswered for request in taken}, {True})
        again = self.client.set(b"k", b"v")
        self.cluster.settle()
        self.assertEqual(again.result, Stored(13))

    def test_tooLarge(self) -> None:
        """
        So it is with the bytes of their values; but that is no reason to refuse what has no value, such as a read.
        """
        self.begin(ServerLimits(node=NodeLimits(commandBytes=1000)))
        self.cluster.hold(self.followers)
        self.assertIsNone(self.client.set(b"k", bytes(999)).result)
        self.assertIsNone(self.client.set(b"k", bytes(10)).result)
        self.assertEqual(self.client.set(b"k", b"v").result, Unavailable())
        read = self.client.get(b"k")
        self.assertIsNone(read.result)
        self.cluster.hold(self.followers, False)
        self.cluster.run(0.02)
        self.assertEqual(read.result, Found(3, 0, bytes(10)))

    def test_tooSlow(self) -> None:
        """
        Where commands are not answered in time, more than a few are refused at once, and not after the time-out.
        """
        self.begin(ServerLimits(node=NodeLimits(patienceDivisor=5, queuedCommands=3)))
        self.cluster.hold(self.followers)
        taken = [self.client.set(b"k", b"v") for _ in range(5)]
        self.cluster.run(1.1)
        self.assertEqual(self.client.set(b"k", b"v").result, Unavailable())
        self.cluster.hold(self.followers, False)
        self.cluster.run(0.1)
        self.assertEqual([request.result for request in taken], [Stored(version) for version in range(2, 7)])

    def test_hungDisks(self) -> None:
        """
        While the disks of a majority hang and the leader goes on to lead, commands time out, but what they proposed
        stays in the log: the node does not take more and more.
        """
        self.begin(ServerLimits(node=NodeLimits(commands=10)))
        self.cluster.hold(self.followers)
        for _ in range(3):
            for _ in range(20):
                self.client.set(b"k", b"v")
            self.cluster.run(5.1)
        self.assertTrue(self.leader.leads)
        self.assertLess(self.leader.raft.log.lastIndex, 15)
        self.cluster.hold(self.followers, False)
        self.cluster.run(0.1)
        again = self.client.set(b"k", b"v")
        self.cluster.settle()
        self.assertEqual(again.result, Stored(13))

    def test_statistics(self) -> None:
        """
        The numbers that operators look at.
        """
        self.client.set(b"k", b"v")
        self.cluster.run(1.5)
        self.cluster.hold(self.followers)
        self.client.set(b"k", b"v")
        self.cluster.run(0.02)
        machine = StateMachine(MemoryEngine())
        machine.apply([*self.leader.raft.log.recentAfter(0)][:3])
        self.assertEqual(
            self.leader.service.assembly.clients._statistics(),
            {
                "id": "0",
                "role": "leader",
                "member": "voter",
                "term": "1",
                "leader": "0",
                "commit_index": "3",
                "applied_index": "3",
                "state_hash": f"{machine.hash:x}".zfill(16),
                "last_log_index": "4",
                "state": "ok",
                "log": "ok",
                "auth": "off",
                "keys": "1",
                "refused": "none",
                "protocol_version": "4",
                "enabled_version": "4",
                "disk_free": str(1 << 40),
                "disk_reserve": str((1 << 40) // 50),
                "full_disks": "none",
                "takes_writes": "yes",
                "last_backup": "off",
                "certificate_end": "none",
                "pending": "1",
                "forwarded": "0",
                "uptime": "1",
            },
        )

    def test_refused(self) -> None:
        """
        They see which other servers are not let in.
        """
        for peer, told in ((10, "10"), (2, "2,10")):
            self.leader.service.assembly.peers.identity.refused.add(peer)
            self.assertEqual(self.leader.service.assembly.clients._statistics()["refused"], told)
