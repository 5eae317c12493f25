"""
Mistakes that a node could be built with, planted one by one: each makes a test fail that passes without it.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

import replkv.node.clusterclock
import replkv.peers.acquaintances
from replkv.commands.results import Found, NotFound, Result, Stored, Unavailable
from replkv.frontends.request import Request
from replkv.kv.machine import StateMachine
from replkv.node.applier import Applier
from replkv.node.clusterclock import ClusterClock, bridged
from replkv.node.diskqueue import DiskQueue
from replkv.node.executor import Executor
from replkv.node.leaderclock import LeaderClock
from replkv.node.limits import NodeLimits
from replkv.node.node import Node
from replkv.node.pending import Deadlines, Proposals
from replkv.node.ticks import Ticks
from replkv.peers.receiver import Timed
from replkv.raft.entry import Entry
from replkv.storage.clockrecord import ClockRecord
from replkv.testing.cluster.clocks import EPOCH
from tests.node import (
    test_applier,
    test_clusterclock,
    test_diskqueue,
    test_expiry,
    test_failures,
    test_leadership,
    test_pending,
    test_ticks,
    test_writes,
    test_wrong_clocks,
)
from tests.planted.planting import PlantingTests


def _allThatHavePassed(ticks: Ticks) -> int:
    now = ticks._clock.seconds()
    passed = int((now - ticks._counted) / ticks._seconds)
    ticks._counted = now
    ticks._left -= passed
    return passed


class NodeMistakesTests(PlantingTests):
    """
    Every test here plants one mistake.
    """

    def test_readForgetsWrite(self) -> None:
        """
        A pipelined read does not see the write before it.
        """
        self.plant("a pipelined read that misses the write before it")
        self.assertCaught(test_writes.PipelineTests, "test_getSeesSet", "test_alternating")

    def test_pauseMadeUpFor(self) -> None:
        """
        All ticks count that have passed while a process stood still.
        """
        self.patch(Ticks, "_passed", _allThatHavePassed)
        self.assertCaught(test_ticks.TicksTests, "test_notMadeUpFor", "test_paused", "test_catchUpAfterPause")

    def test_appliesToNewStore(self) -> None:
        """
        What was to be applied to the old store is applied to the one that takes its place.
        """
        self.patch(Applier, "restart", lambda applier: None)
        self.assertCaught(test_applier.SnapshotTests, "test_left", "test_flush")

    def test_readWithoutQuorum(self) -> None:
        """
        A leader answers reads without making sure that it still leads.
        """
        self.plant("a read is answered without a quorum")
        self.assertCaught(test_leadership.DeposedTests, "test_read")

    def test_readSeesLaterWrite(self) -> None:
        """
        All entries are applied before any read is answered.
        """

        def take(applier: Applier, entries: list[Entry], reads: list[Any]) -> None:
            if entries:
                applier._toDo.append(entries)
            applier._toDo.extend(token for _, tokens in reads for token in tokens)

        self.patch(Applier, "take", take)
        self.assertCaught(test_writes.PipelineTests, "test_getDoesNotSeeLaterSet", "test_alternating")

    def test_readOfDeposedLeader(self) -> None:
        """
        A read that its leader could not confirm is answered all the same.
        """
        self.patch(Executor, "readAgain", lambda taken, read: not read.request.isAnswered and taken.answer(read))
        self.assertCaught(test_leadership.DeposedTests, "test_read")

    def test_readOvertaken(self) -> None:
        """
        A read is submitted again though its connection has written since.
        """
        self.patch(Executor, "readAgain", lambda taken, read: taken._resubmit([read.request]))
        self.assertCaught(test_leadership.DeposedTests, "test_readNotOvertaken")

    def test_foundByIndexAlone(self) -> None:
        """
        A waiting client is found by the index of its entry alone.
        """
        applied = Proposals.applied

        def byIndex(proposals: Proposals, entries: list[Entry], results: list[Result | None]) -> None:
            terms = {index: term for index, (term, _) in proposals._requests.items()}
            applied(proposals, [entry._replace(term=terms.get(entry.index, entry.term)) for entry in entries], results)

        self.patch(Proposals, "applied", byIndex)
        self.assertCaught(test_pending.ProposalsTests, "test_otherLeadersEntry")

    def test_redirectOfTakenWrite(self) -> None:
        """
        A deposed leader redirects the writes that it had taken.
        """
        self.plant("failure told for a write that commits")
        self.assertCaught(test_pending.ProposalsTests, "test_abandon")
        self.assertCaught(test_leadership.DeposedTests, "test_write", "test_writeThatWins", "test_deposedByNewTerm")

    def test_takenWriteForgotten(self) -> None:
        """
        A deposed leader says nothing of the writes that it had taken.
        """
        self.patch(Proposals, "abandon", lambda *_: None)
        self.assertCaught(test_leadership.DeposedTests, "test_write")

    def test_failedWriteDenied(self) -> None:
        """
        A write without a result in time is told to have found nothing.
        """
        answer = Request.answer

        def deny(request: Request, result: Result) -> None:
            answer(request, NotFound() if isinstance(result, Unavailable) else result)

        self.patch(Request, "answer", deny)
        self.assertCaught(test_writes.LimitsTests, "test_timeOut")

    def test_answeredWhenProposed(self) -> None:
        """
        A write is answered when the leader's own disk has it.
        """
        persisted = Node._persisted

        def hasty(node: Node, seq: int) -> None:
            persisted(node, seq)
            for index, (_, request) in list(node.executor._proposals._requests.items()):
                if not request.isAnswered:
                    request.answer(Stored(index))

        self.patch(Node, "_persisted", hasty)
        self.assertCaught(test_writes.MajorityTests, "test_majority", "test_ownDiskIsNotEnough")

    def test_localClock(self) -> None:
        """
        Each server's own clock decides what has expired.
        """
        apply = StateMachine.apply
        wrong = {0: 0.0, 1: test_wrong_clocks.YEAR, 2: -test_wrong_clocks.YEAR}
        known: dict[StateMachine, int] = {}

        def byLocalClock(machine: StateMachine, entries: list[Entry]) -> list[Result | None]:
            if entries[-1].index == 1:
                # The leader of another cluster applies this by itself, and first.
                known.clear()
            number = known.setdefault(machine, len(known))
            machine._records.clock = max(machine.clock, int((EPOCH + wrong[number]) * 1000))
            return apply(machine, entries)

        self.patch(StateMachine, "apply", byLocalClock)
        self.assertCaught(test_wrong_clocks.WrongClockTests, "test_followersDoNotMatter")

    def test_leaderIsNotFollowed(self) -> None:
        """
        No server takes over what the leader tells of the time, so that the next leader has a time of its own.
        """
        self.patch(ClusterClock, "follow", lambda clock, time: None)
        self.assertCaught(test_wrong_clocks.WrongClockTests, "test_failOver", "test_restarted")

    def test_everyLeaderIsFollowed(self) -> None:
        """
        A leader of an earlier term is followed too.
        """
        requested = Node.requested

        def follow(node: Node, sender: int, request: Timed) -> Deferred[Timed]:
            node._clusterClock.follow(request.time)
            return requested(node, sender, request)

        self.patch(Node, "requested", follow)
        self.assertCaught(test_wrong_clocks.WrongClockTests, "test_oldLeader")

    def test_votersAreNotHeard(self) -> None:
        """
        A server that has only guessed the time leads with that, whatever its voters know.
        """
        self.patch(ClusterClock, "learn", lambda clock, time, leads: None)
        self.assertCaught(test_wrong_clocks.WrongClockTests, "test_learntFromVoters")

    def test_guessesAreTold(self) -> None:
        """
        A server tells the time to candidates, though it has only guessed it.
        """
        init = ClusterClock.__init__

        def sure(clock: ClusterClock, *args: Any) -> None:
            init(clock, *args)
            clock.isMeasured = True

        self.patch(ClusterClock, "__init__", sure)
        self.assertCaught(test_wrong_clocks.WrongClockTests, "test_guessIsNotTold")

    def test_neverSlower(self) -> None:
        """
        A server goes forward with the leader, and never back.
        """
        follow = ClusterClock.follow

        def ratchet(clock: ClusterClock, time: int) -> None:
            if not clock.isMeasured or time > clock.now():
                follow(clock, time)

        self.patch(ClusterClock, "follow", ratchet)
        self.assertCaught(test_clusterclock.ClusterClockTests, "test_otherRate")

    def test_backAtOnce(self) -> None:
        """
        A server believes every message, however long it has waited.
        """
        follow = ClusterClock.follow

        def believe(clock: ClusterClock, time: int) -> None:
            clock.isMeasured = False
            follow(clock, time)

        self.patch(ClusterClock, "follow", believe)
        self.assertCaught(test_clusterclock.ClusterClockTests, "test_staleMessages", "test_delaysDoNotAddUp")

    def test_bootIsNotAsked(self) -> None:
        """
        A server that is started again asks the wall clock how long it was down, though the machine was up.
        """

        def byWallClock(record: ClockRecord, *now: Any) -> int:
            return bridged(record._replace(bootId=""), *now)

        self.patch(test_clusterclock, "bridged", byWallClock)
        self.assertCaught(test_clusterclock.BridgedTests, "test_sameBoot")

    def test_stampsOfUnappliedForgotten(self) -> None:
        """
        A new leader looks for the largest stamp only among the entries that are applied, and not again when the others
        are applied.
        """
        self.patch(LeaderClock, "applied", lambda clock: None)
        self.patch(replkv.node.clusterclock, "stampOf", lambda data: 0)
        self.assertCaught(test_wrong_clocks.WrongClockTests, "test_stampsOfUnappliedEntries")

    def plantHastyExpiry(self) -> None:
        """
        The leader's time decides what has expired, and the log is not asked.
        """
        answer = Executor.answer

        def hasty(taken: Executor, read: Any) -> int:
            record = taken._machine.read(read.request.command.key)
            if not read.request.isAnswered and record is not None and 0 < record.deadline <= read.time:
                read.request.answer(NotFound())
                return 0
            return answer(taken, read)

        self.patch(LeaderClock, "entryFor", lambda clock, key, now: 0)
        self.patch(Executor, "answer", hasty)

    def test_expiredKeyComesBack(self) -> None:
        """
        A key that has expired comes back under another leader.
        """
        self.plantHastyExpiry()
        self.assertCaught(test_wrong_clocks.WrongClockTests, "test_doesNotComeBack")
        self.assertCaught(test_expiry.ReadTests, "test_waitsForTheLog", "test_casBefore")

    def test_nothingFreed(self) -> None:
        """
        What has expired is freed only where something is written.
        """
        self.patch(LeaderClock, "tick", lambda clock: clock._clusterClock.lead())
        self.assertCaught(test_expiry.ClockEntryTests, "test_idle", "test_manyKeys")

    def test_secondsRoundedDown(self) -> None:
        """
        The seconds that are left are rounded down.
        """
        answer = Request.answer

        def down(request: Request, result: Result) -> None:
            if isinstance(result, Found):
                result = Found(result.version, max(0, result.left - 1), result.value)
            answer(request, result)

        self.patch(Request, "answer", down)
        self.assertCaught(test_expiry.SecondsTests, "test_roundedUp")

    def test_diskFailureIgnored(self) -> None:
        """
        A node goes on when its disk has failed.
        """
        self.patch(Node, "_broken", lambda node, failure: None)
        self.assertCaught(test_failures.DiskTests, "test_leader", "test_follower")

    def test_noBound(self) -> None:
        """
        A node takes whatever comes.
        """
        self.patch(Proposals, "isFullFor", lambda proposals, size: False)
        self.assertCaught(test_writes.LimitsTests, "test_hungDisks")
        self.patch(Deadlines, "isFullFor", lambda deadlines, size: False)
        self.assertCaught(test_pending.DeadlinesTests, "test_full")

    def test_writersStarveReaders(self) -> None:
        """
        The values of writes take up the room of reads too.
        """
        isFullFor = Deadlines.isFullFor
        self.patch(Deadlines, "isFullFor", lambda deadlines, size: isFullFor(deadlines, 1))
        self.assertCaught(test_writes.LimitsTests, "test_tooLarge")

    def test_bytesStayCounted(self) -> None:
        """
        What has waited is forgotten, but not its size: after some time there is room for nothing.
        """
        self.plant("the bytes of commands whose time is up stay counted")
        self.assertCaught(test_pending.DeadlinesTests, "test_bytesGivenBack")

    def test_foundInItsLastMillisecond(self) -> None:
        """
        A key whose time is just over is found, with no second left: that is, for ever.
        """
        answer = Executor.answer

        def late(taken: Executor, read: Any) -> int:
            record = taken._machine.read(read.request.command.key)
            if record is not None and record.deadline == read.time and not read.request.isAnswered:
                read.request.answer(Found(record.version, 0, record.value))
                return 0
            return answer(taken, read)

        self.patch(Executor, "answer", late)
        self.assertCaught(test_expiry.ReadTests, "test_expiredInTheMillisecond")

    def test_syncForEach(self) -> None:
        """
        Each thing that is written is synced by itself.
        """
        init = DiskQueue.__init__

        def each(queue: DiskQueue, *given: Any) -> None:
            init(queue, *given)
            queue._limits = NodeLimits(writeBytes=1)

        self.patch(DiskQueue, "__init__", each)
        self.assertCaught(test_diskqueue.DiskQueueTests, "test_groupCommit")
        self.assertCaught(test_writes.MajorityTests, "test_oneSync")
