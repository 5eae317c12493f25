"""
The judge on logs, and on what is committed and applied.
"""

from __future__ import annotations

from replkv.raft.entry import Entry
from replkv.raft.leader import Leader
from replkv.raft.limits import RaftLimits
from replkv.raft.messages import AppendEntries
from replkv.raft.outputs import Ready
from replkv.raft.quorum import agreed
from replkv.testing import rare
from replkv.testing.outcome import Violation
from tests.compiled import requireReplaceable
from tests.patience import patiently
from tests.raft.network import HEARTBEAT_TICKS, Disk, entriesOf
from tests.testing.judged import JudgedNetwork, JudgeTests


class LogTests(JudgeTests):
    """
    Logs.
    """

    def test_gap(self) -> None:
        """
        No entry is written where the one before it is missing.
        """
        self.assertWrongWrite(1, "writes entry 3, and its log ends with 1", Entry(3, 1, b"a"))

    def test_twoEntries(self) -> None:
        """
        An index and a term name one entry: its data, and the entry before it.
        """
        self.network.propose(0, b"a")
        self.network.settle()
        self.network.servers[2].disk.entries.clear()
        self.network.restart(2)
        self.assertWrongWrite(2, "two entries 1 of term 1", Entry(1, 1, b"x"))

    def test_twoPasts(self) -> None:
        """
        An index and a term name all entries before it, too.
        """
        network = self.network = JudgedNetwork(*(Disk(entriesOf(term), 2) for term in (1, 1, 2)))
        network.partition((0, 1))
        network.elect(0)
        self.assertWrongWrite(2, "two entries 2 of term 3", Entry(2, 3, b""))

    def test_termGoesBackAlongTheLog(self) -> None:
        """
        Terms never decrease along a log.
        """
        self.assertWrongWrite(1, "writes entry 2 of term 0 after one of 1", Entry(2, 0, b"a"))

    def test_cutWithoutConflict(self) -> None:
        """
        No entry is removed but where it conflicts.
        """
        self.assertWrongWrite(1, "removes entry 1 of term 1, though there is no conflict", Entry(1, 1, b""))

    def test_committedCut(self) -> None:
        """
        What is committed is not removed.
        """
        self.assertWrongWrite(1, "removes entry 1, which is committed", Entry(1, 2, b""))

    def test_leaderCuts(self) -> None:
        """
        A leader removes nothing.
        """
        self.network.partition((1, 2))
        self.network.propose(0, b"a")
        self.assertWrongWrite(0, "removes entry 2 and leads", Entry(2, 2, b""))

    def test_notWritten(self) -> None:
        """
        All that is in a log is given to the disk.
        """
        self.raft(1).log.append(Entry(2, 1, b"a"))
        self.assertWrongState(1, "has entries up to 2, and gave its disk 1")

    def test_notSynced(self) -> None:
        """
        What is taken for synced is synced.
        """
        self.network.propose(0, b"a")
        self.raft(0).log.stableIndex = 2
        self.assertWrongState(0, "takes entry 2 of term 1 for synced")


class CommitTests(JudgeTests):
    """
    Commitment.
    """

    def test_goesBack(self) -> None:
        """
        commitIndex never goes back.
        """
        self.raft(1).state.commitIndex = 0
        self.assertWrongState(1, "goes back from commitIndex 1 to 0")

    def test_beyondTheLog(self) -> None:
        """
        Only what is in the log is committed.
        """
        self.raft(1).state.commitIndex = 2
        self.assertWrongState(1, "has commitIndex 2, and its log ends with 1")

    def test_notOnMajority(self) -> None:
        """
        What a leader commits is on a majority of disks, its own counted only when it is synced.
        """
        self.network.propose(0, b"a")
        self.raft(0).state.commitIndex = 2
        self.assertWrongState(0, "commits entry 2, which is on 0 disks of 3")
        self.network.servers[0].disk.sync()
        self.assertWrongState(0, "commits entry 2, which is on 1 disks of 3")
        self.network.servers[1].disk.entries.append(Entry(2, 1, b"a"))
        self.network.judge.check(self.network.seen[0], Ready())

    def test_followerCommits(self) -> None:
        """
        A follower commits nothing of its own accord.
        """
        self.network.hold = lambda envelope: envelope.to == 0
        self.network.propose(0, b"a")
        self.network.settle()
        self.raft(1).state.commitIndex = 2
        self.assertWrongState(1, "follows and commits entry 2, which no leader has committed")

    def test_deposedInTheSameTurn(self) -> None:
        """
        What a leader committed before it was deposed, in the same turn, is committed.
        """
        network = self.network
        network.hold = lambda envelope: envelope.to == 0
        network.propose(0, b"a")
        network.settle()
        raft = self.raft(0)
        for envelope in network.onTheWay:
            raft.step(envelope.sender, envelope.message)
        raft._follow(1, None)
        network.servers[0].pump()
        self.assertEqual((raft.commitIndex, network.judge.committed), (2, 2))

    def test_otherEntry(self) -> None:
        """
        All commit the same.
        """
        network = JudgedNetwork(*(Disk(entriesOf(*log), 2) for log in ((1, 2), (1, 2), (1, 1))))
        self.network = network
        network.partition((0, 1))
        network.elect(0)
        self.raft(2).state.commitIndex = 2
        self.assertWrongState(2, "commits entry 2 of term 1, and it was committed with term 2")

    def test_laterLeaderLacks(self) -> None:
        """
        What an earlier leader commits, a later one has.
        """
        network = self.network
        network.propose(0, b"a")
        network.servers[0].sync()
        network.onTheWay.clear()
        network.partition((1, 2))
        network.hold = lambda envelope: envelope.sender == 1 and isinstance(envelope.message, AppendEntries)
        network.elect(1)
        network.servers[2].disk.entries.append(Entry(2, 1, b"a"))
        self.raft(0).state.commitIndex = 2
        self.assertWrongState(0, "entry 2 of term 1 is committed, and leader 1 does not have it")


class AppliedTests(JudgeTests):
    """
    What is applied.
    """

    def setUp(self) -> None:
        """
        Have an entry committed that server 1 has not applied, nor brought to its disk.
        """
        super().setUp()
        network = self.network
        network.hold = lambda envelope: envelope.to == 1 and isinstance(envelope.message, AppendEntries)
        network.propose(0, b"a", b"b")
        network.settle()
        for envelope in network.onTheWay:
            self.raft(1).step(0, envelope.message)
        network.servers[1].pump()
        self.raft(1).state.commit(3)

    def test_gap(self) -> None:
        """
        Entries are applied without gaps.
        """
        self.assertViolation(1, Ready(entries=[Entry(3, 1, b"b")]), "applies entry 3 as its entry 2")

    def test_notOnOwnDisk(self) -> None:
        """
        Nothing is applied that is not on the server's own disk.
        """
        self.assertViolation(1, Ready(entries=[Entry(2, 1, b"a")]), "applies entry 2, which is not on its disk")

    def test_otherEntry(self) -> None:
        """
        All apply the same entry.
        """
        self.network.servers[1].disk.sync()
        self.assertViolation(1, Ready(entries=[Entry(2, 1, b"x")]), "applies another entry 2 than others did")

    def test_entryOfNobody(self) -> None:
        """
        What is applied is what was written.
        """
        network = self.network
        network.hold = lambda envelope: envelope.to == 0
        network.propose(0, b"c")
        network.settle()
        for envelope in network.onTheWay:
            self.raft(0).step(envelope.sender, envelope.message)
        self.assertViolation(0, Ready(entries=[Entry(4, 1, b"x")]), "applies an entry 4 of term 1 that nobody wrote")

    def test_notCommitted(self) -> None:
        """
        Nothing is applied that is not committed.
        """
        self.network.servers[1].disk.sync()
        self.raft(1).state.commitIndex = 2
        self.raft(1).log.stableIndex = 3
        entries = [Entry(2, 1, b"a"), Entry(3, 1, b"b")]
        self.assertViolation(1, Ready(entries=entries), "applies entry 3, which is not committed")

    def test_states(self) -> None:
        """
        All have the same state at the same index.
        """
        judge, seen = self.network.judge, self.network.seen
        judge.applied(seen[0], 1, b"one")
        judge.applied(seen[1], 1, b"one")
        judge.applied(seen[1], 2, b"other")
        error = self.assertRaises(Violation, judge.applied, seen[0], 2, b"two")
        self.assertRegex(str(error), "server 0 has another state than others had when they had applied 2 entries")

    def test_restart(self) -> None:
        """
        After a restart, a server holds nothing that is not committed, and still has what it has applied.
        """
        network = self.network
        network.servers[0].applied += [Entry(4, 1, b"c")]
        network.servers[0].disk.entries += [Entry(4, 1, b"c")]
        error = self.assertRaises(Violation, network.restart, 0, 4)
        self.assertRegex(str(error), "starts with entry 4 applied, which is not committed")
        network.servers[1].applied += [Entry(2, 1, b"a"), Entry(3, 1, b"b")]
        error = self.assertRaises(Violation, network.restart, 1, 3)
        self.assertRegex(str(error), "starts without entry 3, which it has applied")


class RareTests(JudgeTests):
    """
    Rare things of logs.
    """

    def test_conflictOverTerms(self) -> None:
        """
        A follower removes entries of two terms.
        """
        network = JudgedNetwork(*(Disk(entriesOf(*log), 4) for log in ((1, 4), (1, 4), (1, 2, 3))))
        network.partition((0, 1))
        network.elect(0)
        self.assertEqual(network.rare[rare.CONFLICT_OVER_TERMS], 0)
        network.heal()
        network.tick(HEARTBEAT_TICKS)
        self.assertEqual(network.rare[rare.CONFLICT_OVER_TERMS], 1)

    def test_replacedLeader(self) -> None:
        """
        A leader that does not know that another was elected is asked, and writes.
        """
        network = self.network
        network.partition((1, 2))
        network.elect(1)
        network.propose(0, b"a")
        network.read(0, "r")
        self.assertEqual(network.rare[rare.REPLACED_LEADER_APPENDED], 1)
        self.assertEqual(network.rare[rare.REPLACED_LEADER_ASKED], 1)


class Figure8Tests(JudgeTests):
    """
    Figure 8 of the Raft paper.
    """

    def setUp(self) -> None:
        """
        The cluster as the figure shows it before (c): S1 to S5 are servers 0 to 4. S1 led term 2 and S5 term 3. Each
        entry goes out in a message of its own.
        """
        logs = ((1, 2), (1, 2), (1,), (1,), (1, 3))
        self.network = JudgedNetwork(
            *(Disk(entriesOf(*log), currentTerm=3) for log in logs), limits=RaftLimits(batchBytes=1)
        )
        self.network.partition((0, 1, 2))
        self.network.hold = lambda envelope: (
            isinstance(envelope.message, AppendEntries)
            and any(entry.term == 4 for entry in envelope.message.batch.entries)
        )

    def test_counted(self) -> None:
        """
        A leader that commits entries of older terms since a majority has them is stopped at once.
        """

        def advanceCommit(leader: Leader) -> None:
            stable = leader.state.log.stableIndex
            leader.state.commit(agreed([stable, *(progress.matchIndex for progress in leader.progress.values())]))

        requireReplaceable(Leader)
        self.patch(Leader, "_advanceCommit", advanceCommit)
        error = self.assertRaises(Violation, self.network.elect, 0)
        self.assertRegex(str(error), "leads term 4 and counts entry 1 of term 1")

    def test_replaced(self) -> None:
        """
        That it does not is seen, and then that the entry is replaced.
        """
        network = self.network
        network.elect(0)
        self.assertEqual(network.rare[rare.INHERITED_UNCOMMITTED], 1)
        self.assertEqual(network.rare[rare.OLD_TERM_NOT_COUNTED], 2)
        network.onTheWay.clear()
        network.hold = lambda envelope: False
        network.crash(0)
        network.partition((1, 2, 3, 4))
        network.servers[4].tick(60)
        network.settle()
        for _ in patiently("server 4 leads"):
            if network.servers[4].leads:
                break
            network.elect(4)
        self.assertEqual(network.rare[rare.FIGURE_8], 1)

    def test_committed(self) -> None:
        """
        Where the entry of term 4 reaches a majority, that of term 2 is committed with it.
        """
        self.network.hold = lambda envelope: False
        self.network.elect(0)
        self.assertEqual(self.network.rare[rare.FIGURE_8], 0)
        self.assertEqual(self.network.rare[rare.OLD_TERM_COMMITTED], 2)
