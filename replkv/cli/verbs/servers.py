"""
The commands about servers.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.defer import Deferred, DeferredList

from replkv.cli.statuses import DONE
from replkv.cli.verbs.verb import Answer, Verb
from replkv.client.address import Address
from replkv.client.client import Client
from replkv.client.errors import Unavailable


async def _stats(client: Client) -> Answer:
    server, stats = await _anyStats(client)
    lines = [f"{name} {value}" for name, value in stats.items()]
    return Answer(DONE, "\n".join(lines).encode(), "\n".join([f"(the server at {server})", *lines]))


async def _version(client: Client) -> Answer:
    server, stats = await _anyStats(client)
    version = stats.get("version", "unknown")
    return Answer(DONE, version.encode(), f"{version} (the server at {server})")


async def _anyStats(client: Client) -> tuple[Address, dict[str, str]]:
    """
    What the server that answers first says of itself.

    @raise Unavailable: if none answers.
    """
    asked = [client.stats(*server, min(client.timeout, client.PATIENCE)) for server in client.servers]
    answered: Deferred[tuple[dict[str, str], int]] = DeferredList(asked, fireOnOneCallback=True, consumeErrors=True)
    result = await answered
    if isinstance(result, list):
        raise Unavailable("; ".join(str(failure.value) for _, failure in result))
    stats, place = result
    for other in asked:
        other.cancel()
    return client.servers[place], stats


SERVER_VERBS: Final = {
    b"stats": Verb((), "show what a server says of itself, the first that answers", _stats, isOpen=True),
    b"version": Verb((), "show the version of a server, the first that answers", _version, isOpen=True),
}
