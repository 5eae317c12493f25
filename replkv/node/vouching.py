"""
Whether others may be given this server's state.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.interfaces import IReactorTime

from replkv.node.limits import NodeLimits
from replkv.peers.snapshots import NoSnapshot, NotYet

_RECENT: Final = 2
"""
For so many times the time between two audits, what the last one has said counts.
"""


class Vouching:
    """
    What the audits have said of this server's state. A wrong one that is given to a server that has none makes two of
    them, which may then be a majority; so a majority has to have had the same, not long ago and since this server's
    start. But a cluster in which no majority can say so, since too many are down or are those that have nothing, must
    come back too: so whoever wants the state waits for that only for a while, unless some servers have said otherwise.

    @ivar isInDoubt: whether servers hold something else, and it cannot be told who is right.
    """

    def __init__(self, isAlone: bool, clock: IReactorTime, limits: NodeLimits) -> None:
        """
        @param isAlone: whether this is the only server.
        """
        self.isInDoubt = False
        self._isAlone = isAlone
        self._clock = clock
        self._limits = limits
        self._confirmed: float | None = None  # When a majority had the same.
        self._wanted: float | None = None  # Since when somebody waits for that.

    @property
    def isWanted(self) -> bool:
        """
        Whether somebody waits for the servers to be compared.
        """
        return self._wanted is not None

    def confirm(self) -> None:
        """
        A majority has the same.
        """
        self.isInDoubt = False
        self._confirmed = self._clock.seconds()
        self._wanted = None

    def forget(self) -> None:
        """
        The state is wrong, and another one is to take its place.
        """
        self._confirmed = None

    def refusal(self) -> NoSnapshot | None:
        """
        Tell why the state cannot be given to anybody now; C{None} if it can. To ask is to want it.
        """
        if self.isInDoubt:
            return NoSnapshot("the servers do not hold the same, and it cannot be told who is right")
        now, recent = self._clock.seconds(), _RECENT * self._limits.auditSeconds
        if self._isAlone or (self._confirmed is not None and now - self._confirmed < recent):
            return None
        if self._wanted is None:
            self._wanted = now
        if now - self._wanted < self._limits.vouchSeconds:
            return NotYet("it is being compared with what the others hold")
        return None
