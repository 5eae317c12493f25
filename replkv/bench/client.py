"""
One of the clients that make up a load.
"""

from __future__ import annotations

from collections import deque

from replkv.bench.connection import Connection


class Client:
    """
    One that sends commands, and the connections that it has over time.

    @ivar connection: C{None} while there is none.
    @ivar missing: how much is missing before it can send commands: the connection, and the replies to the greeting.
    @ivar waiting: when each command that has no answer was due, and whether it reads.
    @ivar isPaused: whether it is among those that go on later.
    @ivar isRoomy: whether it is among those that have room.
    @ivar heard: when something came last, or was sent after a silence.
    """

    __slots__ = ("connection", "heard", "isPaused", "isRoomy", "missing", "waiting")

    def __init__(self) -> None:
        self.connection: Connection | None = None
        self.missing = 1
        self.waiting: deque[tuple[float, bool]] = deque()
        self.isPaused = True
        self.isRoomy = False
        self.heard = 0.0
