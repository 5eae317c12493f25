"""
The commands on all that keys may hold: flags, and a lifetime to the millisecond.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from replkv.cli.grammar import shown
from replkv.cli.jsonlines import encodeLine
from replkv.cli.statuses import DONE
from replkv.cli.verbs.verb import VALUE_LINES, Answer, Verb, number, stored
from replkv.client.client import Client
from replkv.client.errors import CommandError, NotFound
from replkv.client.replies import Item
from replkv.kv.record import Record

_SECONDS: Final = re.compile(rb"[0-9]{1,20}(\.[0-9]{1,3})?")
_WORDS: Final[dict[bytes, Literal["any", "absent", "present"]]] = {
    b"any": "any",
    b"absent": "absent",
    b"present": "present",
}


async def _put(
    client: Client, key: bytes, value: bytes, flags: bytes = b"0", lifetime: bytes = b"0", condition: bytes = b"any"
) -> Answer:
    if condition not in _WORDS and not condition.isdigit():
        raise CommandError(f"CONDITION is a version, or {', '.join(_WORDS.values())}, not {shown(condition)}")
    needed = _WORDS.get(condition) or number("CONDITION", condition)
    return stored(await client.put(key, value, number("FLAGS", flags), lifetimeOf(lifetime), needed))


async def _gets(client: Client, *keys: bytes) -> Answer:
    items = await client.gets(keys)
    if not items:
        raise NotFound("no such key")
    there = [(key, items[key]) for key in dict.fromkeys(keys) if key in items]
    lines = b"".join([lineOf(key, item) for key, item in there])
    return Answer(DONE, lines.removesuffix(b"\n"), "\n".join([textOf(key, item) for key, item in there]))


async def _expire(client: Client, key: bytes, lifetime: bytes) -> Answer:
    if not await client.expire(key, lifetimeOf(lifetime)):
        raise NotFound("no such key")
    return Answer(DONE, b"", "done")


async def _gat(client: Client, key: bytes, lifetime: bytes) -> Answer:
    item = await client.gat(key, lifetimeOf(lifetime))
    if item is None:
        raise NotFound("no such key")
    return Answer(DONE, item.value, textOf(key, item), exact=True)


def lineOf(key: bytes, item: Item) -> bytes:
    """
    An item for a script, as C{replkv export} writes it.
    """
    return encodeLine(key, Record(item.version, round(item.left * 1000), item.value, item.flags), 0)


def textOf(key: bytes, item: Item) -> str:
    """
    An item for a person.
    """
    expiry = f"expires in {item.left:g} s" if item.left else "never expires"
    return f"{shown(key)}: {shown(item.value)}\n(version {item.version}, flags {item.flags}, {expiry})"


def lifetimeOf(word: bytes) -> float | Literal["keep"]:
    """
    Read a lifetime.

    @raise CommandError: if it is none.
    """
    if word == b"keep":
        return "keep"
    if not _SECONDS.fullmatch(word):
        raise CommandError(f"LIFETIME is a number of seconds, such as 60 or 0.5, or keep, not {shown(word)}")
    return float(word) if b"." in word else int(word)


_LIFETIME: Final = (
    "LIFETIME is in seconds from now, such as 60 or 0.5; 0, or none, is for ever; keep leaves it as it was."
)

ITEM_VERBS: Final = {
    b"put": Verb(
        ("KEY", "VALUE", "[FLAGS]", "[LIFETIME]", "[CONDITION]"),
        "store a value with flags, if the key is as it has to be",
        _put,
        (
            "FLAGS is a number of 32 bits that is kept with the value.",
            _LIFETIME,
            "CONDITION is any, absent, present, or the version that the key has to have.",
            *VALUE_LINES,
            "Example: put session data 0 30 present",
        ),
    ),
    b"gets": Verb(
        ("KEY ...",),
        "show what keys hold at one instant, with version, flags and lifetime",
        _gets,
        ("A file or a pipe gets lines of JSON, as replkv export writes them.", "Example: gets greeting visits"),
    ),
    b"expire": Verb(
        ("KEY", "LIFETIME"),
        "have the key live for LIFETIME",
        _expire,
        (_LIFETIME, "Example: expire greeting 0.5"),
    ),
    b"gat": Verb(
        ("KEY", "LIFETIME"),
        "the same, and show what it holds",
        _gat,
        (_LIFETIME, "A file or a pipe gets the value as it is.", "Example: gat session 30"),
    ),
}
