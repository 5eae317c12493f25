"""
The members, as they are shown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import ClassVar, Final

from replkv.cli.calling import CallingCommand, Connect
from replkv.cli.command import runReactor
from replkv.cli.member.options import TIMEOUT
from replkv.cli.statuses import DONE
from replkv.cli.streams import say
from replkv.client.client import Client
from replkv.client.membership import Member

_HEADINGS: Final = ("id", "address", "log port", "role", "kind", "index", "lag", "folder", "version", "heard")
_FOLDER_LETTERS: Final = 8
"""
So much of the name of a data folder tells it from others.
"""


class MemberListCommand(CallingCommand):
    """
    C{replkv member list}.
    """

    # Everybody is told.
    logsIn = False

    synopsis = "[--json]"
    longdesc = (
        "Shows the members of the cluster as the leader knows them, a line for each, to everybody: whether it is a "
        "voter, or a learner, which is still to catch up, or a spare, which waits until it is needed; the last entry "
        "of the log that it is known to have, and how many it lacks; the first letters of its data folder's name; the "
        "protocol version that it speaks; and how many seconds ago it was heard. What is not known is a ?."
    )
    optParameters: ClassVar = [TIMEOUT]
    optFlags: ClassVar = [["json", "j", "Lines of JSON."]]

    def talk(self, connect: Connect) -> int:
        """
        Show them.
        """

        async def main(client: Client) -> Sequence[Member]:
            return await client.members()

        members = runReactor(lambda reactor: main(connect(reactor)))
        for line in map(_asJson, members) if self["json"] else tableOf(members):
            say(line)
        return DONE


def tableOf(members: Sequence[Member]) -> list[str]:
    """
    A line for each member, below one that says what is in the columns.
    """
    rows = [_HEADINGS, *map(_row, members)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(member: Member) -> tuple[str, ...]:
    role = "?" if member.leads is None else "leader" if member.leads else "follower"
    return (
        str(member.id),
        _known(member.address),
        _known(member.logPort),
        role,
        member.kind.value,
        _known(member.matchIndex),
        _known(member.lag),
        member.incarnation[:_FOLDER_LETTERS] or "none yet",
        _known(member.version),
        "?" if member.heard is None else f"{member.heard:.1f} s",
    )


def _known(told: object) -> str:
    return "?" if told is None else str(told)


def _asJson(member: Member) -> str:
    host, port = (None, None) if member.address is None else member.address
    return json.dumps(
        {
            "id": member.id,
            "kind": member.kind.value,
            "host": host,
            "client_port": port,
            "log_port": member.logPort,
            "incarnation": member.incarnation,
            "leads": member.leads,
            "index": member.matchIndex,
            "lag": member.lag,
            "heard": member.heard,
            "version": member.version,
        }
    )
