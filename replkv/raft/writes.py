"""
What is under way to the disk, and what waits for it.
"""

from __future__ import annotations

from typing import NamedTuple

from replkv.raft.outputs import Send


class Write(NamedTuple):
    """
    A write that is under way to the disk.

    @ivar seq: as in L{Persist<replkv.raft.outputs.Persist>}.
    @ivar lastIndex: up to here the log is stable when it is done; 0 where it has no entries.
    """

    seq: int
    lastIndex: int


class Held(NamedTuple):
    """
    A message that may not leave yet.

    @ivar seq: the write that has to be done before.
    """

    seq: int
    send: Send
