"""
The state that commands are carried out on.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Head(NamedTuple):
    """
    What a key has, its value aside.

    @ivar version: the index of the entry that wrote it.
    @ivar deadline: the millisecond at which it expires; 0 is never.
    """

    version: int
    deadline: int


class State(Protocol):
    """
    What a command may see of the state machine, and do to it.
    """

    def find(self, key: bytes) -> Head | None:
        """
        Tell what a key has; C{None} if there is no such key, or if it has expired.
        """

    def valueOf(self, key: bytes) -> bytes:
        """
        Read the value of a key that was found.
        """

    def store(self, key: bytes, deadline: int, value: bytes) -> int:
        """
        Give a key a new record, in place of the one that it may have.

        @param deadline: the millisecond at which it expires; 0 is never.
        @return: its version, which no key has ever had.
        """

    def delete(self, key: bytes) -> None:
        """
        Take away the record of a key that was found.
        """
