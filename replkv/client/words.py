"""
Commands as a person or a script writes them, and what these are told.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

from replkv.client.client import Client, Found
from replkv.client.errors import CommandError, NotFound, OutcomeUnknown, Unavailable, VersionMismatch

DONE: Final = 0
NOT_FOUND: Final = 1
OTHER_VERSION: Final = 2
UNAVAILABLE: Final = 3
UNKNOWN: Final = 4
MISTAKE: Final = 64

STATUSES: Final = {
    DONE: "done",
    NOT_FOUND: "no such key",
    OTHER_VERSION: "cas: the key has another version",
    UNAVAILABLE: "no server could do it, and none will",
    UNKNOWN: "the outcome of a write is unknown: it may have been done, or may yet be",
    MISTAKE: "a mistake in the command, its arguments or the servers file",
}
"""
What the exit statuses of a single command mean.
"""

_MAX_NUMBER: Final = (1 << 64) - 1


class Answer(NamedTuple):
    """
    What came of a command.

    @ivar status: one of L{STATUSES}.
    @ivar output: what a script wants to have, to the byte.
    @ivar text: what a person wants to read.
    """

    status: int
    output: bytes
    text: str


class _Verb(NamedTuple):
    """
    A command.

    @ivar arguments: their names; those in brackets may be left out.
    @ivar purpose: what the command is good for.
    @ivar carryOut: does it.
    """

    arguments: tuple[str, ...]
    purpose: str
    carryOut: Callable[..., Awaitable[Answer]]

    def usage(self, name: bytes) -> str:
        """
        The command as it is to be written.
        """
        return " ".join([name.decode(), *self.arguments])

    def accepts(self, count: int) -> bool:
        """
        Whether it may have so many arguments.
        """
        return sum(not name.startswith("[") for name in self.arguments) <= count <= len(self.arguments)


async def carryOut(client: Client, words: Sequence[bytes]) -> Answer:
    """
    Carry out one command.

    @param words: the command and its arguments, one at least.
    """
    verb = _VERBS.get(words[0])
    if verb is None:
        return Answer(MISTAKE, b"", f"unknown command {_shown(words[0])}: try help")
    if not verb.accepts(len(words) - 1):
        return Answer(MISTAKE, b"", f"usage: {verb.usage(words[0])}")
    try:
        return await verb.carryOut(client, *words[1:])
    except CommandError as error:
        return Answer(MISTAKE, b"", str(error))
    except NotFound as error:
        return Answer(NOT_FOUND, b"", str(error))
    except VersionMismatch as error:
        return Answer(OTHER_VERSION, b"", str(error))
    except Unavailable as error:
        return Answer(UNAVAILABLE, b"", f"unavailable: {error}")
    except OutcomeUnknown as error:
        return Answer(UNKNOWN, b"", f"outcome unknown, it may or may not have been done: {error}")


def helpLines() -> list[str]:
    """
    The commands, one a line.
    """
    width = max(len(verb.usage(name)) for name, verb in _VERBS.items())
    return [f"{verb.usage(name):{width}}  {verb.purpose}" for name, verb in _VERBS.items()]


def valuePlace(name: bytes) -> int | None:
    """
    Which word of a command is a value: 0 is the command itself.
    """
    verb = _VERBS.get(name)
    return verb.arguments.index("VALUE") + 1 if verb is not None and "VALUE" in verb.arguments else None


async def _get(client: Client, key: bytes) -> Answer:
    value = await client.get(key)
    if value is None:
        raise NotFound("no such key")
    return Answer(DONE, value, _shown(value))


async def _getm(client: Client, key: bytes) -> Answer:
    found = await client.getm(key)
    if found is None:
        raise NotFound("no such key")
    output = b"%d %d\n%b" % (found.version, found.exptime, found.value)
    return Answer(DONE, output, f"{_shown(found.value)}\n({_metadata(found)})")


async def _set(client: Client, key: bytes, value: bytes, exptime: bytes = b"0") -> Answer:
    return _stored(await client.set(key, value, _number("EXPTIME", exptime)))


async def _cas(client: Client, key: bytes, version: bytes, value: bytes, exptime: bytes = b"0") -> Answer:
    return _stored(await client.cas(key, _number("VERSION", version), value, _number("EXPTIME", exptime)))


async def _delete(client: Client, key: bytes) -> Answer:
    if not await client.delete(key):
        raise NotFound("no such key")
    return Answer(DONE, b"", "deleted")


async def _stats(client: Client) -> Answer:
    stats = await client.stats(*client.leader)
    text = "\n".join(f"{name} {value}" for name, value in stats.items())
    return Answer(DONE, text.encode() + b"\n", text)


async def _version(client: Client) -> Answer:
    version = (await client.stats(*client.leader)).get("version", "unknown")
    return Answer(DONE, version.encode() + b"\n", version)


async def _help(client: Client) -> Answer:
    text = "\n".join(helpLines())
    return Answer(DONE, text.encode() + b"\n", text)


_VERBS: Final = {
    b"get": _Verb(("KEY",), "show the value", _get),
    b"getm": _Verb(("KEY",), "show the value, its version and the seconds that it has left", _getm),
    b"set": _Verb(("KEY", "VALUE", "[EXPTIME]"), "store a value, for EXPTIME seconds if given", _set),
    b"cas": _Verb(("KEY", "VERSION", "VALUE", "[EXPTIME]"), "store a value if the key has this version", _cas),
    b"delete": _Verb(("KEY",), "delete the key", _delete),
    b"stats": _Verb((), "show what the server says of itself", _stats),
    b"version": _Verb((), "show the server's version", _version),
    b"help": _Verb((), "show these lines", _help),
}


def _stored(version: int) -> Answer:
    return Answer(DONE, b"%d\n" % version, f"stored, version {version}")


def _metadata(found: Found) -> str:
    return f"version {found.version}, " + (f"expires in {found.exptime} s" if found.exptime else "never expires")


def _number(name: str, word: bytes) -> int:
    if not word.isdigit() or len(word) > 20 or int(word) > _MAX_NUMBER:
        raise CommandError(f"{name} must be a whole number of at most 64 bits, not {_shown(word)}")
    return int(word)


def _shown(value: bytes) -> str:
    """
    Bytes as text that does a terminal no harm.
    """
    text = value.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)
