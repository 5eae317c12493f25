"""
How servers find out whether they hold the same: the leader asks for the hash of each one's state at an entry that none
has applied yet, and tells those which differ what a majority has.
"""

from __future__ import annotations

from typing import Protocol

from twisted.internet.defer import Deferred


class StateSource(Protocol):
    """
    A server whose state is asked for.
    """

    def stateHash(self, sender: int, index: int) -> Deferred[int | None]:
        """
        Server C{sender} wants to know the hash of the state that has the entries up to C{index}, and no others.

        @return: fires with it as soon as that has been applied; with C{None} where that is over, or where it is known
            to be wrong. If the same server asks again before that, what it asked for is over.
        """

    def compareState(self, sender: int, index: int, stateHash: int) -> None:
        """
        Server C{sender}, which has asked for the hash at C{index} last, says what it is on a majority.
        """
