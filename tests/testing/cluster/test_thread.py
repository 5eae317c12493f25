"""
Tests for simulated threads and the disk that they wait for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from replkv.storage.segments import segmentNumbers
from replkv.testing.cluster.thread import Pace, Thread
from replkv.testing.files import MemoryFiles
from replkv.testing.span import Span
from tests.storage.model import FOLDER, append, openLog
from tests.testing.cluster.hosts import Hosts

FASTEST, SLOWEST = 1.0, 2.0


class ThreadCase(SynchronousTestCase):
    """
    A thread in a process, on a disk on which a call takes from one to two seconds.
    """

    def setUp(self) -> None:
        """
        Start it.
        """
        self.hosts = Hosts()
        self.pace = Pace(Span(FASTEST, SLOWEST))
        self.worked = 0
        self.done: list[str] = []
        self.thread = self.start(0)

    def start(self, seed: int) -> Thread:
        """
        Start a thread.
        """
        return Thread(self.hosts.timeline, self.hosts.near, Random(seed), self.pace, self.count)

    def count(self) -> None:
        """
        Count a call that has not failed.
        """
        self.worked += 1

    def call(self, name: str) -> Deferred[None]:
        """
        Have something called in the thread.
        """
        return self.thread.run(partial(self.done.append, name))


class ThreadTests(ThreadCase):
    """
    Tests for calls in threads.
    """

    def test_takesTime(self) -> None:
        """
        A call takes as long as the disk takes; then it is made at once, and is told a little later.
        """
        result = self.call("a")
        self.assertTrue(self.thread.isBusy)
        self.hosts.run(FASTEST - 0.01)
        self.assertEqual((self.done, self.worked), ([], 0))
        while not self.done:
            self.hosts.timeline.step()
        self.assertNoResult(result)
        self.assertEqual((self.thread.isBusy, self.worked), (False, 1))
        self.assertTrue(FASTEST < self.hosts.timeline.seconds() < SLOWEST)
        self.hosts.run(0.01)
        self.assertIsNone(self.successResultOf(result))

    def test_pace(self) -> None:
        """
        How long a call takes differs, and depends on the pace of the disk when it begins.
        """
        times: list[float] = []
        self.pace.seconds = Span(10.0, 11.0)
        for _ in range(20):
            began = self.hosts.timeline.seconds()
            self.call("a")
            while self.thread.isBusy:
                self.hosts.timeline.step()
            times.append(self.hosts.timeline.seconds() - began)
        self.assertTrue(all(10 <= time <= 11 for time in times))
        self.assertGreater(len(set(times)), 10)

    def test_oneAfterTheOther(self) -> None:
        """
        Calls are made one at a time, in the order in which they were asked for, each after its own time.
        """
        for name in "abcdef":
            self.call(name)
        for count in range(1, 7):
            while len(self.done) < count:
                self.hosts.timeline.step()
            self.assertTrue(count * FASTEST < self.hosts.timeline.seconds() < count * SLOWEST)
        self.assertEqual(self.done, list("abcdef"))
        self.assertFalse(self.thread.isBusy)

    def test_askedWhenDone(self) -> None:
        """
        Who hears that a call is done can ask for the next one.
        """
        self.call("a").addCallback(lambda _: self.call("b"))
        self.hosts.run(2 * SLOWEST + 0.01)
        self.assertEqual(self.done, ["a", "b"])

    def test_failure(self) -> None:
        """
        Who asked for a call is told what it raised, and the next one is made.
        """
        failing = self.thread.run(lambda: 1 // 0)  # type: ignore[arg-type]
        following = self.call("b")
        self.hosts.run(2 * SLOWEST + 0.01)
        self.failureResultOf(failing, ZeroDivisionError)
        self.successResultOf(following)
        self.assertEqual(self.worked, 1)

    def test_hangs(self) -> None:
        """
        While the disk hangs nothing is done. All threads on it go on when it recovers.
        """
        other = self.start(1)
        goOn = self.pace.hang()
        waiting = [self.call("a"), other.run(partial(self.done.append, "b")), self.call("c")]
        self.hosts.run(100)
        self.assertEqual(self.done, [])
        self.assertTrue(self.thread.isBusy)
        goOn()
        self.assertEqual(sorted(self.done), ["a", "b"])
        self.hosts.run(SLOWEST + 0.01)
        self.assertEqual(self.done[2:], ["c"])
        for result in waiting:
            self.successResultOf(result)

    def test_hangsInTheMiddle(self) -> None:
        """
        A disk that hangs only while a call is under way does not make it later.
        """
        self.call("a")
        goOn = self.pace.hang()
        self.hosts.run(FASTEST / 2)
        goOn()
        self.hosts.run(SLOWEST - FASTEST / 2)
        self.assertEqual(self.done, ["a"])

    def test_paused(self) -> None:
        """
        The threads of a paused process do nothing; they have done their work when it goes on.
        """
        result = self.call("a")
        self.hosts.near.pause()
        self.hosts.run(100)
        self.assertEqual(self.done, [])
        self.hosts.near.resume()
        self.assertEqual(self.done, ["a"])
        self.hosts.run(0.01)
        self.successResultOf(result)

    def test_ended(self) -> None:
        """
        The threads of a process that has ended do nothing, also if their disk hung.
        """
        self.call("a")
        goOn = self.pace.hang()
        self.hosts.run(SLOWEST)
        self.call("b")
        self.hosts.near.end()
        goOn()
        self.hosts.run(100)
        self.assertEqual(self.done, [])


class InterruptTests(ThreadCase):
    """
    Tests for threads whose process ends in the middle of a call.
    """

    def interrupt(self, seed: int, function: Callable[[MemoryFiles], None]) -> tuple[MemoryFiles, str | None]:
        """
        Interrupt a call.

        @return: its disk, and the operation in which it ended.
        """
        files = MemoryFiles()
        files.makeFolder("/folder")
        thread = self.start(seed)
        thread.run(partial(function, files))
        operation = thread.interrupt(files)
        self.assertFalse(thread.isBusy)
        return files, operation

    def test_everyOperation(self) -> None:
        """
        A call may end in each of its operations, and also when all are done. What it had done before, and nothing
        after that, was given to the system.
        """

        def work(files: MemoryFiles) -> None:
            file = files.open("/folder/a", create=True)
            file.write(0, b"data")
            file.sync()
            files.rename("/folder/a", "/folder/b")
            files.syncFolder("/folder")

        seen: dict[str | None, dict[str, bytes]] = {}
        for seed in range(200):
            files, operation = self.interrupt(seed, work)
            found = files.afterKill().contents()
            self.assertEqual(seen.setdefault(operation, found), found)
        whole = {"/folder/b": b"data"}
        self.assertEqual(
            seen,
            {
                "create": {},
                "write": {"/folder/a": b"data"},
                "sync": {"/folder/a": b"data"},
                "rename": {"/folder/a": b"data"},
                "syncFolder": whole,
                None: whole,
            },
        )

    def test_powerLoss(self) -> None:
        """
        If the power goes too, what was not synced may be there or not.
        """

        def work(files: MemoryFiles) -> None:
            file = files.open("/folder/a", create=True)
            files.syncFolder("/folder")
            file.write(0, b"data")
            file.sync()

        seen: dict[str | None, set[bytes | None]] = {}
        for seed in range(300):
            files, operation = self.interrupt(seed, work)
            found = files.afterPowerLoss(Random(seed)).contents()
            seen.setdefault(operation, set()).add(found.get("/folder/a"))
        self.assertEqual(seen.pop("create"), {None})
        self.assertEqual(seen.pop("syncFolder"), {None, b""})
        self.assertEqual(seen.pop("write"), {b"", b"data"})
        self.assertEqual(seen.pop("sync"), {b"", b"data"})
        self.assertEqual(seen, {None: {b"data"}})

    def test_idle(self) -> None:
        """
        A thread that does nothing is in no call, and its disk is left alone.
        """
        files = MemoryFiles()
        self.assertIsNone(self.thread.interrupt(files))
        files.makeFolder("/folder")

    def test_queued(self) -> None:
        """
        The calls behind it are not made.
        """
        files = MemoryFiles()
        self.thread.run(partial(files.makeFolder, "/folder"))
        self.call("behind")
        self.hosts.near.end()
        self.thread.interrupt(files)
        self.hosts.run(100)
        self.assertEqual(self.done, [])

    def test_error(self) -> None:
        """
        A call that would have failed has nobody to tell.
        """
        result = self.thread.run(lambda: 1 // 0)  # type: ignore[arg-type]
        self.hosts.near.end()
        self.assertIsNone(self.thread.interrupt(MemoryFiles()))
        self.hosts.run(100)
        self.assertNoResult(result)

    def test_twoThreads(self) -> None:
        """
        When one thread was cut off in an operation, the other one does not get any further.
        """
        for seed in range(20):
            files = MemoryFiles()
            files.makeFolder("/folder")
            threads = [self.start(seed), self.start(seed + 1)]
            for thread in threads:
                thread.run(partial(files.open, f"/folder/{threads.index(thread)}", create=True))  # type: ignore[arg-type]
            first = threads[0].interrupt(files)
            second = threads[1].interrupt(files)
            self.assertFalse(first == "create" and second is None, f"seed {seed}")

    def test_log(self) -> None:
        """
        A log whose write was cut off, also one that begins a segment, opens again and holds the write or not.
        """
        seen: set[tuple[str | None, int, int]] = set()
        for seed in range(300):
            files = MemoryFiles()
            log = openLog(files)
            for index in (1, 2, 3):
                log.write([append(index, 1, bytes(1100))])
            log.prepare()
            thread = self.start(seed)
            thread.run(partial(log.write, [append(4, 1, bytes(1100))]))
            operation = thread.interrupt(files)
            survivor = files.afterPowerLoss(Random(seed)) if seed % 2 else files.afterKill()
            seen.add((operation, openLog(survivor, 1).lastIndex, len(segmentNumbers(survivor, FOLDER))))
        self.assertIn(("rename", 3, 1), seen)
        self.assertIn(("syncFolder", 3, 2), seen)
        self.assertIn(("write", 4, 2), seen)
        self.assertEqual({last for _, last, _ in seen}, {3, 4})
