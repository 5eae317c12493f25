"""
Who decides in a simulated cluster whose members come and go, and who may be lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from replkv.raft.changes import demoted
from replkv.raft.configuration import Configuration
from replkv.raft.core import Raft
from replkv.raft.member import Kind, Member
from replkv.testing.faults import Undo
from replkv.testing.judge import Judge


class Leading(Protocol):
    """
    A server that may lead.
    """

    @property
    def folder(self) -> str:
        """
        The name of its data folder.
        """

    @property
    def leads(self) -> bool:
        """
        Whether it runs and believes to lead.
        """

    @property
    def raft(self) -> Raft:
        """
        Its core.
        """


class Quorums:
    """
    Knows all that the judge has seen of the members. Faults end some day, but for what is lost with a disk, and what
    operators do; those ask here before they take anything away, so that there is always a majority of servers that are
    whole, whichever configuration turns out to be committed.
    """

    def __init__(
        self,
        servers: Sequence[Leading],
        beginning: Configuration,
        judge: Judge,
        isWhole: Callable[[Member], bool],
        hasAutopilot: bool = False,
    ) -> None:
        """
        @param servers: all servers; the place of each is its id.
        @param beginning: the configuration with which the cluster begins.
        @param isWhole: tells whether a server is what a configuration says of it, and has all that it ever promised.
        @param hasAutopilot: whether a leader may take the vote of any one that it does not hear.
        """
        self._isWhole = isWhole
        self._hasAutopilot = hasAutopilot
        self._servers = servers
        self._beginning = beginning
        self._judge = judge
        self._leaving: Counter[int] = Counter()

    @property
    def committed(self) -> list[Configuration]:
        """
        All configurations that were ever committed, the first one first.
        """
        return [self._beginning, *self._judge.committedConfigurations]

    @property
    def latest(self) -> Configuration:
        """
        The last one that is committed.
        """
        return self.committed[-1]

    @property
    def inForce(self) -> list[Configuration]:
        """
        The last one that is committed, and those that may yet be.
        """
        leaders = [server for server in self._servers if server.leads]
        return [self.latest, *self._judge.openConfigurations, *(leader.raft.configuration for leader in leaders)]

    def isFolderOf(self, member: Member) -> bool:
        """
        Whether a server has the data folder with which it is a member.
        """
        return self._judge.folders.counts(member, self._servers[member.id].folder)

    def wasRemoved(self, server: int) -> bool:
        """
        Whether a server was removed, whether it is a member again or not.
        """
        return any(configuration.member(server) is None for configuration in self.committed)

    def wasExcluded(self, server: int) -> bool:
        """
        Whether others may take a server, with the data folder that it has or had, for none of theirs, or have done so.
        """
        found = [configuration.member(server) for configuration in (*self.committed, *self.inForce)]
        return any(member is None or member.former or not self.isFolderOf(member) for member in found)

    def couldBe(self, holds: Callable[[int], bool]) -> bool:
        """
        Whether something holds of a majority of the voters, by some configuration that may be in force.
        """
        return any(self._isMajority(each, holds) for each in self.inForce)

    def isCertain(self, holds: Callable[[int], bool]) -> bool:
        """
        Whether something holds of a majority of the voters, by each configuration that may be in force.
        """
        return all(self._isMajority(each, holds) for each in self.inForce)

    def canSpare(self, server: int) -> bool:
        """
        Whether the others can do without a server, and with whatever comes of what operators have asked for. One that
        is yet to come has nothing that they could miss.
        """
        possible = [each for each in self.inForce if not _isToCome(each.member(server))]
        if self._hasAutopilot:
            possible += [demoted(each, gone) for each in possible if len(each.voters) > 1 for gone in each.voters]
        return all(self._stands(each, server) for each in possible)

    def leave(self, server: int) -> Undo:
        """
        Somebody has asked for a server's removal, which may come or not.

        @return: to be called when it will not come any more.
        """
        self._leaving[server] += 1

        def end() -> None:
            self._leaving[server] -= 1

        return end

    def _stands(self, configuration: Configuration, spared: int) -> bool:
        """
        Whether those that are whole, and stay, are a majority: also when those are voters that have no vote yet.
        """
        whole = {member.id for member in configuration.members if member.id != spared and self._isWhole(member)}
        staying = {member for member in whole if not self._leaving[member]}
        learners = {member.id for member in configuration.members if member.kind is not Kind.VOTER}
        voters = {*configuration.voters}
        # Who is whole and goes does not count against the others either.
        least = voters - (whole - staying) | (learners - whole)
        return 2 * len(voters & staying) > len(least)

    def _isMajority(self, configuration: Configuration, holds: Callable[[int], bool]) -> bool:
        voters = configuration.voters
        return 2 * sum(holds(voter) for voter in voters) > len(voters)


def _isToCome(member: Member | None) -> bool:
    return member is not None and not member.incarnation and member.kind is not Kind.VOTER
