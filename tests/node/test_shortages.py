"""
Tests for L{replkv.node.shortages}, in a cluster.
"""

from __future__ import annotations

from replkv.commands.results import Deleted, Found, Redirected, Result, Stored, Unavailable
from replkv.node.limits import NODE_LIMITS
from replkv.storage.files import Space
from replkv.testing import SimulatedServer
from tests.logged import logged
from tests.node.cluster import Client, valueAt
from tests.node.leading import LeaderTests

SIZE = 1 << 40
LOOK = NODE_LIMITS.spaceInterval + 0.1
"""
After so many seconds each server knows how its disk is, and its leader knows it too.
"""


class ShortageTests(LeaderTests):
    """
    Server 0 of three leads, and disks fill.
    """

    def setUp(self) -> None:
        """
        A value is stored.
        """
        super().setUp()
        self.client.set(b"k", b"v")
        self.cluster.run(LOOK)
        self.lines = logged(self)

    def fill(self, *servers: SimulatedServer, free: int = 0) -> None:
        """
        Have the disks of these be nearly full, and those of the others not; and let all hear of it.
        """
        for server in self.cluster.servers:
            server.files.room = Space(free if server in servers else SIZE, SIZE)
        self.cluster.run(LOOK)

    def write(self) -> Result | None:
        """
        What the leader answers at once, or as soon as it can without time passing.
        """
        request = self.client.set(b"k", b"w")
        self.cluster.settle()
        return request.result

    def told(self, server: SimulatedServer) -> tuple[str, str]:
        """
        What a server says of it.
        """
        values = server.service.assembly.statistics.values()
        return values["full_disks"], values["takes_writes"]

    def test_handsOver(self) -> None:
        """
        A leader whose disk is nearly full hands over to a server that has room, and its clients go there.
        """
        self.fill(self.leader, self.followers[1])
        self.assertTrue(self.followers[0].leads)
        self.assertEqual(self.write(), Redirected("server1", 9000))
        self.assertIn("handing over to server 1: its disk is nearly full", self.lines)
        # That one has no majority without a server that is nearly full.
        write = Client(self.followers[0]).set(b"k", b"w")
        self.cluster.settle()
        self.assertEqual(write.result, Unavailable())

    def test_allFull(self) -> None:
        """
        Where all are, it leads on, refuses writes at once and proposes nothing, but answers reads; and it goes on by
        itself when there is room.
        """
        self.fill(*self.cluster.servers)
        term, last = self.leader.raft.currentTerm, self.leader.raft.log.lastIndex
        self.cluster.run(30)
        write, read = self.client.set(b"k", b"w"), self.client.get(b"k")
        self.assertEqual(write.result, Unavailable())
        self.cluster.settle()
        self.assertEqual(read.result, Found(2, 0, b"v"))
        self.assertEqual(self.leader.raft.log.lastIndex, last)
        self.assertTrue(self.leader.leads)
        self.assertEqual(self.leader.raft.currentTerm, term)
        self.assertEqual([self.told(server)[0] for server in self.cluster.servers], ["0,1,2", "1", "2"])
        self.fill()
        self.assertEqual(self.write(), Stored(last + 1))
        self.assertEqual([self.told(server) for server in self.cluster.servers], [("none", "yes")] * 3)
        self.assertEqual(sum("the disk is nearly full" in line for line in self.lines), 3)
        self.assertEqual(sum("has room again" in line for line in self.lines), 3)
        self.assertFalse([line for line in self.lines if "handing over" in line])

    def test_noWriteOfAnyKind(self) -> None:
        """
        All that writes is refused, deletes too: they take room before they give any back.
        """
        self.fill(*self.cluster.servers)
        requests = [
            self.client.cas(b"k", 2, b"w"),
            self.client.delete(b"k"),
            self.client.touch(b"k", 9),
            self.client.set(b"n", b"w", noreply=True),
        ]
        self.assertEqual([request.result for request in requests], [Unavailable()] * 4)
        self.fill()
        deleted = self.client.delete(b"k")
        self.cluster.settle()
        self.assertEqual(deleted.result, Deleted())

    def test_fullFollower(self) -> None:
        """
        A follower that is full takes what its leader sends, and the leader takes writes as long as a majority has
        room: one that is not connected has none.
        """
        full, other = self.followers
        self.fill(full)
        self.assertEqual(self.write(), Stored(4))
        self.cluster.run(0.2)
        self.assertEqual(valueAt(full, b"k"), b"w")
        self.assertEqual(self.told(self.leader), ("1", "yes"))
        other.kill()
        self.cluster.run(0.2)
        self.assertEqual(self.write(), Unavailable())
        other.start()
        self.cluster.run(LOOK)
        self.assertEqual(self.write(), Stored(6))

    def test_fullFollowers(self) -> None:
        """
        Where a leader has room and needs one that is full for a majority, it takes no writes, and says which those
        are.
        """
        self.fill(*self.followers)
        self.assertEqual(self.write(), Unavailable())
        self.assertEqual(self.told(self.leader), ("1,2", "no"))
        self.assertIn(
            "no writes are taken (ERR_INTERNAL): the disks of server 1, server 2 are nearly full, and without them "
            "there is no majority: make room there",
            self.lines,
        )
        read = self.client.get(b"k")
        self.cluster.settle()
        self.assertEqual(read.result, Found(2, 0, b"v"))
        # It takes them as soon as one of those has said that it has room: not at the next tick only.
        self.leader.service.assembly.shortages.heard(2, False)
        self.assertEqual(self.write(), Stored(4))
        self.fill(self.followers[0])
        self.assertEqual(self.write(), Stored(5))
        self.assertIn("enough servers have room again: writes are taken", self.lines)

    def test_noneTakesOver(self) -> None:
        """
        Where the one that has room does not take over, the leader leads on, answers, and asks again only after a while.
        """
        full, slow = self.followers
        self.cluster.run(1)
        self.fill(full)
        self.cluster.hold([slow])
        self.client.set(b"k", b"w")
        self.fill(self.leader, full)
        self.cluster.run(4)
        self.assertTrue(self.leader.leads)
        asked = sum("handing over to server 2" in line for line in self.lines)
        self.assertEqual(asked, 1)
        self.assertEqual(self.write(), Unavailable())
        self.cluster.hold([slow], False)
        self.cluster.run(NODE_LIMITS.reliefPause)
        self.assertTrue(slow.leads)

    def test_late(self) -> None:
        """
        An answer that comes when a server leads no longer says nothing to it; nor does what one said that is lost.
        """
        full, other = self.followers
        self.fill(full)
        self.cluster.hold([full])
        self.client.set(b"k", b"w")
        self.cluster.settle()
        self.leader.node.handOver("the test wants it", [full.id])
        self.cluster.settle()
        self.assertTrue(other.leads)
        self.cluster.hold([full], False)
        self.cluster.run(0.2)
        self.assertEqual([self.told(server)[0] for server in self.cluster.servers], ["none", "1", "1"])
        full.kill()
        self.cluster.run(0.2)
        self.assertEqual(self.told(other), ("none", "yes"))

    def test_elected(self) -> None:
        """
        One that is full can be elected. What it had heard in an earlier term does not count.
        """
        self.fill(self.leader, self.followers[1])
        self.assertTrue(self.followers[0].leads)
        self.followers[0].kill()
        self.cluster.run(3)
        leader = self.cluster.leader()
        self.assertEqual(self.told(leader), ("0,2", "no"))
        read = Client(leader).get(b"k")
        self.cluster.settle()
        self.assertEqual(read.result, Found(2, 0, b"v"))
