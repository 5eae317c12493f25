"""
A server that is a member, until it has caught up.
"""

from __future__ import annotations

from typing import Final, Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from replkv.client.client import Client
from replkv.client.errors import Unavailable
from replkv.client.membership import Member
from replkv.raft.member import Kind

POLL_SECONDS: Final = 0.5
"""
So often it is looked how the server is.
"""

_SILENCE_SECONDS: Final = 5.0
"""
A server that was not heard for so long may be worth a look.
"""

_NEAR_ENTRIES: Final = 1000
"""
A spare that lacks no more than that is there when it is needed, whatever is written meanwhile.
"""


class Progress(Protocol):
    """
    Shows how far the server has got.
    """

    def show(self, index: int, last: int) -> None:
        """
        It has the log up to this entry.

        @param last: the last one that there is.
        """

    def say(self, line: str) -> None:
        """
        Say something else meanwhile.
        """


async def untilReady(clock: IReactorTime, client: Client, server: int, patience: float, progress: Progress) -> Kind:
    """
    Wait until a server has its vote, or, if it is a spare, could have it; for as long as that takes.

    @param patience: for so many seconds no leader may answer.
    @param progress: is told how far the server is, and what there is to do about it.
    @return: what it is then.
    @raise Unavailable: if none answers, or the server is no member any more.
    """
    hint = ""
    while True:
        members = await client.members(timeout=patience)
        member = next((member for member in members if member.id == server), None)
        if member is None:
            raise Unavailable(f"server {server} is no member any more: somebody else has removed it")
        if member.kind is Kind.VOTER or (member.kind is Kind.SPARE and _isNear(member)):
            return member.kind
        before, hint = hint, _hint(member)
        if hint not in ("", before):
            progress.say(hint)
        if member.incarnation and member.matchIndex is not None and member.lag is not None:
            progress.show(member.matchIndex, member.matchIndex + member.lag)
        await deferLater(clock, POLL_SECONDS)


def _isNear(member: Member) -> bool:
    return (
        member.incarnation != ""
        and member.lag is not None
        and member.lag <= _NEAR_ENTRIES
        and member.heard is not None
        and member.heard <= _SILENCE_SECONDS
    )


def _hint(member: Member) -> str:
    """
    What there is to do, so that a server catches up; nothing, if it does.
    """
    if not member.incarnation:
        return (
            f"server {member.id} has not come yet: start it on its host, with a servers file that names it, and with "
            f"no data: twistd replkv --id {member.id}"
        )
    if member.heard is not None and member.heard > _SILENCE_SECONDS:
        return f"server {member.id} does not answer: see whether it runs, and what its log says"
    return ""
