"""
Who is a member, and with which data folder, as the configuration in a server's log has it.

A server that has lost its folder no longer knows how it voted and what it acknowledged. So it counts only with the
folder that the configuration names: it is known to all who have that in their log, however few have met it. One whose
log has a later configuration knows better, and is believed if it can tell that it is of the same cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from replkv.lives import Life
from replkv.raft.configuration import Configuration
from replkv.raft.member import Kind, Member


class Claim(NamedTuple):
    """
    What a server says of itself and of the members.

    @ivar sender: its id.
    @ivar incarnation: the name of its data folder.
    @ivar upTo: up to here it knows the configurations; 0 if it has none but that of its servers file.
    @ivar folders: the name of each member's data folder, by id, as it knows it; empty where it does not.
    """

    sender: int
    incarnation: str
    upTo: int
    folders: Mapping[int, str]

    def shares(self, known: Mapping[int, str]) -> bool:
        """
        Whether it is of the same cluster: it knows some data folder as it is known here, if any is.

        @param known: the name of each server's data folder, by id, as far as it is known here.
        """
        return not known or any(self.folders.get(server) == name for server, name in known.items())


class Roll(NamedTuple):
    """
    What this server goes by.

    @ivar configuration: the one that is in force.
    @ivar upTo: up to here it knows the configurations; 0 as long as none has named a data folder.
    """

    configuration: Configuration
    upTo: int = 0

    @property
    def isNamed(self) -> bool:
        """
        Whether the members are known by their data folders, which is since a cluster had its first leader.
        """
        return self.upTo > 0

    def member(self, server: int) -> Member | None:
        """
        The member with this id, if there is one.
        """
        return self.configuration.member(server)

    def incarnation(self, server: int) -> str:
        """
        The name of a member's data folder; empty where it is not known.
        """
        member = self.member(server)
        return "" if member is None else member.incarnation

    def life(self, server: int) -> Life | None:
        """
        The last start of a member that a leader has met; C{None} if none has met any.
        """
        member = self.member(server)
        return Life(member.incarnation, member.start, member.startName) if member is not None and member.start else None

    def binds(self, server: int) -> bool:
        """
        Whether a server must be what it was when it was met last, though the configuration does not say what that was:
        it may have voted already. A learner has not.
        """
        member = self.member(server)
        return member is not None and member.kind is Kind.VOTER and not member.incarnation

    def isBehind(self, claim: Claim, known: Mapping[int, str]) -> bool:
        """
        Whether another server knows a later configuration, which has it as a member, and is of the same cluster: who is
        nobody here may have come since.

        @param known: the name of each server's data folder, by id, as far as it is known here.
        """
        isMember = claim.folders.get(claim.sender) == claim.incarnation
        return claim.upTo > self.upTo and claim.shares(known) and isMember

    def objection(self, server: int, incarnation: str, cluster: str, wasMember: bool = False) -> str | None:
        """
        Say why a server is no member, for its operator: which command makes it one.

        @param incarnation: the name of its data folder.
        @param cluster: the name of the cluster.
        @param wasMember: whether it has been one.
        @return: C{None} if it is one.
        """
        member = self.member(server)
        if member is None:
            ids = ", ".join(map(str, self.configuration.ids))
            if wasMember:
                return (
                    f"server {server} is no member of the cluster {cluster!r} any more, which has the members {ids}: "
                    f"stop it, or have it be one again with replkv member add --id {server}"
                )
            return (
                f"server {server} is no member of the cluster {cluster!r}, which has the members {ids}: replkv member "
                f"add --id {server} --host HOST --client-port PORT --log-port PORT lets it in"
            )
        if incarnation == member.former:
            return f"this data folder of server {server} was replaced: stop it. The next one is to be an empty folder"
        if member.incarnation not in ("", incarnation):
            return (
                f"server {server} comes with another data folder than the one with which it is a member: that was "
                f"wiped, or this one was made elsewhere, so that it may have forgotten what it voted and acknowledged: "
                f"replkv member replace --id {server} lets it in"
            )
        return None
