"""
Threads of a simulated process, and the pace of the disk that they wait for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from random import Random

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from replkv.storage.segment import NewFrame
from replkv.testing.cluster.process import Process
from replkv.testing.files import MemoryFiles, PowerLoss
from replkv.testing.span import Span
from replkv.testing.timeline import Timeline


class Pace:
    """
    How fast a disk is.

    @ivar seconds: how long one call takes, when nothing is wrong.
    """

    def __init__(self, seconds: Span) -> None:
        self.seconds = seconds
        self._slow: list[Span] = []
        self._hanging = 0
        self._waiting: list[Callable[[], None]] = []

    @property
    def hangs(self) -> bool:
        """
        Whether nothing gets done.
        """
        return self._hanging > 0

    def draw(self, random: Random) -> float:
        """
        How many seconds the next call takes.
        """
        return (self._slow[-1] if self._slow else self.seconds).draw(random)

    def slow(self, seconds: Span) -> Callable[[], None]:
        """
        Take so long for a while.

        @return: what ends it.
        """
        self._slow.append(seconds)
        return lambda: self._slow.remove(seconds)

    def hang(self) -> Callable[[], None]:
        """
        Do nothing for a while.

        @return: what ends it.
        """
        self._hanging += 1
        return self._recover

    def wait(self, goOn: Callable[[], None]) -> None:
        """
        Call C{goOn} when the disk hangs no longer.
        """
        self._waiting.append(goOn)

    def _recover(self) -> None:
        self._hanging -= 1
        if self.hangs:
            return
        waiting, self._waiting = self._waiting, []
        for goOn in waiting:
            goOn()


class Thread:
    """
    A L{Worker<replkv.service.host.Worker>}. All that a call does happens at once, when its time is over.
    """

    def __init__(
        self,
        timeline: Timeline,
        process: Process,
        random: Random,
        pace: Pace,
        worked: Callable[[], None],
    ) -> None:
        """
        @param worked: called when a call has been made and has not failed.
        """
        self._timeline = timeline
        self._process = process
        self._random = random
        self._pace = pace
        self._worked = worked
        self._calls: deque[tuple[Callable[[], None], Deferred[None]]] = deque()
        self._frames = 0

    @property
    def isBusy(self) -> bool:
        """
        Whether it is in a call.
        """
        return bool(self._calls)

    @property
    def isWriting(self) -> bool:
        """
        Whether there is a frame that is not written yet, though its log counts it in.
        """
        return self._frames > 0

    def start(self) -> None:
        """
        See L{Worker.start<replkv.service.host.Worker.start>}.
        """

    def stop(self) -> None:
        """
        See L{Worker.stop<replkv.service.host.Worker.stop>}.
        """

    def run(self, function: Callable[[], None]) -> Deferred[None]:
        """
        See L{Worker.run<replkv.service.host.Worker.run>}.
        """
        result: Deferred[None] = Deferred()
        self._calls.append((function, result))
        if len(self._calls) == 1:
            self._begin()
        return result

    def write(self, frame: NewFrame) -> Deferred[None]:
        """
        See L{Worker.write<replkv.service.host.Worker.write>}.
        """
        self._frames += 1
        return self.run(partial(self._write, frame))

    def interrupt(self, files: MemoryFiles) -> str | None:
        """
        The process ends while this thread is somewhere in a call.

        @param files: what the call works on.
        @return: what the call was about to do when it ended; C{None} if it was not at work.
        """
        if not self._calls:
            return None
        # A write takes two operations. One that begins a segment takes more, and ends in each of them now and then.
        files.powerLossAt = len(files.operations) + int(self._random.expovariate(0.5))
        try:
            function, _ = self._calls[0]
            function()
        except PowerLoss:
            kind, _ = files.operations[-1]
            return kind
        except Exception:
            # It found something wrong, and nobody is left to hear of it.
            return None
        finally:
            self._calls.clear()
        return None

    def _write(self, frame: NewFrame) -> None:
        frame.write()
        self._frames -= 1

    def _begin(self) -> None:
        self._timeline.callLater(self._pace.draw(self._random), self._process.perform, self._finish)

    def _finish(self) -> None:
        if self._pace.hangs:
            self._pace.wait(lambda: self._process.perform(self._finish))
            return
        function, result = self._calls.popleft()
        if self._calls:
            self._begin()
        try:
            function()
        except Exception:
            self._process.callLater(0, result.errback, Failure())
        else:
            self._worked()
            self._process.callLater(0, result.callback, None)
