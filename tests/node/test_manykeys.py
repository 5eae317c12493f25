"""
Tests for commands on many keys, on the way through a cluster.
"""

from __future__ import annotations

from itertools import pairwise

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.condition import ABSENT, PRESENT
from replkv.commands.count import Count
from replkv.commands.deleteprefix import DeletePrefix
from replkv.commands.gets import Gets
from replkv.commands.lifetime import FOREVER
from replkv.commands.results import (
    Failed,
    Item,
    Items,
    KeyInfo,
    Keys,
    NotAllowed,
    NotUpgraded,
    Redirected,
    Removed,
    Stored,
    Total,
    Transacted,
)
from replkv.commands.scan import Scan
from replkv.commands.steps import If, StepGet, StepPut
from replkv.commands.txn import Txn
from replkv.kv.machine import StateMachine
from replkv.kv.record import Record
from replkv.node.limits import NodeLimits
from replkv.service.limits import ServerLimits
from replkv.versions import Versions
from tests.compiled import requireReplaceable
from tests.frontends.asked import Asked
from tests.node.accesscase import READ, WRITE, AccessTests
from tests.node.cluster import Client, Cluster, stopTicks
from tests.node.expiring import ExpiryTests
from tests.node.leading import LeaderTests

PUT = Txn((If(b"k", ABSENT), StepPut(b"k", 7, FOREVER, b"v"), StepGet(b"k")))


class WayTests(LeaderTests):
    """
    Tests for what they are answered with.
    """

    def test_answers(self) -> None:
        """
        Commands of a connection that are sent at once see those before them, and not those behind them.
        """
        commands = (
            Scan(b"", 9),
            PUT,
            Scan(b"", 9),
            Count(b""),
            PUT,
            DeletePrefix(b"", 0),
            Count(b""),
            Txn((StepPut(b"a", 0, FOREVER, b""), StepPut(b"b", 0, FOREVER, b"12"))),
            Scan(b"", 1),
            Scan(b"", 1, b"a"),
        )
        asked = [self.client.ask(command) for command in commands]
        self.cluster.settle()
        item = Item(b"k", 7, 2, 0, b"v")
        self.assertEqual(
            [request.result for request in asked],
            [
                Keys(()),
                Transacted((Stored(2), Items((item,)))),
                Keys((KeyInfo(b"k", 2, 1),)),
                Total(1),
                Failed(1),
                Removed(1),
                Total(0),
                Transacted((Stored(5), Stored(5))),
                Keys((KeyInfo(b"a", 5, 0),), b"a"),
                Keys((KeyInfo(b"b", 5, 2),)),
            ],
        )
        self.cluster.run(0.1)
        for server in self.cluster.servers:
            self.assertEqual(server.store.digest, self.leader.store.digest)

    def test_goesOn(self) -> None:
        """
        What one command leaves, the next ones remove, on all servers.
        """
        for number in range(300):
            self.client.set(b"k%03d" % number, b"v")
        self.cluster.settle()
        counts, last = [], Removed(0, 0, b"")
        while last.after is not None:
            asked = self.client.ask(DeletePrefix(b"k", last.below, last.after))
            self.cluster.settle()
            assert isinstance(asked.result, Removed)
            last = asked.result
            counts.append(last.count)
            self.client.set(b"k999", b"new")
        self.assertEqual(counts, [128, 128, 44])
        self.cluster.run(0.1)
        self.assertEqual([server.machine.keys for server in self.cluster.servers], [1, 1, 1])

    def test_inSlices(self) -> None:
        """
        What a read looks at is as much work as what it tells: in one turn of the reactor there is only so much of it.
        """
        self.begin(ServerLimits(node=NodeLimits(workBytes=5000)))
        for number in range(20):
            self.client.set(b"k%02d" % number, b"v")
        self.cluster.settle()
        counts: list[Asked] = []
        answered: list[int] = []
        flush = self.leader.node._outbox.flush

        def note() -> None:
            answered.append(sum(count.isAnswered for count in counts))
            flush()

        self.patch(self.leader.node._outbox, "flush", note)
        counts += [self.client.ask(Count(b"")) for _ in range(5)]
        self.cluster.settle()
        self.assertEqual([count.result for count in counts], [Total(20)] * 5)
        self.assertEqual({after - before for before, after in pairwise([0, *answered])} - {0}, {1})

    def test_elsewhere(self) -> None:
        """
        Another server redirects, as it does for all that is about keys.
        """
        self.cluster.run(0.1)
        client = Client(self.followers[0])
        for command in (Scan(b"", 1), Count(b""), DeletePrefix(b"", 0), PUT):
            self.assertIsInstance(client.ask(command).result, Redirected)


class RoomTests(LeaderTests):
    """
    Tests for the room that they take.
    """

    def test_values(self) -> None:
        """
        The values of a transaction take the room that those of other commands do.
        """
        self.cluster.hold(self.followers)
        value = bytes(4 << 20)
        writes = [self.client.ask(Txn((StepPut(b"k", 0, FOREVER, value),))) for _ in range(20)]
        self.cluster.settle()
        refused = [write for write in writes if write.isAnswered]
        self.assertEqual(len(refused), 4)
        self.assertFalse(self.client.ask(Txn((If(b"k", PRESENT),))).isAnswered)


class UpgradeTests(SynchronousTestCase):
    """
    Tests for a cluster of which not all know them.
    """

    def test_refused(self) -> None:
        """
        Those that would be in the log are refused.
        """
        cluster = Cluster(versions=Versions(3, 3))
        self.addCleanup(cluster.close)
        client = Client(cluster.leader())
        asked = [client.ask(command) for command in (DeletePrefix(b"", 0), PUT, Scan(b"", 1), Count(b""))]
        cluster.run(1)
        self.assertEqual([request.result for request in asked], [NotUpgraded(), NotUpgraded(), Keys(()), Total(0)])


class RightsTests(AccessTests):
    """
    Tests for whom they are allowed to.
    """

    def test_rights(self) -> None:
        """
        Over a range it takes the right over all keys in it, for a transaction the rights for all steps.
        """
        self.give(READ, b"k")
        self.give(WRITE, b"w")
        put, get = StepPut(b"w", 0, FOREVER, b""), StepGet(b"k")
        last = self.leader.raft.log.lastIndex
        for command in (Scan(b"", 1), Count(b"w"), DeletePrefix(b"k", 0), Txn((get, put, StepGet(b"w")))):
            self.assertEqual(self.outcome(self.alice, command), NotAllowed(), command)
        self.assertEqual(self.leader.raft.log.lastIndex, last)
        for command in (Scan(b"k", 1), Count(b"kk"), DeletePrefix(b"w", 0), Txn((get, put))):
            self.assertNotIn(self.outcome(self.alice, command), (NotAllowed(), None), command)


class RangeExpiryTests(ExpiryTests):
    """
    Tests for reads of ranges in which the time of keys is over.
    """

    def setUp(self) -> None:
        """
        A key has a second to live, and a bit of that is left.
        """
        super().setUp()
        self.client.set(b"k", b"v", 1)
        self.client.set(b"l", b"v", 60)
        self.cluster.run(0.95)
        self.there = Keys((KeyInfo(b"k", 2, 1), KeyInfo(b"l", 3, 1)))
        self.gone = Keys((KeyInfo(b"l", 3, 1),))

    def ask(self, *commands: Scan | Count) -> list[object]:
        """
        Ask by a connection of its own, and give the answers time.

        @return: the answers, C{None} for what has none.
        """
        client = Client(self.leader)
        asked = [client.ask(command) for command in commands]
        self.cluster.run(0.02)
        return [request.result for request in asked]

    def test_waitsForTheLog(self) -> None:
        """
        That a key is gone is not told before the log says so.
        """
        self.cluster.hold(self.followers)
        self.cluster.run(0.06)
        client = Client(self.leader)
        scan, count = client.ask(Scan(b"", 9)), client.ask(Count(b"k"))
        self.cluster.run(0.5)
        self.assertEqual((scan.result, count.result), (None, None))
        self.cluster.hold(self.followers, False)
        self.cluster.settle()
        self.assertEqual((scan.result, count.result), (self.gone, Total(0)))

    def test_several(self) -> None:
        """
        Nor where it is one of several that are asked for. What these hold is read once, when they are told.
        """
        requireReplaceable(StateMachine)
        self.cluster.hold(self.followers)
        self.cluster.run(0.06)
        read: list[bytes] = []
        machine = self.leader.machine
        find = machine.read

        def note(key: bytes) -> Record | None:
            read.append(key)
            return find(key)

        self.patch(machine, "read", note)
        asked, others = Client(self.leader).ask(Gets((b"k", b"l"))), Client(self.leader).ask(Gets((b"l", b"m")))
        self.cluster.run(0.5)
        self.assertIsNone(asked.result)
        there = Items((Item(b"l", 0, 3, others.result.items[0].left, b"v"),))  # type: ignore[union-attr]
        self.assertEqual((others.result, read), (there, [b"l", b"m"]))
        self.cluster.hold(self.followers, False)
        self.cluster.settle()
        self.assertEqual([item.key for item in asked.result.items], [b"l"])  # type: ignore[union-attr]

    def test_withoutTick(self) -> None:
        """
        They do not wait for a tick to have the log say so, and many share the entry that does.
        """
        self.assertEqual(self.ask(Scan(b"", 9)), [self.there])
        for server in self.cluster.servers:
            stopTicks(server)
        self.cluster.run(0.06)
        last = self.leader.raft.log.lastIndex
        clients = [Client(self.leader) for _ in range(50)]
        scans = [client.ask(Scan(b"", 9)) for client in clients]
        self.cluster.settle()
        self.assertEqual([scan.result for scan in scans], [self.gone] * len(scans))
        self.assertEqual(self.leader.raft.log.lastIndex, last + 1)

    def test_shared(self) -> None:
        """
        Those that come later, and before any other key is due, share it too.
        """
        self.cluster.hold(self.followers)
        self.cluster.run(0.06)
        scans = []
        for _ in range(50):
            scans.append(Client(self.leader).ask(Scan(b"", 9)))
            self.cluster.run(0.002)
        self.cluster.hold(self.followers, False)
        self.cluster.run(0.1)
        self.assertEqual([scan.result for scan in scans], [self.gone] * len(scans))
        self.assertLess(self.leader.raft.log.lastIndex, 6)

    def test_expiredBeforeCommitted(self) -> None:
        """
        A key whose write takes longer to be committed than it has to live is gone for what came after its time.
        """
        self.cluster.hold(self.followers)
        Client(self.leader).set(b"m", b"w", 1)
        self.cluster.run(1.1)
        scan = Client(self.leader).ask(Scan(b"m", 9))
        self.cluster.hold(self.followers, False)
        self.cluster.run(0.2)
        self.assertEqual(scan.result, Keys(()))

    def test_idle(self) -> None:
        """
        Where nothing is due, they need no entry.
        """
        last = self.leader.raft.log.lastIndex
        self.assertEqual(self.ask(Scan(b"", 9), Count(b"")), [self.there, Total(2)])
        self.assertEqual(self.leader.raft.log.lastIndex, last)
