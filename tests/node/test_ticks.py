"""
Tests for how a server counts ticks, and sleeps through some: L{replkv.node.ticks}.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from replkv.node.ticks import Ticks
from replkv.raft.core import Raft
from tests.node.leading import LeaderTests

TICK = 1 / 64
"""
Sums of it are exact.
"""


class CountingRaft:
    """
    A core that counts ticks, and does nothing with them.

    @ivar ticks: how many it has counted.
    @ivar restTicks: as those of a core.
    """

    def __init__(self) -> None:
        self.ticks = 0
        self.restTicks = 1

    def tick(self) -> None:
        """
        One tick passed.
        """
        self.ticks += 1


class TicksTests(SynchronousTestCase):
    """
    Tests for L{Ticks}.
    """

    def setUp(self) -> None:
        """
        Begin to count.
        """
        self.clock = Clock()
        self.raft = CountingRaft()
        self.woken = 0
        self.isIdle = True
        self.ticks = Ticks(cast(Raft, self.raft), self.clock, TICK, self.wake)
        self.ticks.start()

    def wake(self) -> None:
        """
        Count, and sleep on.
        """
        self.woken += 1
        self.ticks.count()
        self.ticks.rest(self.isIdle)

    def sleep(self, ticks: int) -> None:
        """
        Sleep for so many ticks, from now on, and have counted none.
        """
        self.raft.restTicks = ticks
        self.clock.advance(TICK)
        self.raft.ticks = self.woken = 0

    def test_each(self) -> None:
        """
        Where something may come of each, each has a timer. They stay in step where one is late by a part of one.
        """
        self.clock.pump([TICK] * 20)
        self.assertEqual((self.raft.ticks, self.woken), (20, 20))
        self.clock.pump([1.75 * TICK, 0.25 * TICK])
        self.assertEqual((self.raft.ticks, self.woken), (22, 22))

    def test_notMadeUpFor(self) -> None:
        """
        A timer that comes late counts for one tick.
        """
        for late in (2.25, 7.0, 100_000.0):
            self.clock.advance(late * TICK)
        self.assertEqual(self.raft.ticks, 3)
        self.clock.advance(0.75 * TICK)
        self.assertEqual(self.raft.ticks, 3)

    def test_sleeps(self) -> None:
        """
        Where nothing comes of some, there is one timer for all of them, and when it comes, all of them count.
        """
        self.sleep(5)
        self.clock.advance(4.75 * TICK)
        self.assertEqual((self.raft.ticks, self.woken), (0, 0))
        self.clock.advance(0.25 * TICK)
        self.assertEqual((self.raft.ticks, self.woken), (5, 1))
        self.clock.pump([TICK] * 100)
        self.assertEqual((self.raft.ticks, self.woken), (105, 21))

    def test_notIdle(self) -> None:
        """
        Nobody sleeps while somebody else counts ticks.
        """
        self.isIdle = False
        self.sleep(5)
        self.clock.pump([TICK] * 10)
        self.assertEqual((self.raft.ticks, self.woken), (10, 10))

    def test_lateByLessThanATick(self) -> None:
        """
        A timer that is hardly late says nothing; the next one is not late for it.
        """
        self.sleep(5)
        self.clock.advance(5.75 * TICK)
        self.clock.advance(4.25 * TICK)
        self.assertEqual((self.raft.ticks, self.woken), (10, 2))

    def test_paused(self) -> None:
        """
        By as many ticks as a timer is late, fewer count. Of a long pause, one does.
        """
        for late, counted in ((6, 4), (7, 3), (9, 1), (10, 1), (100_000, 1)):
            self.sleep(5)
            self.clock.advance(late * TICK)
            self.assertEqual(self.raft.ticks, counted)
            # Nor is anything made up for later.
            self.clock.advance(0.75 * TICK)
            self.assertEqual(self.raft.ticks, counted)
            self.setUp()

    def test_catchUp(self) -> None:
        """
        When something happens, what has passed of a sleep is counted; the rest is not lost, nor counted twice.
        """
        self.sleep(5)
        self.clock.advance(2.5 * TICK)
        self.ticks.catchUp()
        self.assertEqual(self.raft.ticks, 2)
        self.clock.advance(0.25 * TICK)
        self.ticks.catchUp()
        self.assertEqual(self.raft.ticks, 2)
        self.clock.advance(2.25 * TICK)
        self.assertEqual((self.raft.ticks, self.woken), (5, 1))

    def test_catchUpAfterPause(self) -> None:
        """
        What comes first after a long pause finds that one tick has passed, and no more are counted with it.
        """
        self.sleep(5)
        self.clock.rightNow += 1000 * TICK  # The timer has not come yet.
        self.ticks.catchUp()
        self.ticks.catchUp()
        self.assertEqual(self.raft.ticks, 1)
        self.clock.advance(0)
        self.clock.advance(TICK / 2)
        self.assertEqual(self.raft.ticks, 1)

    def test_timersOwn(self) -> None:
        """
        A tick that is not slept through is counted by its timer and by nothing else, since something may come of it:
        what came before, in a process that stood still, is to be seen before that.
        """
        self.sleep(1)
        self.clock.rightNow += 1000 * TICK
        self.ticks.catchUp()
        self.assertEqual(self.raft.ticks, 0)
        self.clock.advance(0)
        self.assertEqual(self.raft.ticks, 1)

    def test_look(self) -> None:
        """
        When something has happened, a sleep may be shorter than it was to be, or longer; the ticks stay in step. One
        that is not asleep does not fall asleep.
        """
        self.sleep(9)
        self.clock.advance(3.5 * TICK)
        self.ticks.catchUp()
        self.raft.restTicks = 2
        self.ticks.look(isIdle=True)
        self.clock.advance(1.25 * TICK)
        self.assertEqual(self.raft.ticks, 3)
        self.clock.advance(0.25 * TICK)
        self.assertEqual(self.raft.ticks, 5)
        self.raft.restTicks = 5
        self.ticks.look(isIdle=True)
        self.clock.advance(4.75 * TICK)
        self.assertEqual(self.raft.ticks, 5)
        self.clock.advance(0.25 * TICK)
        self.assertEqual(self.raft.ticks, 10)
        self.ticks.look(isIdle=False)
        self.raft.restTicks = 5
        self.ticks.look(isIdle=True)
        self.clock.advance(TICK)
        self.assertEqual(self.raft.ticks, 11)

    def test_stopped(self) -> None:
        """
        One that is stopped counts nothing.
        """
        self.sleep(5)
        self.clock.advance(2 * TICK)
        self.ticks.stop()
        self.clock.advance(100 * TICK)
        self.ticks.catchUp()
        self.ticks.look(isIdle=False)
        self.assertEqual((self.raft.ticks, self.woken, self.clock.getDelayedCalls()), (0, 0, []))


class _Writer:
    """
    A connection that has something to write.
    """

    def __init__(self, write: Callable[[], None]) -> None:
        self.writeReplies = write


class IdleTests(LeaderTests):
    """
    Tests for servers that have nothing to do.
    """

    def countTurns(self) -> dict[int, int]:
        """
        Tell how often each server looks what is to be done, in two seconds.
        """
        turns = dict.fromkeys([server.id for server in self.cluster.servers], 0)
        for server in self.cluster.servers:

            def watched(of: int = server.id, handOut: Callable[[], None] = server.node._handOut) -> None:
                turns[of] += 1
                handOut()

            self.patch(server.node, "_handOut", watched)
        self.cluster.run(2)
        return turns

    def test_sleep(self) -> None:
        """
        Servers that have nothing to do do it with each heartbeat. Nothing comes of the answers to one.
        """
        self.cluster.run(1)
        turns = self.countTurns()
        beats = round(2 / self.cluster.servers[0].service._on.config.heartbeat)
        for server in self.cluster.servers:
            self.assertLess(turns[server.id], 1.5 * beats)

    def test_answered(self) -> None:
        """
        Where something has happened of which nothing comes but an answer to a client, that is written at once.
        """
        node, clock = self.leader.node, self.leader.node._clock
        written: list[float] = []
        node._outbox.add(_Writer(lambda: written.append(clock.seconds())))
        began = clock.seconds()
        node._hear(lambda: None)
        self.cluster.run(1)
        self.assertEqual([round(time - began, 4) for time in written], [0.0])

    def test_pausedFollower(self) -> None:
        """
        A follower that stood still, at any point of its sleep, asks for no election when it goes on: it reads first
        what has come meanwhile.
        """
        asked: list[int] = []
        self.patch(Raft, "_campaign", lambda raft: asked.append(raft.config.id))
        follower = self.followers[0]
        for step in range(12):
            self.cluster.run(0.4 + step / 190)
            follower.pause()
            self.cluster.run(0.3 + step * 0.3)
            follower.resume()
        self.cluster.run(0.2)
        self.assertEqual(asked, [])
