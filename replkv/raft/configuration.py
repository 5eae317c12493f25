"""
The members of a cluster, and what is a majority of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Final

from replkv.raft.member import Kind, Member
from replkv.raft.quorum import agreed, majority


class Configuration:
    """
    Who decides. The roles ask it by the names of servers, and count nothing themselves. It is a value: a change makes
    another one (L{replkv.raft.changes}).

    @ivar members: all of them, by ascending id.
    @ivar voters: the ids of those that count.
    """

    __slots__ = ("members", "voters")

    def __init__(self, members: Iterable[Member]) -> None:
        """
        @param members: in any order.
        """
        self.members: Final = tuple(sorted(members, key=lambda member: member.id))
        self.voters: Final = tuple(member.id for member in self.members if member.kind is Kind.VOTER)

    @classmethod
    def ofVoters(cls, ids: Iterable[int]) -> Configuration:
        """
        The configuration with which a cluster begins, of which no more is known than who is in it.
        """
        return cls(Member(voter) for voter in ids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Configuration) and self.members == other.members

    def __hash__(self) -> int:
        return hash(self.members)

    def __repr__(self) -> str:
        return f"Configuration({self.members!r})"

    @property
    def ids(self) -> tuple[int, ...]:
        """
        The ids of all members.
        """
        return tuple(member.id for member in self.members)

    def member(self, server: int) -> Member | None:
        """
        The member with this id, if there is one.
        """
        return next((member for member in self.members if member.id == server), None)

    def peersOf(self, server: int) -> tuple[int, ...]:
        """
        All members but C{server}.
        """
        return tuple(member.id for member in self.members if member.id != server)

    def isQuorum(self, servers: Set[int]) -> bool:
        """
        Whether C{servers} can decide: whether an election is won with their votes, and whether a leader that hears them
        may lead on.
        """
        return sum([voter in servers for voter in self.voters]) >= majority(len(self.voters))

    def agreed(self, values: Mapping[int, int]) -> int:
        """
        The largest value that a quorum has reached: an index that is on their disks, or a round of reads that they have
        answered.

        @param values: of every voter, and maybe of others.
        """
        return agreed([values[voter] for voter in self.voters])
