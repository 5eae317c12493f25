"""
The clients' commands that the node has taken and not yet answered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from replkv.commands.results import Result, Unavailable
from replkv.frontends.request import Request
from replkv.node.limits import NodeLimits
from replkv.raft.entry import Entry


class Read(NamedTuple):
    """
    A read on its way through the core.

    @ivar time: the leader's time when it arrived, in milliseconds: a key that had expired by then is not found.
    @ivar written: the index of the last write that its session had proposed when it arrived.
    """

    request: Request
    time: int
    written: int


class Proposals:
    """
    The requests whose answers are entries of the log. An entry is known by its index and its term: another leader may
    have put another entry at the index.

    They stay here until their entries are applied, answered before that or not, as the entries stay in the log.
    """

    def __init__(self, limits: NodeLimits) -> None:
        self._limits = limits
        self._requests: dict[int, tuple[int, Request]] = {}
        self._bytes = 0

    def isFullFor(self, size: int) -> bool:
        """
        Whether no more may be proposed that have a value of so many bytes.
        """
        return len(self._requests) >= self._limits.commands or (size > 0 and self._bytes >= self._limits.commandBytes)

    def add(self, index: int, term: int, request: Request) -> None:
        """
        C{request} is answered by what comes of the entry at C{index}, if it has C{term}.
        """
        self._requests[index] = (term, request)
        self._bytes += request.size

    def applied(self, entries: list[Entry], results: list[Result | None]) -> None:
        """
        Answer those whose entries are applied.
        """
        if not self._requests:
            return
        for (index, term, _), result in zip(entries, results, strict=True):
            proposal = self._requests.pop(index, None)
            if proposal is None:
                continue
            proposedTerm, request = proposal
            self._bytes -= request.size
            if request.isAnswered:
                continue
            # Only an entry of another leader has no result.
            request.answer(result if proposedTerm == term and result is not None else Unavailable())

    def abandon(self, commitIndex: int) -> None:
        """
        This server leads no longer: what becomes of the entries is unknown, but for those that are committed.

        @param commitIndex: these go up to here.
        """
        self._giveUp([index for index in self._requests if index > commitIndex])

    def skip(self, appliedIndex: int) -> None:
        """
        The entries up to C{appliedIndex} have come with a snapshot, and what came of them is not in it.
        """
        self._giveUp([index for index in self._requests if index <= appliedIndex])

    def _giveUp(self, indexes: Iterable[int]) -> None:
        for index in indexes:
            _, request = self._requests.pop(index)
            self._bytes -= request.size
            if not request.isAnswered:
                request.answer(Unavailable())


class Deadlines:
    """
    Requests in the order in which they came, so that none waits for ever, and so that there are never too many: not
    more than memory allows, and where answers are slow to come, not more than can be answered in time.
    """

    def __init__(self, timeout: float, limits: NodeLimits) -> None:
        """
        @param timeout: seconds after which a request is answered in any case.
        """
        self._timeout = timeout
        self._patience = timeout / limits.patienceDivisor
        self._limits = limits
        self._queue: deque[tuple[float, Request]] = deque()
        self._bytes = 0
        self._answered = 0.0  # In the last seconds of patience; what was before fades.
        self._swept = 0.0
        self._most = limits.commands

    @property
    def count(self) -> int:
        """
        How many requests wait, at the most: those that were answered since the last sweep are counted too.
        """
        return len(self._queue)

    def isFullFor(self, size: int) -> bool:
        """
        Whether no more requests can be taken that have a value of so many bytes. Those without one need none of the
        room that values take up: who writes much must not keep others from reading.
        """
        return len(self._queue) >= self._most or (size > 0 and self._bytes >= self._limits.commandBytes)

    def add(self, now: float, request: Request) -> None:
        """
        Take in a request.
        """
        self._queue.append((now + self._timeout, request))
        self._bytes += request.size

    def takeAll(self) -> list[Request]:
        """
        Remove all requests.

        @return: in the order in which they came.
        """
        taken = [request for _, request in self._queue]
        self._queue.clear()
        self._bytes = 0
        return taken

    def sweep(self, now: float) -> None:
        """
        Forget the requests that are answered, and answer those whose time is up.
        """
        queue = self._queue
        answered = 0
        while queue:
            due, request = queue[0]
            if due > now and not request.isAnswered:
                break
            queue.popleft()
            self._bytes -= request.size
            if request.isAnswered:
                answered += 1
            else:
                request.answer(Unavailable())
        self._pace(now, answered)

    def _pace(self, now: float, answered: int) -> None:
        """
        Find out how many requests may wait.

        If none is to wait for longer than a time, then no more of them may be there than are answered in that time
        (Little's law). As long as none does, that says nothing: clients may have asked for no more.
        """
        limits = self._limits
        passed = min(1.0, (now - self._swept) / self._patience) if self._patience else 1.0
        self._swept = now
        self._answered += answered - self._answered * passed
        isSlow = bool(self._queue) and self._queue[0][0] - self._timeout < now - self._patience
        self._most = (
            min(limits.commands, max(limits.queuedCommands, int(self._answered))) if isSlow else limits.commands
        )
