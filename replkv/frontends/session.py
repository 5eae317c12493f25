"""
What the node keeps of one client.
"""

from __future__ import annotations

from typing import Final

from replkv.users.user import Login


class Session:
    """
    One client's commands, in the order in which they take effect.

    @ivar host: where the client is.
    @ivar login: that it has proved to be a user; C{None} if it has not.
    @ivar isOver: whether the client has gone.
    @ivar lastIndex: the index in the log of the last write that was proposed for it; 0 before the first. A read sees
        what its own session wrote before it.
    @ivar lastRead: the index that its last read waits for: later reads see no less.
    @ivar submitted: how many commands it has submitted.
    """

    def __init__(self, host: str) -> None:
        self.host: Final = host
        self.login: Login | None = None
        self.isOver = False
        self.lastIndex = 0
        self.lastRead = 0
        self.submitted = 0
