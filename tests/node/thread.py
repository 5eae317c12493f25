"""
A thread in the test's hands.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from replkv.storage.segment import NewFrame


class Thread:
    """
    A thread that does its work when the test lets it.
    """

    def __init__(self) -> None:
        self._calls: deque[tuple[Callable[[], None], Deferred[None]]] = deque()

    def run(self, function: Callable[[], None]) -> Deferred[None]:
        """
        Have C{function} called.
        """
        self._calls.append((function, Deferred()))
        return self._calls[-1][1]

    def write(self, frame: NewFrame) -> Deferred[None]:
        """
        Have a frame written.
        """
        return self.run(frame.write)

    @property
    def waiting(self) -> int:
        """
        How many calls have not been made.
        """
        return len(self._calls)

    def work(self) -> bool:
        """
        Make the first call that waits.

        @return: whether there was one.
        """
        if not self._calls:
            return False
        function, result = self._calls.popleft()
        try:
            function()
        except Exception:
            result.errback(Failure())
        else:
            result.callback(None)
        return True
