"""
How long clients are waited for.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, inf
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

LOOKS: Final = 8
"""
How often it is looked, at the least, within the shortest time that is waited for: that is exceeded by such a part of
itself, or by a second.
"""

_LEAST_INTERVAL: Final = 0.1
_MOST_INTERVAL: Final = 1.0

UNREAD_SECONDS: Final = 60.0
"""
How long a client may take for the piece of its replies that the transport has, where nobody says so.
"""


class Watch:
    """
    Looks at all connections now and then. A connection notes at which look something has happened on it, which costs
    less than to look at the clock, and has no timer of its own.

    @ivar now: the number of the last look.
    @ivar unreadLooks: after so many of them, a client has left its replies unread for too long.
    @ivar stuckLooks: after so many, one has left them unread for a second.
    @ivar idleLooks: after so many, it has sent nothing for too long; without end where that is allowed.
    """

    __slots__ = ("_call", "_clock", "_interval", "_look", "idleLooks", "now", "stuckLooks", "unreadLooks")

    def __init__(
        self, clock: IReactorTime, look: Callable[[], None], unreadSeconds: float, idleSeconds: float | None
    ) -> None:
        """
        @param look: called at each look.
        @param unreadSeconds: how long a client may leave its replies unread.
        @param idleSeconds: how long it may send nothing; C{None} is for ever.
        """
        self.now = 0
        self._clock = clock
        self._look = look
        shortest = min(unreadSeconds, inf if idleSeconds is None else idleSeconds)
        self._interval = min(max(shortest / LOOKS, _LEAST_INTERVAL), _MOST_INTERVAL)
        self.unreadLooks = ceil(unreadSeconds / self._interval)
        self.stuckLooks = ceil(_MOST_INTERVAL / self._interval)
        self.idleLooks = inf if idleSeconds is None else ceil(idleSeconds / self._interval)
        self._call: IDelayedCall | None = None

    def start(self) -> None:
        """
        There is someone to look at.
        """
        if self._call is None:
            self._call = self._clock.callLater(self._interval, self._again)

    def stop(self) -> None:
        """
        There is no one.
        """
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _again(self) -> None:
        self._call = None
        self.now += 1
        self.start()
        self._look()
