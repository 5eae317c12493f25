"""
A client that is asked for very much.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred

from replkv.client.limits import CLIENT_LIMITS
from tests.client.connected import ClientCase
from tests.network import FarEnd

WINDOW = CLIENT_LIMITS.sent


def keys(written: bytes) -> list[int]:
    """
    The keys of the commands that were written, which are numbers.
    """
    return [int(line.split(b" ")[1]) for line in written.split(b"\r\n") if b" " in line]


class ManyCase(ClientCase):
    """
    A client that is asked for very much.
    """

    def reads(self, count: int, first: int = 0) -> list[Deferred[bytes | None]]:
        """
        Ask for so many keys at once.
        """
        return [self.client.get(b"%d" % number) for number in range(first, first + count)]

    def writes(self, count: int, first: int = 0) -> list[Deferred[int]]:
        """
        Set so many keys at once.
        """
        return [self.client.set(b"%d" % number, b"v") for number in range(first, first + count)]

    def carryOut(self, wire: FarEnd) -> list[int]:
        """
        Be a server that finds nothing and stores all, until it is asked for nothing more.

        @return: the keys that it was asked for.
        """
        seen = []
        while written := wire.taken():
            for line in written.split(b"\r\n"):
                if b" " in line:
                    seen.append(int(line.split(b" ")[1]))
                    wire.send(b"OK 1\r\n" if line.startswith(b"set") else b"ERRNOTFOUND\r\n")
        return seen
