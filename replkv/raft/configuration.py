"""
The members of a cluster, and what is a majority of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from replkv.raft.quorum import agreed, majority


@dataclass(frozen=True)
class Configuration:
    """
    Who decides. The roles ask it by the names of servers, and count nothing themselves: so a configuration that needs
    the majorities of two sets of members at once, while the one replaces the other (Ongaro's thesis, section 4.3), can
    answer the same questions.

    @ivar members: the ids of all servers.
    """

    members: tuple[int, ...]

    def peersOf(self, server: int) -> tuple[int, ...]:
        """
        All members but C{server}.
        """
        return tuple(member for member in self.members if member != server)

    def isQuorum(self, servers: Set[int]) -> bool:
        """
        Whether C{servers} can decide: whether an election is won with their votes, and whether a leader that hears them
        may lead on.
        """
        return sum(member in servers for member in self.members) >= majority(len(self.members))

    def agreed(self, values: Mapping[int, int]) -> int:
        """
        The largest value that a quorum has reached: an index that is on their disks, or a round of reads that they have
        answered.

        @param values: of every member.
        """
        return agreed([values[member] for member in self.members])
