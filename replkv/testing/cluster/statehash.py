"""
The hash that a store tells of its records.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xxhash import xxh3_64

from replkv.testing.outcome import Violation

if TYPE_CHECKING:
    from replkv.testing.cluster.server import SimulatedServer


class StateHashes:
    """
    A store tells the hash of all its records as if they had just been put in, one by one, whatever was written over,
    deleted or purged before. That servers which have applied as much tell the same follows, for they hold the same
    bytes.
    """

    def __init__(self, servers: Sequence[SimulatedServer]) -> None:
        self._servers = servers
        self._seen: dict[int, bytes] = {}  # The digest of each server's store when it was looked at last.

    def look(self) -> None:
        """
        @raise Violation: if a store tells another hash than its records have, unless that was done to it.
        """
        for server in self._servers:
            if server.store.isWrong:
                continue
            digest = server.store.digest
            if self._seen.get(server.id) != digest:
                self._seen[server.id] = digest
                values = server.store.sound
                told, made = _told(values), _made(values)
                if told != made:
                    raise Violation(
                        f"the store of server {server.id} tells the hash {told:016x}, and its records have {made:016x}"
                    )


def _told(values: dict[bytes, bytes]) -> int:
    """
    The hash that the machine's own state ends with.
    """
    return int.from_bytes(values.get(b"m", b"")[-8:], "big")


def _made(values: dict[bytes, bytes]) -> int:
    """
    The sum of the hashes of all records, of keys and of users, and that of the members: each of version and deadline,
    the hash of the value, and the name.
    """
    total = 0
    for place, stored in values.items():
        name = place if place == b"c" else place[1:]
        if place.startswith((b"k", b"u", b"c")):
            total += xxh3_64(stored[:16] + xxh3_64(stored[24:]).digest() + name).intdigest()
    return total & 2**64 - 1
