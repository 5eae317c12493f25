"""
The judge on what a core keeps of its log in memory.
"""

from __future__ import annotations

from replkv.raft.entry import Entry
from replkv.raft.limits import RaftLimits
from replkv.raft.log import RaftLog
from replkv.raft.outputs import Load, Ready
from replkv.testing import rare
from replkv.testing.outcome import Violation
from tests.compiled import requireReplaceable
from tests.raft.network import Disk
from tests.testing.judged import JudgedNetwork, JudgeTests


class MemoryTests(JudgeTests):
    """
    Limits of memory.
    """

    def begin(self, limits: RaftLimits) -> None:
        """
        Have servers with other limits.
        """
        self.network = JudgedNetwork(Disk(), Disk(), Disk(), limits=limits)
        self.network.elect(0)
        self.network.tick(2)

    def test_kept(self) -> None:
        """
        No more than the limit is kept of what is committed and on the disk; what is neither may be.
        """
        self.begin(RaftLimits(cacheBytes=500))
        self.network.propose(0, bytes(1000))
        self.network.settle()
        self.network.propose(0, b"a")
        self.network.settle()
        requireReplaceable(RaftLog)
        self.patch(RaftLog, "forget", lambda log, index: None)
        self.network.propose(0, bytes(1000))
        error = self.assertRaises(Violation, self.network.settle)
        self.assertRegex(str(error), "keeps 1[0-9]{3} bytes of entries up to 4 in memory, .* and 500 are the most")

    def test_given(self) -> None:
        """
        No more than the limit is given out at once, unless it is one entry.
        """
        self.begin(RaftLimits(readyBytes=10))
        entries = [Entry(2, 1, bytes(6)), Entry(3, 1, bytes(6))]
        self.assertViolation(1, Ready(entries=entries), "has 12 bytes applied at once, and 10 are the most")

    def test_readBack(self) -> None:
        """
        What is read from the disk for a peer, and what for itself, is counted.
        """
        self.network.judge.check(self.network.seen[0], Ready(loads=[Load(1, 1, 1, 1), Load(0, 1, 1, 1)]))
        self.assertEqual((self.network.rare[rare.READ_BACK], self.network.rare[rare.BACKLOG_READ]), (1, 1))
