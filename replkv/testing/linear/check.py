"""
All that is asked of a history.
"""

from __future__ import annotations

from replkv.testing.history import History
from replkv.testing.linear.clocks import ClockBound
from replkv.testing.linear.flags import checkFlags
from replkv.testing.linear.moment import judgeInTime
from replkv.testing.linear.search import checkLinearizable
from replkv.testing.linear.versions import checkVersions


def check(history: History, clocks: ClockBound) -> None:
    """
    See whether clients were told what one store could have told them, with versions that grow, and
    with the flags that were stored.

    @param clocks: how far the clocks of the servers may be trusted.
    @raise Violation: if they were not.
    @raise Undecided: if it would take too long to tell.
    """
    checkVersions(history)
    checkFlags(history)
    checkLinearizable(history, clocks)


def checkInTime(history: History, clocks: ClockBound) -> None:
    """
    The same, with the moment at which it first shows where something is wrong.

    @raise Violation: see L{check}.
    @raise Undecided: see L{check}.
    """
    judgeInTime(history, lambda begun: check(begun, clocks))
