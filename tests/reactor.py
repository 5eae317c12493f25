"""
A reactor in memory.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.testing import MemoryReactorClock
from zope.interface import implementer


@implementer(IReactorFromThreads)
class Reactor(MemoryReactorClock):
    """
    A reactor that threads and signal handlers may call.
    """

    def callFromThread(self, callable: Callable[..., object], *args: object, **kw: object) -> None:  # noqa: A002
        """
        See L{IReactorFromThreads.callFromThread}.
        """
        self.callLater(0, callable, *args, **kw)
