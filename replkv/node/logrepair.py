"""
What an operator is told of a log that is being repaired, and the end of that.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from replkv.node.diskqueue import RunInThread
from replkv.node.limits import NodeLimits
from replkv.raft.core import Raft


class LogRepair:
    """
    Notes when this server's log, which had lost entries, has been repaired (L{replkv.raft.repair}). Otherwise the next
    start would have it repaired again, which costs nothing but the server's vote meanwhile: so it may vote before that
    is noted.
    """

    _logger = Logger()

    def __init__(
        self, raft: Raft, forget: Callable[[], None], runStore: RunInThread, clock: IReactorTime, limits: NodeLimits
    ) -> None:
        """
        @param forget: notes, for the next start, that the log is repaired; it blocks, and may raise C{OSError}.
        @param runStore: calls that in a thread.
        @param clock: says how long no leader was heard.
        """
        self._raft = raft
        self._forget = forget
        self._runStore = runStore
        self._clock = clock
        self._patience = limits.repairPatience
        self._isOver = not raft.isRepairing
        self._heard = clock.seconds()
        self._isTold = False

    def look(self) -> None:
        """
        See how far it is: once in a tick.
        """
        if self._isOver:
            return
        if not self._raft.isRepairing:
            self._isOver = True
            self._logger.info("this server's log is repaired, and it votes again")
            self._runStore(self._forget).addErrback(self._notForgotten)
        elif self._raft.leaderId is not None:
            self._heard = self._clock.seconds()
            self._isTold = False
        elif not self._isTold and self._clock.seconds() - self._heard > self._patience:
            self._isTold = True
            self._logger.error(
                "no server leads, and this one cannot help to elect one, since its log has to be repaired from the "
                "leader's first: start the other servers. If without those whose logs are damaged they are no majority "
                "any more, see what docs/operations.md says of a quorum that is lost for good"
            )

    def _notForgotten(self, failure: Failure) -> None:
        failure.trap(OSError)
        self._logger.warn(
            "that the log is repaired cannot be noted, so it will be done once more after the next start: {reason}",
            reason=failure.getErrorMessage(),
        )
