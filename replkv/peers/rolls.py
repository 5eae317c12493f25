"""
All that one server knows of who is a member: by its log, by what is committed of that, and by what others have told.
"""

from __future__ import annotations

from replkv.peers.commands import Refused
from replkv.peers.roll import Roll
from replkv.raft import membership
from replkv.raft.configuration import Configuration


class Rolls:
    """
    Who asks for something is judged by what is committed or by what is in force: that may yet be cut off the log, by
    one who is no member there. Whose answers count is judged by what is in force alone.

    @ivar inForce: the last one in this server's log, committed or not (thesis, section 4.1).
    @ivar settled: the last one that is known to be committed.
    @ivar elsewhere: the one in the log of another server that knows more: where to look for those of whom this one
        knows nothing yet.
    """

    def __init__(self, cluster: str, roll: Roll) -> None:
        """
        @param cluster: its name.
        @param roll: who the members are as this server begins.
        """
        self.inForce = self.settled = roll
        self.elsewhere = Roll(Configuration(()))
        self._cluster = cluster

    def judging(self, server: int, incarnation: str) -> Roll:
        """
        The one by which a server that asks is judged: the one in force, unless it is a member by the settled one only.
        """
        if self._objectionInForce(server, incarnation) is not None and self._isSettled(server, incarnation):
            return self.settled
        return self.inForce

    def objection(self, server: int, incarnation: str, wasMember: bool = False) -> str | None:
        """
        Say why a server that asks is no member: see L{Roll.objection}.
        """
        objection = self._objectionInForce(server, incarnation, wasMember)
        return None if objection is None or self._isSettled(server, incarnation) else objection

    def replacement(self, server: int, incarnation: str) -> str | None:
        """
        Say why what a member answers would not count: it is to come with another data folder than this.

        @return: C{None} if it would, or it is no member.
        """
        return None if self.inForce.member(server) is None else self._objectionInForce(server, incarnation)

    def isStranger(self, server: int, incarnation: str) -> bool:
        """
        Whether a server that was let in is no member by what is known now.
        """
        return not self.isMemberElsewhere(server, incarnation) and self.objection(server, incarnation) is not None

    def isMemberElsewhere(self, server: int, incarnation: str) -> bool:
        """
        Whether a server is a member by what another one knows who knows more. It can be asked for what this one lacks.
        """
        return self.elsewhere.upTo > self.settled.upTo and self.elsewhere.incarnation(server) == incarnation

    def isReplaced(self, server: int, incarnation: str) -> bool:
        """
        Whether a member that answers is to come with another data folder. What it answers is counted by what is in
        force, committed or not.
        """
        roll = self.elsewhere if self.inForce.member(server) is None else self.inForce
        return roll.objection(server, incarnation, self._cluster) is not None

    def hint(self, sender: int, configuration: bytes | None, index: int) -> None:
        """
        A server knows more of the members.

        @param configuration: what it knows, encoded; C{None} if it does not say.
        @param index: up to here it knows that.
        @raise Refused: if that cannot be.
        """
        if index <= self.elsewhere.upTo or configuration is None:
            return
        try:
            told = membership.decode(configuration)
        except ValueError as error:
            raise Refused(f"server {sender} does not say who the members are: {error}") from None
        self.elsewhere = Roll(told, index)

    def _objectionInForce(self, server: int, incarnation: str, wasMember: bool = False) -> str | None:
        if not self.inForce.isNamed:
            return None
        return self.inForce.objection(server, incarnation, self._cluster, wasMember)

    def _isSettled(self, server: int, incarnation: str) -> bool:
        """
        Whether a server is a member by what is committed. What names no data folder says nothing of one that has come
        into force with a name.
        """
        if self.settled.isNamed:
            return self.settled.objection(server, incarnation, self._cluster) is None
        return self.settled.member(server) is not None and self.inForce.member(server) is None
