"""
Tests for L{replkv.raft.status}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.progress import ProgressState, ProgressStatus
from replkv.raft.roles import RoleName
from replkv.raft.status import Status
from tests.raft.network import Network
from tests.raft.servers import aServer, candidate, matched, preCandidate, streaming


class StatusTests(SynchronousTestCase):
    """
    L{Status}.
    """

    def test_begins(self) -> None:
        """
        A server that starts follows, and knows no leader.
        """
        expected = Status(
            id=0,
            role=RoleName.FOLLOWER,
            term=2,
            leaderId=None,
            commitIndex=0,
            lastIndex=3,
            noopIndex=0,
            handOver=None,
            progress={},
        )
        server = aServer(1, 1, 2)
        self.assertEqual(server.raft.status, expected)
        self.assertIsNone(server.raft.progressOf(1))

    def test_roles(self) -> None:
        """
        What a server is, and who leads, is told of all roles.
        """
        network = Network.fresh(3)
        network.elect(1)
        known = [(server.raft.status.role, server.raft.status.leaderId) for server in network.servers]
        self.assertEqual(known, [(RoleName.FOLLOWER, 1), (RoleName.LEADER, 1), (RoleName.FOLLOWER, 1)])
        self.assertEqual(preCandidate().raft.status.role, "pre-candidate")
        self.assertEqual(candidate().raft.status.role, "candidate")

    def test_progress(self) -> None:
        """
        A leader tells of each peer what it does for it, and what is on its way.
        """
        server = streaming(members=3)
        server.receive(1, matched(server, 1))
        server.raft.unreachable(2)
        server.raft.propose(b"x")
        [append] = [send.message for send in server.pump() if send.to == 1]
        status = server.raft.status
        self.assertEqual((status.commitIndex, status.noopIndex, status.lastIndex), (1, 1, 2))
        expected = {
            1: ProgressStatus(
                state=ProgressState.REPLICATE,
                matchIndex=1,
                nextIndex=3,
                maySend=True,
                unanswered=1,
                onTheWayBytes=len(append.batch.encoded),  # type: ignore[union-attr]
            ),
            2: ProgressStatus(
                state=ProgressState.PROBE, matchIndex=0, nextIndex=2, maySend=True, unanswered=0, onTheWayBytes=0
            ),
        }
        self.assertEqual(status.progress, expected)
        self.assertEqual({peer: server.raft.progressOf(peer) for peer in expected}, expected)

    def test_isValue(self) -> None:
        """
        What was told does not change with the server.
        """
        server = streaming(members=3)
        before = server.raft.status
        server.raft.propose(b"x")
        server.pump()
        server.receive(1, matched(server, 2))
        self.assertEqual((before.lastIndex, before.progress[1].matchIndex), (1, 0))
