"""
Bugs of what a leader gives out, and what waits for the batch before it.
"""

from __future__ import annotations

from typing import Final

from replkv.raft.leader import Leader
from replkv.raft.progress import Progress
from tests.planted.bug import Bug, Patch

_stream = Leader._stream


def _streamAll(leader: Leader, peer: int, progress: Progress) -> bool:
    given, leader._unpersisted = leader._unpersisted, leader.state.log.lastIndex + 1
    streamed = _stream(leader, peer, progress)
    leader._unpersisted = given
    return streamed


BUGS: Final = (Bug("a peer is sent what waits", "core", 50, (Patch(Leader, "_stream", _streamAll),)),)
