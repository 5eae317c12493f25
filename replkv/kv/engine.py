"""
What the state machine asks of the store that it lives in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol


class EngineError(Exception):
    """
    The store cannot be opened, read or written. The message is one line, for the operator. The state machine does not
    go on after it.
    """


class EngineStarved(EngineError):
    """
    The system had no descriptor or no memory for the store. Nothing is wrong with the disk: opened again, the store
    goes on.
    """


class Engine(Protocol):
    """
    An ordered map from bytes to bytes, written in atomic steps.

    It need not keep a step until it is flushed, but what it keeps is always a true prefix of the steps: after a crash,
    all the steps up to one of them, whole, and nothing of the later ones. The replicated log has the rest.

    All methods but L{flush} and L{checkpoint} are called from one thread.
    """

    def get(self, key: bytes) -> bytes | None:
        """
        Tell the value of C{key}; C{None} if it has none.
        """

    def getMany(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """
        Tell the values of C{keys}, in their order.
        """

    def write(self, changes: Mapping[bytes, bytes | None]) -> None:
        """
        Take one step: give keys their new values, or delete those whose new value is C{None}.
        """

    def scan(self, start: bytes, stop: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """
        Tell the first C{limit} keys with C{start <= key < stop}, in their order, with their values.
        """

    def walk(self, start: bytes, stop: bytes, most: int) -> Iterator[tuple[bytes, bytes, int]]:
        """
        Go through the keys with C{start <= key < stop}, in their order. Whole values are not held: there may be many,
        and large ones. Nothing may be written, and the engine not be closed, before it is over or given up.

        @param most: how many bytes of each value are told.
        @return: each key, the first bytes of its value, and how many bytes that has.
        """

    def flush(self) -> None:
        """
        Make durable what was written before the call. This blocks, and may run in a thread of its own while the engine
        is read and written.
        """

    def checkpoint(self, path: str) -> None:
        """
        Make a copy of all that was written before the call, as it is between two steps: it may have some that are taken
        meanwhile. It is durable when this returns, and what becomes of this engine is nothing to it. This blocks, and
        may run in a thread of its own as L{flush} may, but not beside it.

        @param path: the folder that it will be, which must not be there yet. The folder that this one lies in must be.
        @raise EngineError: if it cannot be made; then there may be a part of it.
        """

    def close(self) -> None:
        """
        Give up the store. What was not flushed may be lost. Nothing else may be called during or after it.
        """
