"""
Which proposals share a batch.
"""

from __future__ import annotations

from collections.abc import Iterable

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.limits import RAFT_LIMITS, RaftLimits
from replkv.raft.messages import AppendEntriesReply
from replkv.raft.outputs import Send
from tests.raft.network import Server
from tests.raft.servers import appends, leader, matched, streaming


def patient(limits: RaftLimits = RAFT_LIMITS) -> Server:
    """
    A leader that has committed its no-op, entry 1, with which what is proposed can wait.
    """
    server = streaming(limits=limits)
    server.receive(1, matched(server, 1))
    server.mayWait = True
    return server


def propose(server: Server, *datas: bytes) -> None:
    """
    Have a leader take proposals.
    """
    for data in datas:
        server.raft.propose(data)


def sent(sends: Iterable[Send], peer: int) -> list[list[bytes]]:
    """
    The data of the entries of each message for a peer that has some.
    """
    batches = [message.batch.entries for message in appends(list(sends), peer)]
    return [[entry.data for entry in entries] for entries in batches if entries]


class BatchingTests(SynchronousTestCase):
    """
    Tests for the time at which proposals are given out, to the own disk and to the peers (Ongaro's thesis, 10.2.2).
    """

    def test_first(self) -> None:
        """
        Where all is committed, what is proposed goes out at once.
        """
        server = patient()
        propose(server, b"a", b"b")
        self.assertTrue(server.raft.hasMore(mayWait=True))
        self.assertEqual(sent(server.pump(), 1), [[b"a", b"b"]])
        self.assertEqual([len(persist.batch) for persist in server.disk.persists], [2])

    def test_waits(self) -> None:
        """
        While that is not committed, what is proposed waits, and is the next batch.
        """
        server = patient()
        propose(server, b"a")
        server.pump()
        propose(server, b"b")
        self.assertEqual(sent(server.pump(), 1), [])
        propose(server, b"c")
        self.assertEqual((server.raft.hasMore(mayWait=True), sent(server.pump(), 1)), (False, []))
        self.assertEqual([len(persist.batch) for persist in server.disk.persists], [1])
        self.assertEqual(sent(server.sync(), 1), [])
        # Both peers get the same.
        sends = server.receive(2, matched(server, 2))
        self.assertEqual([sent(sends, peer) for peer in (1, 2)], [[[b"b", b"c"]]] * 2)

    def test_cannotWait(self) -> None:
        """
        Where it can wait no longer, it goes out behind what is on its way.
        """
        server = patient()
        propose(server, b"a")
        server.pump()
        propose(server, b"b")
        server.pump()
        server.mayWait = False
        self.assertTrue(server.raft.hasMore())
        self.assertEqual(sent(server.pump(), 1), [[b"b"]])

    def test_much(self) -> None:
        """
        Nor does it wait where it is much.
        """
        server = patient(RaftLimits(waitingBytes=10))
        propose(server, b"a")
        server.pump()
        propose(server, b"123456789")
        self.assertEqual(sent(server.pump(), 1), [])
        propose(server, b"0")
        self.assertTrue(server.raft.hasMore(mayWait=True))
        self.assertEqual(sent(server.pump(), 1), [[b"123456789", b"0"]])
        propose(server, b"b")
        self.assertEqual(sent(server.pump(), 1), [])

    def test_noop(self) -> None:
        """
        The entry that opens a term waits for nothing, though what was found in the log is not committed.
        """
        server = leader(1, 1)
        server.mayWait = True
        self.assertTrue(server.raft.hasMore(mayWait=True))
        server.pump()
        self.assertEqual([len(persist.batch) for persist in server.disk.persists], [1])

    def test_peerThatLags(self) -> None:
        """
        Nobody is sent what waits, nor is a peer that is sent what it lacks: the reads that came before a write are to
        have their round with it, or before it.
        """
        server = patient()
        propose(server, b"a")
        server.pump()
        propose(server, b"b")
        server.raft.unreachable(2)
        server.tick(10)
        rejected = AppendEntriesReply.rejected(
            term=server.raft.currentTerm, prevLogIndex=2, conflictIndex=1, conflictTerm=0
        )
        server.receive(2, rejected)
        server.tick(10)
        self.assertEqual(sent(server.receive(2, matched(server, 0)), 2), [[b"", b"a"]])

    def test_deposed(self) -> None:
        """
        Who leads no longer has all of it in its log, and on its disk.
        """
        server = patient()
        propose(server, b"a")
        server.pump()
        propose(server, b"b")
        server.receive(1, AppendEntriesReply.rejected(term=server.raft.currentTerm + 1, prevLogIndex=1))
        server.sync()
        self.assertEqual([entry.data for entry in server.disk.entries], [b"", b"a", b"b"])
