"""
Why calls wait.
"""

from __future__ import annotations

from typing import Final

from replkv.client.address import Address
from replkv.reasons import reasonOf


class Troubles:
    """
    Why servers were of no help, until one is.
    """

    # Of so many servers it is remembered.
    MAX_SERVERS: Final = 16

    def __init__(self) -> None:
        self._reasons: dict[Address, str] = {}

    def __str__(self) -> str:
        return "; ".join(f"{server}: {reason}" for server, reason in self._reasons.items())

    def why(self, knowsLeader: bool) -> str:
        """
        Why calls wait, for a client that knows which server leads or does not.
        """
        if self._reasons:
            return str(self)
        return "too many others were before it" if knowsLeader else "no server has said that it leads"

    def note(self, server: Address, reason: str) -> None:
        """
        Remember why a server was of no help the last time.
        """
        self._reasons.pop(server, None)
        self._reasons[server] = reason
        if len(self._reasons) > self.MAX_SERVERS:
            del self._reasons[next(iter(self._reasons))]

    def failed(self, server: Address, error: BaseException | None) -> None:
        """
        Remember that a server did not answer.
        """
        self.note(server, reasonOf(error).removeprefix(f"{server}: "))

    def clear(self) -> None:
        """
        A server has helped.
        """
        self._reasons.clear()
