"""
The configurations that stand in a log.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from replkv.raft.configuration import Configuration


class Configurations:
    """
    Which configuration is in force where. One is in force as soon as it stands in the log, committed or not, and until
    the next one does (section 6 of the paper): what has been cut off the log is forgotten, and the one before it is in
    force again.

    @ivar latest: the one that is in force now.
    @ivar latestIndex: the index of its entry; where the log does not have it any more, the index up to which the
        snapshot goes that it came from, or 0.
    """

    def __init__(self, first: Configuration, index: int = 0, later: Iterable[tuple[int, Configuration]] = ()) -> None:
        """
        @param first: the one that is in force after entry C{index}: that of the state machine which has applied that,
            or the one with which the cluster begins.
        @param later: index and configuration of the entries after that which have one, as they come.
        """
        self._known: Final = [(index, first), *later]
        self._note()

    def at(self, index: int) -> tuple[int, Configuration]:
        """
        The one that was in force after an entry, and the index of its own; the first that is known, if that is later.
        """
        return next((known for known in reversed(self._known) if known[0] <= index), self._known[0])

    def append(self, index: int, configuration: Configuration) -> None:
        """
        An entry was appended that has one.
        """
        self._known.append((index, configuration))
        self._note()

    def truncate(self, index: int) -> None:
        """
        The entries from C{index} on, none of which is committed, are no longer there.
        """
        if index <= self.latestIndex:
            self._known[:] = [known for known in self._known if known[0] < index]
            self._note()

    def compact(self, index: int) -> None:
        """
        The entries up to C{index} will not be cut off any more.
        """
        while len(self._known) > 1 and self._known[1][0] <= index:
            del self._known[0]

    def restart(self, configuration: Configuration, index: int) -> None:
        """
        The log begins anew, after a snapshot up to C{index}, in which this one is in force.
        """
        self._known[:] = [(index, configuration)]
        self._note()

    def _note(self) -> None:
        self.latestIndex, self.latest = self._known[-1]
