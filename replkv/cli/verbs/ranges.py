"""
The commands on keys that begin alike.
"""

from __future__ import annotations

import json
from typing import Final

from replkv.cli.grammar import shown
from replkv.cli.jsonlines import written
from replkv.cli.statuses import DONE
from replkv.cli.verbs.verb import Answer, Verb, number
from replkv.client.client import Client
from replkv.client.errors import CommandError
from replkv.commands.results import KeyInfo


async def _scan(client: Client, prefix: bytes, limit: bytes = b"1000", after: bytes = b"") -> Answer:
    keys, more = await client.scan(_beginning(prefix), number("LIMIT", limit), after)
    output = "\n".join([json.dumps(_fields(key), ensure_ascii=False) for key in keys]).encode()
    lines = [f"{shown(key.key)}: version {key.version}, {key.size} bytes" for key in keys]
    if more is not None:
        lines.append(f"(there may be more, after {shown(more)})")
    return Answer(DONE, output, "\n".join(lines or ["no such keys"]))


async def _count(client: Client, prefix: bytes) -> Answer:
    count = await client.count(_beginning(prefix))
    return Answer(DONE, b"%d" % count, f"{count}")


async def _deletePrefix(client: Client, prefix: bytes) -> Answer:
    count = await client.deletePrefix(_beginning(prefix))
    return Answer(DONE, b"%d" % count, f"deleted {count} keys" if count != 1 else "deleted 1 key")


def _fields(key: KeyInfo) -> dict[str, object]:
    return {**written("key", key.key), "version": key.version, "bytes": key.size}


def _beginning(word: bytes) -> bytes:
    """
    How the keys begin that are meant.
    """
    if not word:
        raise CommandError("an empty PREFIX would be all keys: * says that")
    return word.removesuffix(b"*")


_PREFIX: Final = (
    "PREFIX is how the keys begin, with a * behind it or without: app/ is the same as app/*. * is all keys."
)

RANGE_VERBS: Final = {
    b"scan": Verb(
        ("PREFIX", "[LIMIT]", "[AFTER]"),
        "show keys that begin so, with their versions and sizes",
        _scan,
        (
            _PREFIX,
            "Up to LIMIT keys are shown, or 1000, those that come after the key AFTER if that is given.",
            "A file or a pipe gets lines of JSON.",
            "Example: scan app/* 20",
        ),
    ),
    b"count": Verb(
        ("PREFIX",),
        "show how many keys begin so",
        _count,
        (_PREFIX, "Many thousands are counted one part after the other.", "Example: count app/*"),
    ),
    b"deletep": Verb(
        ("PREFIX",),
        "delete all keys that begin so",
        _deletePrefix,
        (
            _PREFIX,
            "Many are deleted one part after the other. What others write meanwhile stays.",
            "Example: deletep session/*",
        ),
    ),
}
