"""
When there is something to be done: L{replkv.raft.view.RaftView.hasMore}.
"""

from __future__ import annotations

from dataclasses import fields

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.limits import RaftLimits
from replkv.raft.messages import RequestVote
from replkv.raft.outputs import DiskTrouble, Fetch, Ready
from tests.raft.network import HEARTBEAT_TICKS, Server
from tests.raft.servers import appendEntries, appends, aServer, matched, rejected, streaming


def said(server: Server) -> tuple[bool, bool]:
    """
    Whether a server says that there is something to be done, and whether there is.
    """
    return server.raft.hasMore(server.mayWait), not server.raft.ready(mayWait=server.mayWait).isEmpty


class HasMoreTests(SynchronousTestCase):
    """
    What happens, and whether anything is to be done for it.
    """

    def test_commit(self) -> None:
        """
        Of three disks that have a batch, the second one commits it; nothing comes of the first and the last.
        """
        server = streaming()
        server.receive(1, matched(server, 1))
        server.raft.propose(b"x")
        self.assertTrue(server.raft.hasMore())
        server.pump()
        server.raft.step(1, matched(server, 2))
        self.assertEqual(said(server), (False, False))
        server.raft.persisted(server.disk.unsynced[-1].seq)
        self.assertEqual(said(server), (True, True))
        server.raft.step(2, matched(server, 2))
        self.assertEqual(said(server), (False, False))

    def test_heartbeat(self) -> None:
        """
        A heartbeat is to be sent when it is due; nothing comes of the answers to it.
        """
        server = streaming()
        server.receive(1, matched(server, 1))
        for _ in range(HEARTBEAT_TICKS):
            self.assertEqual(said(server), (False, False))
            server.raft.tick()
        self.assertEqual(said(server), (True, True))
        for peer in (1, 2):
            server.raft.step(peer, matched(server, 1))
            self.assertEqual(said(server), (False, False))

    def test_nextBatch(self) -> None:
        """
        Where a batch was waited for, what was proposed meanwhile is to be given out when it is committed.
        """
        server = streaming()
        server.receive(1, matched(server, 1))
        server.mayWait = True
        server.raft.propose(b"x")
        server.pump()
        server.raft.propose(b"y")
        self.assertEqual(said(server), (False, False))
        for peer in (1, 2):
            server.raft.step(peer, matched(server, 2))
        self.assertEqual(said(server), (True, True))

    def test_window(self) -> None:
        """
        A peer whose answers were waited for is to be sent more when one comes.
        """
        server = streaming(limits=RaftLimits(unanswered=1))
        server.receive(1, matched(server, 1))
        for data in (b"x", b"y"):
            server.raft.propose(data)
            server.pump()
        self.assertEqual(said(server), (False, False))
        server.raft.step(1, matched(server, 2))
        self.assertTrue(server.raft.hasMore())
        self.assertEqual([len(message.batch) for message in appends(server.pump(), 1)], [1])

    def test_probes(self) -> None:
        """
        A rejection has the next probe be due, and its answer the entries that the peer lacks. Of a peer that cannot be
        reached, nothing comes before the next heartbeat.
        """
        server = streaming(1, 1, 1)
        server.receive(1, matched(server, 4))
        server.raft.unreachable(2)
        self.assertEqual(said(server), (False, False))
        server.tick(HEARTBEAT_TICKS)
        server.raft.step(2, rejected(server, 4, 2))
        self.assertEqual(said(server), (True, True))
        server.raft.step(2, matched(server, 1))
        self.assertEqual(said(server), (True, True))

    def test_reads(self) -> None:
        """
        Reads are to be answered when their round is confirmed, and those that have come meanwhile need the next.
        """
        server = streaming()
        server.receive(1, matched(server, 1))
        server.sync()
        server.raft.read("r")
        server.pump()
        server.raft.read("later")
        self.assertEqual(said(server), (False, False))
        server.raft.step(1, matched(server, 1, readRound=1))
        self.assertEqual(said(server), (True, True))
        server.raft.step(2, matched(server, 1, readRound=1))
        self.assertEqual(said(server), (False, False))

    def test_follower(self) -> None:
        """
        A follower has entries to write, and then an answer to send. A vote is to be stored, granted or not.
        """
        server = aServer(1)
        self.assertEqual(said(server), (False, False))
        server.raft.step(1, appendEntries(1, 1, 1, 1))
        self.assertEqual(said(server), (True, True))
        self.assertEqual(said(server), (False, False))
        server.raft.persisted(1)
        self.assertEqual(said(server), (True, True))
        vote = RequestVote(term=2, lastLogIndex=2, lastLogTerm=1, preVote=False, handOver=True)
        server.raft.step(1, vote)
        self.assertEqual(said(server), (True, True))

    def test_empty(self) -> None:
        """
        Where there is anything, a L{Ready} is not empty.
        """
        self.assertTrue(Ready().isEmpty)
        single = {"fetch": Fetch(1, 1), "diskTrouble": DiskTrouble.HANGS}
        for part in fields(Ready):
            ready = Ready()
            setattr(ready, part.name, single.get(part.name, [None]))
            self.assertFalse(ready.isEmpty, part.name)
