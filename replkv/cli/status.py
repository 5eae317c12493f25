"""
C{replkv status}: how the servers are, at a glance.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import ClassVar, Final, NamedTuple

from twisted.internet.defer import Deferred, gatherResults

from replkv.cli.command import AskingCommand, runReactor
from replkv.cli.statuses import DONE, UNAVAILABLE
from replkv.cli.streams import say, tell
from replkv.client.address import Address
from replkv.client.client import Client
from replkv.client.errors import Unavailable
from replkv.config import Config, ServerConfig
from replkv.tlsfiles import WARNING_DAYS

_HEADINGS: Final = ("id", "address", "role", "term", "leader", "commit", "applied", "keys")
_STATS: Final = ("role", "term", "leader", "commit_index", "applied_index", "keys")


class StatusCommand(AskingCommand):
    """
    C{replkv status}.
    """

    longdesc = (
        "Shows a line for each server of the servers file, to everybody; replkv member list has all members. The exit "
        f"status is {UNAVAILABLE} if none of them leads; replkv --help tells what others there are."
    )
    optParameters: ClassVar = [["timeout", "t", "1", "For how many seconds to wait for a server."]]
    logsIn = False

    def run(self, filename: str, config: Config) -> int:
        """
        Ask all servers how they are.
        """
        timeout = self.timeout
        today = datetime.now(UTC).date()
        status = runReactor(lambda reactor: askStatus(self.client(reactor, config), config, timeout, today))
        for line in status.lines:
            say(line)
        if status.led:
            return DONE
        tell("no server leads")
        return UNAVAILABLE


class Status(NamedTuple):
    """
    What the servers say.

    @ivar lines: a table with a line for each server, and what is to be said of all of them.
    @ivar led: whether one of them leads.
    """

    lines: list[str]
    led: bool


async def askStatus(client: Client, config: Config, patience: float, today: date) -> Status:
    """
    Ask all servers at once.

    @param patience: for how many seconds to wait for a server.
    @param today: the day, by UTC.
    """
    answers = await gatherResults([Deferred.fromCoroutine(_ask(client, server, patience)) for server in config.servers])
    rows = [_HEADINGS, *(_row(server, answer) for server, answer in zip(config.servers, answers, strict=True))]
    said = zip(
        _refusals(config, answers),
        _memberships(answers),
        _wrong(answers),
        _repairing(answers),
        _differences(config, answers),
        _shortages(answers),
        _lags(answers),
        _certificates(answers, today),
        strict=True,
    )
    marks = ["", *map("".join, said)]
    led = any(not isinstance(answer, str) and answer.get("role") == "leader" for answer in answers)
    heeded = any(not isinstance(answer, str) and answer.get("auth") == "on" for answer in answers)
    lines = [line + mark for line, mark in zip(_aligned(rows), marks, strict=True)]
    return Status(
        [*lines, *(["authentication is on: who asks for more than this has to log in"] if heeded else [])], led
    )


async def _ask(client: Client, server: ServerConfig, patience: float) -> dict[str, str] | str:
    """
    @return: what a server says of itself, or why it says nothing.
    """
    try:
        return await client.stats(server.hostname, server.clientPort, patience)
    except Unavailable as error:
        return str(error).removeprefix(f"{Address(server.hostname, server.clientPort)}: ")


def _row(server: ServerConfig, answer: dict[str, str] | str) -> tuple[str, ...]:
    cells = (f"({answer})",) if isinstance(answer, str) else tuple(answer.get(name, "?") for name in _STATS)
    return (str(server.id), str(Address(server.hostname, server.clientPort)), *cells)


def _memberships(answers: Sequence[dict[str, str] | str]) -> list[str]:
    """
    What is to be said behind the line of each server that has no vote.
    """
    words = {
        "waiting": "  is not let in, and waits: its log says for which command",
        "none": "  is no member",
        "learner": "  has no vote yet",
        "absent": "  has no vote any more, since it was gone",
        "spare": "  is a spare",
    }
    return ["" if isinstance(answer, str) else words.get(answer.get("member", ""), "") for answer in answers]


def _refusals(config: Config, answers: Sequence[dict[str, str] | str]) -> list[str]:
    """
    What is to be said behind the line of each server that answers, where others do not let it in.
    """
    refused = {
        server.id: answer.get("refused", "").split(",")
        for server, answer in zip(config.servers, answers, strict=True)
        if not isinstance(answer, str)
    }
    marks = []
    for server in config.servers:
        by = ", ".join(str(other) for other, ids in refused.items() if str(server.id) in ids)
        told = by and server.id in refused
        marks.append(f"  refused by {by}: it has lost data or runs twice, see its log" if told else "")
    return marks


def _wrong(answers: Sequence[dict[str, str] | str]) -> list[str]:
    """
    What is to be said behind the line of each server that has taken itself out.
    """
    return [
        "  its state is wrong, it waits for a snapshot: see its log" if _isWrong(answer) else "" for answer in answers
    ]


def _repairing(answers: Sequence[dict[str, str] | str]) -> list[str]:
    """
    What is to be said behind the line of each server whose log has lost entries.
    """
    return [
        "  its log was damaged, it does not vote until that is repaired: see its log file"
        if not isinstance(answer, str) and answer.get("log") == "repairing"
        else ""
        for answer in answers
    ]


def _isWrong(answer: dict[str, str] | str) -> bool:
    return not isinstance(answer, str) and answer.get("state") == "wrong"


def _differences(config: Config, answers: Sequence[dict[str, str] | str]) -> list[str]:
    """
    What is to be said behind the line of each server that has applied as much as others, and holds something else.
    """
    states = {
        server.id: (answer.get("applied_index"), answer.get("state_hash"))
        for server, answer in zip(config.servers, answers, strict=True)
        if not isinstance(answer, str) and "state_hash" in answer and not _isWrong(answer)
    }
    marks = []
    for server in config.servers:
        index, told = states.get(server.id, (None, None))
        others = ", ".join(str(other) for other, (at, its) in states.items() if at == index and its != told)
        marks.append(f"  has another state than {others} at the same entry" if others else "")
    return marks


def _shortages(answers: Sequence[dict[str, str] | str]) -> list[str]:
    """
    What is to be said behind the line of each server that takes no writes, since disks are nearly full.
    """
    marks = []
    for answer in answers:
        told = {} if isinstance(answer, str) else answer
        full = told.get("full_disks", "none").split(",")
        if told.get("id") in full:
            marks.append(f"  takes no writes: its disk has {_mebibytes(told)} MiB left, make room")
        elif told.get("takes_writes") == "no":
            marks.append(f"  takes no writes: the disks of {', '.join(full)} are nearly full")
        else:
            marks.append("")
    return marks


def _certificates(answers: Sequence[dict[str, str] | str], today: date) -> list[str]:
    """
    What is to be said behind the line of each server whose certificate is about to end.
    """
    marks = []
    for answer in answers:
        told = "none" if isinstance(answer, str) else answer.get("certificate_end", "none")
        try:
            left = (date.fromisoformat(told) - today).days
        except ValueError:
            left = WARNING_DAYS
        marks.append(f"  its certificate ends on {told}: renew it" if left < WARNING_DAYS else "")
    return marks


def _mebibytes(answer: dict[str, str]) -> str:
    """
    How many are free on a server's disk.
    """
    told = answer.get("disk_free", "")
    return str(int(told) >> 20) if told.isdecimal() and len(told) < 20 else "few"


def _lags(answers: Sequence[dict[str, str] | str]) -> list[str]:
    """
    What is to be said behind the line of each server that answers, where another one speaks a later version.
    """
    spoken = [None if isinstance(answer, str) else _protocolVersion(answer) for answer in answers]
    newest = max([version for version in spoken if version is not None], default=0)
    return [
        ""
        if version in (None, newest)
        else f"  speaks {f'version {version}' if version else 'an old version'}, and another one {newest}: upgrade it"
        for version in spoken
    ]


def _protocolVersion(answer: dict[str, str]) -> int:
    """
    @return: the newest version that a server speaks with the others; 0 where it does not say so.
    """
    told = answer.get("protocol_version", "")
    return int(told) if told.isdecimal() and len(told) < 10 else 0


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    # A row that is shorter ends with a reason, which may be long.
    full = [row for row in rows if len(row) == len(_HEADINGS)]
    widths = [max(len(row[column]) for row in (rows if column < 2 else full)) for column in range(len(_HEADINGS))]
    return ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=False)).rstrip() for row in rows]
