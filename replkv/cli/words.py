"""
Commands as a person or a script writes them, and what these are told.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Final

from replkv.cli.failures import failed
from replkv.cli.grammar import RULES, shown
from replkv.cli.statuses import DONE, MISTAKE
from replkv.cli.verbs.items import ITEM_VERBS
from replkv.cli.verbs.keys import KEY_VERBS
from replkv.cli.verbs.ranges import RANGE_VERBS
from replkv.cli.verbs.servers import SERVER_VERBS
from replkv.cli.verbs.transactions import TRANSACTION_VERBS
from replkv.cli.verbs.verb import Answer, Verb
from replkv.client.client import Client
from replkv.client.errors import ClientError, CommandError


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


_VERBS: Final = {
    **KEY_VERBS,
    **ITEM_VERBS,
    **RANGE_VERBS,
    **TRANSACTION_VERBS,
    **SERVER_VERBS,
    b"quit": Verb((), "leave the prompt, as Ctrl-D does", _quit, isOpen=True),
    b"help": Verb(
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


def _hint(verb: Verb, arguments: Sequence[bytes]) -> str:
    """
    What is likely to be meant where there are too many arguments.
    """
    if any(argument.startswith(b"--") for argument in arguments):
        return " (options go before the command)"
    if "VALUE" in verb.arguments and len(arguments) > len(verb.arguments):
        return " (quote a value with spaces)"
    return ""
