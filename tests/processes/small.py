"""
Real servers with small limits: their logs are compacted all the time, who lags is soon given a snapshot, and there is
little memory for clients.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path(__file__).parent.parent.parent

_SEGMENT_BYTES: Final = 1 << 18

CLIENT_BYTES: Final = 1 << 26
"""
What clients together may have in memory, of each kind.
"""

WAITING_BYTES: Final = 1 << 23
"""
What of it may wait to be taken.
"""


def program(rest: str) -> str:
    """
    A program for Python that has servers with small limits, and does C{rest}.
    """
    return f"import sys; sys.path.append({str(_ROOT)!r}); from tests.processes.small import install; install(); {rest}"


def install() -> None:
    """
    Have the servers of this process made with small limits.
    """
    # Here, since the process of a server is prepared before anything else of it is imported.
    from replkv.frontends.limits import MemoryLimits
    from replkv.node.limits import NodeLimits
    from replkv.service import tap
    from replkv.service.limits import ServerLimits

    node = NodeLimits(
        flushBytes=1 << 17,
        retainedBytes=0,
        snapshotPieceBytes=1 << 14,
        snapshotBytesPerSecond=1 << 21,
        snapshotPatience=0.5,
    )
    memory = MemoryLimits(
        reservedBytes=CLIENT_BYTES,
        unreadBytes=CLIENT_BYTES,
        arrivingBytes=CLIENT_BYTES,
        waitingBytes=WAITING_BYTES,
    )
    made: Any = tap
    made.Server = partial(made.Server, limits=ServerLimits(node=node, memory=memory))
    made.LogStorage.open = partial(made.LogStorage.open, segmentBytes=_SEGMENT_BYTES)
