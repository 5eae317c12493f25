"""
Tests for L{replkv.node.logrepair}.
"""

from __future__ import annotations

from dataclasses import replace

from twisted.internet.defer import maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from replkv.node.limits import NODE_LIMITS
from replkv.node.logrepair import LogRepair
from replkv.raft.repair import Repair
from tests.logged import logged
from tests.raft.network import ELECTION_TICKS
from tests.raft.servers import appendEntries, aServer, heartbeat


class LogRepairTests(SynchronousTestCase):
    """
    Tests for L{LogRepair}.
    """

    def setUp(self) -> None:
        """
        A server has one of two entries left.
        """
        self.lines = logged(self)
        self.clock = Clock()
        self.forgotten = 0
        self.error: OSError | None = None
        self.server = aServer(1)
        self.server.disk.repair = Repair(2, 1)
        self.server.restart()
        self.repair = self.begin()

    def begin(self) -> LogRepair:
        """
        Begin to look.
        """
        limits = replace(NODE_LIMITS, repairPatience=3.0)
        return LogRepair(self.server.raft, self.forget, maybeDeferred, self.clock, limits)

    def forget(self) -> None:
        """
        Note that it is repaired.
        """
        self.forgotten += 1
        if self.error is not None:
            raise self.error

    def wait(self, seconds: int) -> None:
        """
        Look each second.
        """
        for _ in range(seconds):
            self.clock.advance(1.0)
            self.repair.look()

    def finish(self) -> None:
        """
        It gets what it lacks.
        """
        self.server.receive(1, appendEntries(1, 1, 1, 1))
        self.server.sync()
        self.wait(2)

    def test_over(self) -> None:
        """
        When it is over, that is noted and told, once.
        """
        self.wait(1)
        self.assertEqual((self.forgotten, self.lines), (0, []))
        self.finish()
        self.assertEqual((self.forgotten, self.lines), (1, ["this server's log is repaired, and it votes again"]))

    def test_notNoted(self) -> None:
        """
        Where it cannot be noted, the operator is told what that means.
        """
        self.error = OSError(28, "No space left on device")
        self.finish()
        self.assertIn("done once more after the next start: ", self.lines[-1])
        self.assertIn("No space left on device", self.lines[-1])

    def test_noLeader(self) -> None:
        """
        Where nobody leads for long, the operator is told what to do; and again, when there was a leader, and is none.
        """
        self.wait(3)
        self.assertEqual(self.lines, [])
        self.wait(9)
        [line] = self.lines
        self.assertIn("no server leads, and this one cannot help to elect one", line)
        self.server.receive(1, heartbeat(1, 1, 1))
        self.wait(9)
        self.assertEqual(len(self.lines), 1)
        self.server.tick(3 * ELECTION_TICKS)
        self.wait(9)
        self.assertEqual(len(self.lines), 2)

    def test_nothing(self) -> None:
        """
        Of a log that lacks nothing, nothing is noted or told.
        """
        self.server.disk.repair = None
        self.server.restart()
        self.repair = self.begin()
        self.wait(9)
        self.assertEqual((self.forgotten, self.lines), (0, []))
