"""
Commands as a person or a script writes them, and what these are told.
"""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

from twisted.internet.defer import Deferred, DeferredList

from replkv.cli.failures import failed
from replkv.cli.grammar import RULES, shown
from replkv.cli.statuses import DONE, MISTAKE
from replkv.client.address import Address
from replkv.client.client import Client
from replkv.client.errors import ClientError, CommandError, NotFound, Unavailable
from replkv.client.replies import Found

_MAX_NUMBER: Final = (1 << 64) - 1


class Answer(NamedTuple):
    """
    What came of a command.

    @ivar status: one of L{replkv.cli.statuses.STATUSES}.
    @ivar output: what a script wants to have, without a line end.
    @ivar text: what a person wants to read.
    @ivar exact: whether a script wants to have it to the byte: no line end is to follow.
    """

    status: int
    output: bytes
    text: str
    exact: bool = False


class _Verb(NamedTuple):
    """
    A command.

    @ivar arguments: their names; those in brackets may be left out.
    @ivar purpose: what the command is good for.
    @ivar carryOut: does it.
    @ivar more: what else there is to know, in lines; an example the last.
    @ivar isOpen: whether everybody may have it done, as far as servers are asked at all.
    """

    arguments: tuple[str, ...]
    purpose: str
    carryOut: Callable[..., Awaitable[Answer]]
    more: tuple[str, ...] = ()
    isOpen: bool = False

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

    @param words: the command and its arguments, one at least. As everywhere, C{--} before the arguments is none of
        them.
    """
    name, *arguments = words
    verb = _VERBS.get(name)
    if verb is None:
        return Answer(MISTAKE, b"", _unknown(name))
    if arguments[:1] == [b"--"]:
        del arguments[0]
    if not verb.accepts(len(arguments)):
        return Answer(MISTAKE, b"", f"usage: {verb.usage(name)}{_hint(verb, arguments)}")
    try:
        return await verb.carryOut(client, *arguments)
    except ClientError as error:
        status, text = failed(error)
        return Answer(status, b"", text)


def helpLines() -> list[str]:
    """
    The commands, one a line, and how they are written.
    """
    width = max(len(verb.usage(name)) for name, verb in _VERBS.items())
    return [*(f"{verb.usage(name):{width}}  {verb.purpose}" for name, verb in _VERBS.items()), "", *RULES]


def names() -> list[str]:
    """
    The names of all commands.
    """
    return [name.decode() for name in _VERBS]


def isOpen(name: bytes) -> bool:
    """
    Whether a command is done for everybody, or there is none of that name.
    """
    verb = _VERBS.get(name)
    return verb is None or verb.isOpen


def valuePlace(words: Sequence[bytes]) -> int | None:
    """
    Which of the words of a command is its value; C{None} if it has none.
    """
    verb = _VERBS.get(words[0]) if words else None
    if verb is None or "VALUE" not in verb.arguments:
        return None
    place = verb.arguments.index("VALUE") + (2 if words[1:2] == [b"--"] else 1)
    return place if place < len(words) else None


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
    seconds = _lifetime(exptime)
    return _stored(await client.set(key, value, seconds), seconds)


async def _cas(client: Client, key: bytes, version: bytes, value: bytes, exptime: bytes = b"0") -> Answer:
    seconds = _lifetime(exptime)
    return _stored(await client.cas(key, _number("VERSION", version), value, seconds), seconds)


async def _add(client: Client, key: bytes, value: bytes, exptime: bytes = b"0") -> Answer:
    seconds = _lifetime(exptime)
    return _stored(await client.add(key, value, seconds), seconds)


async def _replace(client: Client, key: bytes, value: bytes, exptime: bytes = b"0") -> Answer:
    seconds = _lifetime(exptime)
    return _stored(await client.replace(key, value, seconds), seconds)


async def _append(client: Client, key: bytes, value: bytes) -> Answer:
    return _stored(await client.append(key, value), 0)


async def _prepend(client: Client, key: bytes, value: bytes) -> Answer:
    return _stored(await client.prepend(key, value), 0)


async def _incr(client: Client, key: bytes, delta: bytes = b"1") -> Answer:
    return _counted(await client.incr(key, _number("DELTA", delta)))


async def _decr(client: Client, key: bytes, delta: bytes = b"1") -> Answer:
    return _counted(await client.decr(key, _number("DELTA", delta)))


async def _delete(client: Client, key: bytes, version: bytes | None = None) -> Answer:
    if not await client.delete(key, None if version is None else _number("VERSION", version)):
        raise NotFound("no such key")
    return Answer(DONE, b"", "deleted")


async def _touch(client: Client, key: bytes, exptime: bytes) -> Answer:
    seconds = _number("EXPTIME", exptime)
    if not await client.touch(key, seconds):
        raise NotFound("no such key")
    return Answer(DONE, b"", f"expires in {seconds} s" if seconds else "never expires")


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


async def _help(client: Client, name: bytes | None = None) -> Answer:
    if name is None:
        lines = helpLines()
    elif name in _VERBS:
        verb = _VERBS[name]
        lines = [f"{verb.usage(name)}: {verb.purpose}", *verb.more]
    else:
        raise CommandError(_unknown(name))
    text = "\n".join(lines)
    return Answer(DONE, text.encode(), text)


async def _quit(client: Client) -> Answer:
    # The prompt ends before it comes to this; a single command has ended anyway.
    return Answer(DONE, b"", "")


_EXPTIME: Final = "EXPTIME is the seconds from now after which the key is gone; 0, or none, is never."
_VALUE: Final = ("In a shell, a VALUE of - is read from the standard input. At the prompt:", *RULES)

_VERBS: Final = {
    b"get": _Verb(
        ("KEY",),
        "show the value",
        _get,
        (
            "A terminal is shown a value that is no text between double quotes; a file or a pipe gets it as it is.",
            "Example: get greeting",
        ),
    ),
    b"getm": _Verb(
        ("KEY",),
        "show the value, its version and the seconds that it has left",
        _getm,
        (
            "A file or a pipe gets a line with version and seconds (0 is for ever), then the value.",
            "Example: getm greeting",
        ),
    ),
    b"set": _Verb(
        ("KEY", "VALUE", "[EXPTIME]"),
        "store a value, for EXPTIME seconds if given",
        _set,
        (_EXPTIME, *_VALUE, "Example: set greeting 'hello, world' 60"),
    ),
    b"cas": _Verb(
        ("KEY", "VERSION", "VALUE", "[EXPTIME]"),
        "store a value if the key has this version",
        _cas,
        ("VERSION is what getm shows.", _EXPTIME, *_VALUE, "Example: cas greeting 17 hello"),
    ),
    b"add": _Verb(
        ("KEY", "VALUE", "[EXPTIME]"),
        "store a value if there is no such key",
        _add,
        (_EXPTIME, *_VALUE, "Example: add lock mine 30"),
    ),
    b"replace": _Verb(
        ("KEY", "VALUE", "[EXPTIME]"),
        "store a value if there is such a key",
        _replace,
        (_EXPTIME, *_VALUE, "Example: replace greeting 'hello, all'"),
    ),
    b"append": _Verb(
        ("KEY", "VALUE"),
        "add to the end of the value that there is",
        _append,
        (*_VALUE, "Example: append greeting '!'"),
    ),
    b"prepend": _Verb(
        ("KEY", "VALUE"),
        "add to the beginning of the value that there is",
        _prepend,
        (*_VALUE, "Example: prepend greeting 'oh, '"),
    ),
    b"incr": _Verb(
        ("KEY", "[DELTA]"),
        "add DELTA, or 1, to the number that the key holds",
        _incr,
        ("What comes after the largest number of 64 bits is 0.", "Example: incr visits"),
    ),
    b"decr": _Verb(
        ("KEY", "[DELTA]"),
        "subtract DELTA, or 1, from the number that the key holds, down to 0",
        _decr,
        ("Example: decr tickets 2",),
    ),
    b"delete": _Verb(
        ("KEY", "[VERSION]"),
        "delete the key, if it has this version where one is given",
        _delete,
        ("VERSION is what getm shows, and what set, add and the like have shown.", "Example: delete greeting"),
    ),
    b"touch": _Verb(
        ("KEY", "EXPTIME"),
        "have the key expire in EXPTIME seconds, or never",
        _touch,
        ("EXPTIME is the seconds from now after which the key is gone; 0 is never.", "Example: touch greeting 60"),
    ),
    b"stats": _Verb((), "show what a server says of itself, the first that answers", _stats, isOpen=True),
    b"version": _Verb((), "show the version of a server, the first that answers", _version, isOpen=True),
    b"quit": _Verb((), "leave the prompt, as Ctrl-D does", _quit, isOpen=True),
    b"help": _Verb(
        ("[COMMAND]",), "show these lines, or more about a command", _help, ("Example: help set",), isOpen=True
    ),
}


_ABOUT_USERS: Final = "replkv user, at the shell, is about users"
_ABOUT_MEMBERS: Final = "replkv member, at the shell, is about the servers of the cluster"
_MEMBER_ACTIONS: Final = (b"add", b"remove", b"replace", b"update", b"promote")
_ELSEWHERE: Final = {
    b"cad": "here it is delete KEY VERSION",
    b"auth": "replkv client --user NAME logs in, and asks for the token; do not write it here",
    **dict.fromkeys((b"user", b"users", b"useradd", b"userdel", b"passwd", b"grant", b"revoke"), _ABOUT_USERS),
    **dict.fromkeys((b"member", b"members", *(b"member" + word for word in _MEMBER_ACTIONS)), _ABOUT_MEMBERS),
}
"""
What is done elsewhere, and where.
"""


def _unknown(name: bytes) -> str:
    if name.lower() in _ELSEWHERE:
        return f"unknown command {shown(name)}: {_ELSEWHERE[name.lower()]}"
    near = difflib.get_close_matches(shown(name).lower(), names(), n=1)
    return f"unknown command {shown(name)[:50]}: " + (f"did you mean {near[0]}?" if near else "try help")


def _hint(verb: _Verb, arguments: Sequence[bytes]) -> str:
    """
    What is likely to be meant where there are too many arguments.
    """
    if any(argument.startswith(b"--") for argument in arguments):
        return " (options go before the command)"
    if "VALUE" in verb.arguments and len(arguments) > len(verb.arguments):
        return " (quote a value with spaces)"
    return ""


def _stored(version: int, exptime: int) -> Answer:
    expiry = f", expires in {exptime} s" if exptime else ""
    return Answer(DONE, b"%d" % version, f"stored, version {version}{expiry}")


def _counted(number: int) -> Answer:
    return Answer(DONE, b"%d" % number, f"{number}")


def _metadata(found: Found) -> str:
    return f"version {found.version}, " + (f"expires in {found.exptime} s" if found.exptime else "never expires")


def _lifetime(word: bytes) -> int:
    """
    The EXPTIME that follows a VALUE. What is no number there is often more of the value.
    """
    return _number("EXPTIME", word, "; quote a value with spaces" if word[:1].isalpha() else "")


def _number(name: str, word: bytes, hint: str = "") -> int:
    if not word.isdigit() or len(word) > 20 or int(word) > _MAX_NUMBER:
        raise CommandError(f"{name} must be a whole number of at most 64 bits, not {shown(word)}{hint}")
    return int(word)
