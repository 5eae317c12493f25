"""
How much a client has under way at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """
    A server does not read on while it has 128 commands or 4 MiB of one connection. Twice that may be on its way, so
    that the server need not wait for the client either.

    @ivar sent: how many commands of one connection may be without a reply.
    @ivar sentBytes: how many bytes these commands may have, before the last one.
    @ivar connections: how many connections are open at once, those that are being made included; and as many more on
        which nobody logs in, where others do.
    @ivar left: how many connections to servers that are silent are kept, beside those, for what was sent on them.
    """

    sent: int = 256
    sentBytes: int = 8 * 1024 * 1024
    connections: int = 64
    left: int = 8


CLIENT_LIMITS: Final = ClientLimits()
"""
The usual ones.
"""
