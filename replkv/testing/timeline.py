"""
Simulated time.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable

from twisted.internet.base import DelayedCall
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock


class Timeline(Clock):
    """
    A clock that goes from one call to the next, so that each is made at the very time for which it was asked. Calls for
    the same time are made in the order in which they were asked for.

    @ivar actor: the host on which something is happening; empty where it is none.
    @ivar stirred: the hosts on which something has happened since this was last cleared.
    """

    calls: list[DelayedCall]

    def __init__(self) -> None:
        super().__init__()
        self.actor = ""
        self.stirred: set[str] = set()

    def callLater(self, delay: float, callable: Callable[..., object], *args: object, **kw: object) -> IDelayedCall:  # noqa: A002
        """
        See L{twisted.internet.interfaces.IReactorTime.callLater}.
        """
        assert delay >= 0, f"a call {-delay} s ago"
        call = DelayedCall(self.rightNow + delay, callable, args, kw, self.calls.remove, self._earlier, self.seconds)
        insort(self.calls, call, key=_due)
        return call

    @property
    def next(self) -> float | None:
        """
        When the next call is due; C{None} where there is none.
        """
        while self.calls and self.calls[0].delayed_time > 0:
            # It was put off, and stands where it was.
            call = self.calls.pop(0)
            call.activate_delay()
            insort(self.calls, call, key=_due)
        return self.calls[0].time if self.calls else None

    def step(self) -> None:
        """
        Go on to the next call, and make it.
        """
        due = self.next
        assert due is not None, "nothing is left to happen"
        call = self.calls.pop(0)
        self.rightNow = max(self.rightNow, due)
        call.called = 1
        call.func(*call.args, **call.kw)

    def advance(self, amount: float) -> None:
        """
        Let so much time pass.
        """
        end = self.rightNow + amount
        while (due := self.next) is not None and due <= end:
            self.step()
        self.rightNow = end

    def _earlier(self, call: DelayedCall) -> None:
        """
        A call is now due earlier than it was.
        """
        self.calls.remove(call)
        insort(self.calls, call, key=_due)


def _due(call: DelayedCall) -> float:
    return call.time
