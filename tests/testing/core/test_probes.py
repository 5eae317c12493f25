"""
Tests for the count of a leader's probes.
"""

from __future__ import annotations

from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.set import Set
from replkv.raft.log import RaftLog
from replkv.testing.core.cluster import Cluster
from replkv.testing.core.question import Question
from replkv.testing.outcome import Violation
from tests.compiled import requireReplaceable
from tests.testing.core.test_server import aPlan


class ProbesTests(SynchronousTestCase):
    """
    Tests for L{Probes<replkv.testing.core.probes.Probes>}.
    """

    def setUp(self) -> None:
        """
        A follower is down while 20 entries are written, and then there is a new leader.
        """
        cluster = self.cluster = Cluster(5, aPlan(), None)
        cluster.start()
        cluster.until(lambda: all(server.machine.appliedIndex for server in cluster.servers), "started", 20)
        leader = cluster.leader()
        assert leader is not None
        self.follower = next(server for server in cluster.servers if server is not leader)
        cluster.crash(self.follower.id)
        questions = [Question(Set(b"k", 0, b"%d" % number, False), lambda *_: None) for number in range(20)]
        leader.ask(questions)
        cluster.run(1)
        cluster.crash(leader.id)
        cluster.restart(leader.id)
        cluster.until(lambda: cluster.leader() and self.isOpen(), "another term has begun", 60)
        cluster.restart(self.follower.id)

    def isOpen(self) -> bool:
        """
        Whether the new leader has committed its no-op.
        """
        leader = self.cluster.leader()
        return leader is not None and leader.machine.appliedIndex > 21

    def test_enough(self) -> None:
        """
        The follower catches up with few probes.
        """
        self.cluster.run(5)
        self.assertGreater(self.follower.machine.appliedIndex, 21)

    def test_tooMany(self) -> None:
        """
        A leader that goes back by one entry at a time is found, though the follower would catch up too.
        """
        requireReplaceable(RaftLog)
        with (
            mock.patch.object(RaftLog, "retryFrom", lambda log, prevLogIndex, *conflict: prevLogIndex),
            self.assertRaisesRegex(Violation, f"probed the log of {self.follower.name} 6 times in vain, where 5 are"),
        ):
            self.cluster.run(5)
