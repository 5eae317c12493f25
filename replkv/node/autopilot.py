"""
A spare takes the place of a member that is gone, by itself.
"""

from __future__ import annotations

from typing import NamedTuple

from twisted.internet.interfaces import IReactorTime

from replkv.node.roster import Roster
from replkv.raft.changes import CannotChange, demoted, promoted, removed
from replkv.raft.configuration import Configuration
from replkv.raft.core import Raft
from replkv.raft.member import Kind


class Step(NamedTuple):
    """
    @ivar configuration: the next one.
    @ivar reason: why, for operators.
    """

    configuration: Configuration
    reason: str


class Autopilot:
    """
    Looks, on the server that leads, for members that have not answered for a while.

    Two entries do it, which whoever leads finds where they are. The first takes the vote of the one that is gone: it is
    absent then, and has its vote again if it comes back meanwhile. The second gives a vote to the spare, and removes
    the other. Neither is made where the voters that answer would be no majority after it.
    """

    def __init__(self, raft: Raft, roster: Roster, clock: IReactorTime, patience: float | None) -> None:
        """
        @param patience: for how many seconds a member is waited for; C{None} is for ever.
        """
        self._raft = raft
        self._roster = roster
        self._clock = clock
        self._patience = patience

    def next(self, since: float) -> Step | None:
        """
        What is to be done now; C{None} if all may stay as it is.

        @param since: when this server began to lead, by the clock: nobody is missed for longer.
        """
        patience = self._patience
        if patience is None:
            return None
        configuration = self._raft.configuration
        members = configuration.members
        spare = next((each for each in members if each.kind is Kind.SPARE and self._isReady(each.id)), None)
        # One after the other.
        absent = [each for each in members if each.kind is Kind.ABSENT]
        others = absent or [each for each in members if each.kind is Kind.VOTER and each.incarnation]
        gone = next((each for each in others if self._missed(each.id, since) >= patience), None)
        if spare is None or gone is None:
            return None
        try:
            if gone.kind is Kind.VOTER:
                after, what = demoted(configuration, gone.id), "it has no vote any more"
            else:
                after, what = removed(promoted(configuration, spare.id), gone.id), f"server {spare.id} takes its place"
        except CannotChange:
            return None
        if not after.isQuorum({voter for voter in after.voters if self._roster.hears(voter)}):
            return None
        return Step(after, f"server {gone.id} has not answered for {patience:g} s: {what}")

    def _isReady(self, server: int) -> bool:
        """
        Whether a spare has all that is committed.
        """
        progress = self._raft.progressOf(server)
        return self._roster.hears(server) and progress is not None and progress.matchIndex >= self._raft.commitIndex

    def _missed(self, server: int, since: float) -> float:
        """
        For how many seconds a member has not answered.
        """
        heard = self._roster.heardAt(server)
        return self._clock.seconds() - max(since, heard or since)
