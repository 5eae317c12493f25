"""
The commands on one key.
"""

from __future__ import annotations

from typing import Final

from replkv.cli.grammar import shown
from replkv.cli.statuses import DONE
from replkv.cli.verbs.verb import VALUE_LINES, Answer, Verb, number, stored
from replkv.client.client import Client
from replkv.client.errors import NotFound
from replkv.client.replies import Found


async def _get(client: Client, key: bytes) -> Answer:
    value = await client.get(key)
    if value is None:
        raise NotFound("no such key")
    return Answer(DONE, value, shown(value), exact=True)


async def _getm(client: Client, key: bytes) -> Answer:
    found = await client.getm(key)
    if found is None:
        raise NotFound("no such key")
    output = b"%d %d\n%b" % (found.version, found.exptime, found.value)
    return Answer(DONE, output, f"{shown(found.value)}\n({_metadata(found)})", exact=True)


async def _set(client: Client, key: bytes, value: bytes, exptime: bytes = b"0") -> Answer:
    seconds = _seconds(exptime)
    return stored(await client.set(key, value, seconds), seconds)


async def _cas(client: Client, key: bytes, version: bytes, value: bytes, exptime: bytes = b"0") -> Answer:
    seconds = _seconds(exptime)
    return stored(await client.cas(key, number("VERSION", version), value, seconds), seconds)


async def _add(client: Client, key: bytes, value: bytes, exptime: bytes = b"0") -> Answer:
    seconds = _seconds(exptime)
    return stored(await client.add(key, value, seconds), seconds)


async def _replace(client: Client, key: bytes, value: bytes, exptime: bytes = b"0") -> Answer:
    seconds = _seconds(exptime)
    return stored(await client.replace(key, value, seconds), seconds)


async def _append(client: Client, key: bytes, value: bytes) -> Answer:
    return stored(await client.append(key, value), 0)


async def _prepend(client: Client, key: bytes, value: bytes) -> Answer:
    return stored(await client.prepend(key, value), 0)


async def _incr(client: Client, key: bytes, delta: bytes = b"1") -> Answer:
    return _counted(await client.incr(key, number("DELTA", delta)))


async def _decr(client: Client, key: bytes, delta: bytes = b"1") -> Answer:
    return _counted(await client.decr(key, number("DELTA", delta)))


async def _delete(client: Client, key: bytes, version: bytes | None = None) -> Answer:
    if not await client.delete(key, None if version is None else number("VERSION", version)):
        raise NotFound("no such key")
    return Answer(DONE, b"", "deleted")


async def _touch(client: Client, key: bytes, exptime: bytes) -> Answer:
    seconds = number("EXPTIME", exptime)
    if not await client.touch(key, seconds):
        raise NotFound("no such key")
    return Answer(DONE, b"", f"expires in {seconds} s" if seconds else "never expires")


def _counted(number: int) -> Answer:
    return Answer(DONE, b"%d" % number, f"{number}")


def _metadata(found: Found) -> str:
    return f"version {found.version}, " + (f"expires in {found.exptime} s" if found.exptime else "never expires")


def _seconds(word: bytes) -> int:
    """
    The EXPTIME that follows a VALUE. What is no number there is often more of the value.
    """
    return number("EXPTIME", word, "; quote a value with spaces" if word[:1].isalpha() else "")


_EXPTIME: Final = "EXPTIME is the seconds from now after which the key is gone; 0, or none, is never."

KEY_VERBS: Final = {
    b"get": Verb(
        ("KEY",),
        "show the value",
        _get,
        (
            "A terminal is shown a value that is no text between double quotes; a file or a pipe gets it as it is.",
            "Example: get greeting",
        ),
    ),
    b"getm": Verb(
        ("KEY",),
        "show the value, its version and the seconds that it has left",
        _getm,
        (
            "A file or a pipe gets a line with version and seconds (0 is for ever), then the value.",
            "Example: getm greeting",
        ),
    ),
    b"set": Verb(
        ("KEY", "VALUE", "[EXPTIME]"),
        "store a value, for EXPTIME seconds if given",
        _set,
        (_EXPTIME, *VALUE_LINES, "Example: set greeting 'hello, world' 60"),
    ),
    b"cas": Verb(
        ("KEY", "VERSION", "VALUE", "[EXPTIME]"),
        "store a value if the key has this version",
        _cas,
        ("VERSION is what getm shows.", _EXPTIME, *VALUE_LINES, "Example: cas greeting 17 hello"),
    ),
    b"add": Verb(
        ("KEY", "VALUE", "[EXPTIME]"),
        "store a value if there is no such key",
        _add,
        (_EXPTIME, *VALUE_LINES, "Example: add lock mine 30"),
    ),
    b"replace": Verb(
        ("KEY", "VALUE", "[EXPTIME]"),
        "store a value if there is such a key",
        _replace,
        (_EXPTIME, *VALUE_LINES, "Example: replace greeting 'hello, all'"),
    ),
    b"append": Verb(
        ("KEY", "VALUE"),
        "add to the end of the value that there is",
        _append,
        (*VALUE_LINES, "Example: append greeting '!'"),
    ),
    b"prepend": Verb(
        ("KEY", "VALUE"),
        "add to the beginning of the value that there is",
        _prepend,
        (*VALUE_LINES, "Example: prepend greeting 'oh, '"),
    ),
    b"incr": Verb(
        ("KEY", "[DELTA]"),
        "add DELTA, or 1, to the number that the key holds",
        _incr,
        ("What comes after the largest number of 64 bits is 0.", "Example: incr visits"),
    ),
    b"decr": Verb(
        ("KEY", "[DELTA]"),
        "subtract DELTA, or 1, from the number that the key holds, down to 0",
        _decr,
        ("Example: decr tickets 2",),
    ),
    b"delete": Verb(
        ("KEY", "[VERSION]"),
        "delete the key, if it has this version where one is given",
        _delete,
        ("VERSION is what getm shows, and what set, add and the like have shown.", "Example: delete greeting"),
    ),
    b"touch": Verb(
        ("KEY", "EXPTIME"),
        "have the key expire in EXPTIME seconds, or never",
        _touch,
        ("EXPTIME is the seconds from now after which the key is gone; 0 is never.", "Example: touch greeting 60"),
    ),
}
