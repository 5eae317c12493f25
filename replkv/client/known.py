"""
Which servers a client knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Final

from twisted.internet.interfaces import IReactorTime

from replkv.client.address import Address
from replkv.client.errors import ClientError
from replkv.client.membership import membersIn
from replkv.client.protocol import CommandProtocol
from replkv.commands.members import Members
from replkv.commands.results import Result
from replkv.raft.membership import MAX_MEMBERS
from replkv.wire.encoding import encodeCommand

MEMBERS: Final = encodeCommand(Members())
"""
What a server is asked by, so that it tells of the others.
"""


class KnownServers:
    """
    The servers that a client was told of by its program, which it never forgets; and the members of the cluster, as a
    leader has told of them last.
    """

    # A leader may lead for very long, while all others go and new ones come: so from time to time it is asked again.
    REFRESH: Final = 60.0

    def __init__(self, clock: IReactorTime, given: Sequence[Address]) -> None:
        """
        @param given: those that the program knows.
        """
        self._clock = clock
        self._given = given
        self._members: Sequence[Address] = ()
        self._asked = -inf

    @property
    def all(self) -> Sequence[Address]:
        """
        All of them, each once.
        """
        return list(dict.fromkeys([*self._given, *self._members]))

    def learn(self, members: Sequence[Address]) -> None:
        """
        Remember whom a leader has told of, and forget whom the one before has; unless it has told of nobody.
        """
        self._asked = self._clock.seconds()
        self._members = members or self._members

    def refresh(self, leader: CommandProtocol) -> None:
        """
        Ask the leader, if that was long ago.
        """
        now = self._clock.seconds()
        if now - self._asked >= self.REFRESH:
            self._asked = now
            told = leader.send(MEMBERS, changes=False)
            told.addCallbacks(lambda reply: self.learn(addressesIn(reply)), lambda _: None)


def addressesIn(reply: Result) -> Sequence[Address]:
    """
    Where the members are that a server tells of; none, if it is of an earlier version.
    """
    try:
        members = membersIn(reply)[:MAX_MEMBERS]
    except ClientError:
        return ()
    return [member.address for member in members if member.address is not None]
