"""
Who makes a role of a server, and when.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.messages import RequestVoteReply
from replkv.raft.outputs import DiskTrouble
from replkv.raft.roles import RoleName, Transition
from tests.raft.network import ELECTION_TICKS
from tests.raft.servers import aServer, candidate, preCandidate, streaming


class TransitionTests(SynchronousTestCase):
    """
    Roles say what a server is to become, and are done; nothing has changed until the core has heard it.
    """

    def test_timeout(self) -> None:
        """
        A follower that hears of no leader, and a candidate that is not elected, say that votes are to be asked for.
        """
        for server in (aServer(), preCandidate(), candidate()):
            role = server.raft.role
            said = [role.tick() for _ in range(2 * ELECTION_TICKS)]
            self.assertIsNone(said[0])
            self.assertEqual(said[-1], Transition(RoleName.PRE_CANDIDATE))
            self.assertIs(server.raft.role, role)

    def test_votes(self) -> None:
        """
        A majority of pre-votes makes a candidate, and one of votes a leader.
        """
        for server, preVote, expected in (
            (preCandidate(), True, RoleName.CANDIDATE),
            (candidate(), False, RoleName.LEADER),
        ):
            role, term = server.raft.role, server.raft.currentTerm
            granted = RequestVoteReply(term=term + preVote, granted=True, preVote=preVote)
            self.assertEqual(role.voteReply(1, granted), Transition(expected))
            self.assertIs(server.raft.role, role)
            self.assertEqual(server.raft.currentTerm, term)

    def test_leader(self) -> None:
        """
        A leader says that it leads no longer, and whether its disk is why.
        """
        server = streaming(members=3)
        role = server.raft.role
        said = [role.tick() for _ in range(2 * ELECTION_TICKS)]
        self.assertEqual([one for one in said if one], [Transition(RoleName.FOLLOWER)])
        self.assertIs(server.raft.role, role)
        server.raft._become(Transition(RoleName.FOLLOWER, DiskTrouble.HANGS))
        self.assertEqual(server.raft.ready().diskTrouble, DiskTrouble.HANGS)
        self.assertEqual(server.raft.role.name, RoleName.FOLLOWER)

    def test_alone(self) -> None:
        """
        A server that is alone needs nobody's answer to go from the one role to the next, but the disk's.
        """
        server = aServer(members=1)
        server.tick(2 * ELECTION_TICKS)
        self.assertEqual(server.raft.role.name, RoleName.CANDIDATE)
        server.sync()
        self.assertEqual(server.raft.role.name, RoleName.LEADER)
