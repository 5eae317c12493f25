"""
The connections that have something to write.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol


class Writer(Protocol):
    """
    A connection.
    """

    def writeReplies(self) -> None:
        """
        Write what is to be written, and go on with the next commands.
        """


class Outbox:
    """
    All connections that have something to write, in the order in which they had it. Who answers commands answers a
    whole batch of them and flushes, so that each connection writes once.
    """

    def __init__(self) -> None:
        self._ready: deque[Writer] = deque()
        self._flushing = False

    @property
    def isEmpty(self) -> bool:
        """
        Whether none has.
        """
        return not self._ready

    def add(self, writer: Writer) -> None:
        """
        Take note that C{writer} is to write at the next L{flush}.
        """
        self._ready.append(writer)

    def flush(self) -> None:
        """
        Have every connection write that has something to write, once each.

        Connections go on with their next commands then. Those that have answers at once are ready again, and wait
        behind the others.
        """
        if self._flushing:
            return
        self._flushing = True
        try:
            while self._ready:
                self._ready.popleft().writeReplies()
        finally:
            self._flushing = False
