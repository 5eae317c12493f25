"""
What happened in a simulation: a hash of all of it, and a story of what a reader wants to know.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b


class Trace:
    """
    Two runs with the same hash went the same way, step for step.
    """

    def __init__(self, tell: Callable[[str], None] | None = None) -> None:
        """
        @param tell: is given the story, line by line; without it, none is written.
        """
        self._hash = blake2b(digest_size=16)
        self._tell = tell

    def step(self, time: float, *what: object) -> None:
        """
        Take note of something that happened.

        @param time: when, in simulated seconds.
        @param what: values whose C{repr} is the same in every process.
        """
        self._hash.update(repr((time, what)).encode())

    def tell(self, time: float, who: str, what: str) -> None:
        """
        Take note of something that belongs into the story.

        @param who: whom it happened to: C{"server 2"}, C{"client 0"}, C{"network"}.
        """
        self.step(time, who, what)
        if self._tell is not None:
            self._tell(_line(time, who, what))

    def remark(self, time: float, who: str, what: str) -> None:
        """
        Add to the story what did not happen in it, but was said of it. It may tell where something lies in the memory,
        so it has no part in the hash.
        """
        if self._tell is not None:
            self._tell(_line(time, who, what))

    @property
    def digest(self) -> str:
        """
        The hash so far, as 32 hexadecimal digits.
        """
        return self._hash.hexdigest()


def _line(time: float, who: str, what: str) -> str:
    return f"{time:9.3f} s  {who:<9}  {what}"
