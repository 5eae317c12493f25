"""
How the servers are, at a glance.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from twisted.internet.defer import Deferred, gatherResults

from replkv.client.client import Client
from replkv.client.connections import Address
from replkv.client.errors import Unavailable
from replkv.config import Config, ServerConfig

_HEADINGS: Final = ("id", "address", "role", "term", "leader", "commit", "applied", "keys")
_STATS: Final = ("role", "term", "leader", "commit_index", "applied_index", "keys")


class Status(NamedTuple):
    """
    What the servers say.

    @ivar lines: a table with a line for each server.
    @ivar led: whether one of them leads.
    """

    lines: list[str]
    led: bool


async def askStatus(client: Client, config: Config, patience: float) -> Status:
    """
    Ask all servers at once.

    @param patience: for how many seconds to wait for a server.
    """

    async def ask(server: ServerConfig) -> dict[str, str] | None:
        try:
            return await client.stats(server.hostname, server.clientPort, patience)
        except Unavailable:
            return None

    answers = await gatherResults([Deferred.fromCoroutine(ask(server)) for server in config.servers])
    rows: list[tuple[str, ...]] = [_HEADINGS]
    for server, stats in zip(config.servers, answers, strict=True):
        cells = ("unreachable",) if stats is None else tuple(stats.get(name, "?") for name in _STATS)
        rows.append((str(server.id), str(Address(server.hostname, server.clientPort)), *cells))
    led = any(stats is not None and stats.get("role") == "leader" for stats in answers)
    return Status(_aligned(rows), led)


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows if column < len(row)) for column in range(len(rows[0]))]
    return ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=False)).rstrip() for row in rows]
