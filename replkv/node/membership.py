"""
How operators have servers come and go, and what of it is done by itself.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final, NamedTuple

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from replkv.commands.configure import Configure
from replkv.commands.members import MemberCommand
from replkv.commands.results import Already, Done, NotUpgraded, Refused, Result, Unavailable
from replkv.frontends.request import Request
from replkv.node.autopilot import Autopilot
from replkv.node.memberchanges import after
from replkv.node.roster import Roster
from replkv.raft.changes import CannotChange, NotNow, named, started
from replkv.raft.configuration import Configuration
from replkv.raft.core import NotLeader, Raft
from replkv.raft.member import Kind

MAX_WAITING: Final = 16
"""
How many changes may wait for others.
"""


class _Wanted(NamedTuple):
    """
    A change that an operator wants.
    """

    request: Request
    command: MemberCommand
    result: Deferred[Result]


class _Begun(NamedTuple):
    """
    A change that is in the log, and not committed as far as is known.

    @ivar entryIndex: the index of its entry.
    @ivar term: in which this server led when it was begun.
    @ivar told: what is told when it is committed.
    """

    request: Request
    entryIndex: int
    term: int
    told: Result
    result: Deferred[Result]


class Membership:
    """
    Asks the core of the server that leads for one change after the other, and waits until each is committed.
    """

    _logger = Logger()

    def __init__(
        self, raft: Raft, roster: Roster, autopilot: Autopilot, clock: IReactorTime, electionTimeout: float
    ) -> None:
        """
        @param autopilot: says what is to be done without an operator.
        @param roster: knows how the members are.
        @param electionTimeout: after so many seconds, a leader has heard of all who answer: since it was elected, or
            since something about them was changed.
        """
        self._autopilot = autopilot
        self._clock = clock
        self._electionTimeout = electionTimeout
        self._known = 0, 0  # In which term, and by which entry, the members are who they are,
        self._since = 0.0  # and since when;
        self._termSince = 0.0  # and since when it is that term.
        self._ticked = 0.0  # When was the last tick.
        self._raft = raft
        self._id = raft.config.id
        self._roster = roster
        self._wanted: list[_Wanted] = []
        self._begun: list[_Begun] = []

    @property
    def isIdle(self) -> bool:
        """
        Whether nobody waits for a change.
        """
        return not self._wanted and not self._begun

    def change(self, request: Request, command: MemberCommand) -> Deferred[Result]:
        """
        Do what an operator wants, as soon as it can be done. This server leads.

        @return: fires when it is committed, or it is not known what will come of it.
        """
        if len(self._wanted) + len(self._begun) >= MAX_WAITING:
            return succeed(Unavailable())
        wanted = _Wanted(request, command, Deferred())
        self._wanted.append(wanted)
        self.look()
        return wanted.result

    def look(self) -> None:
        """
        See what has come of it, and go on: to be called when anything has happened in the core.
        """
        self._lookAtBegun()
        wanted, self._wanted = self._wanted, []
        for each in wanted:
            if not each.request.isAnswered:
                self._begin(each)

    def tick(self) -> None:
        """
        Go on, and write down the lives of those who are here.
        """
        known, now = (self._raft.currentTerm, self._raft.configurationIndex), self._clock.seconds()
        # A machine that was asleep has heard nobody meanwhile.
        wasAsleep = now - self._ticked > self._electionTimeout
        if known[0] != self._known[0] or wasAsleep:
            self._termSince = now
        if known != self._known or wasAsleep:
            self._since = now
        self._known, self._ticked = known, now
        if not self.isIdle:
            self.look()
        if self._raft.leaderId == self._id:
            if self._hasHeardAll or self._roster.hasMetAll:
                self._change(self._withLives(self._raft.configuration))
            step = self._autopilot.next(self._termSince)
            if step is not None and self._change(step.configuration):
                self._logger.warn("{reason}", reason=step.reason)

    @property
    def _hasHeardAll(self) -> bool:
        """
        Whether who has not answered by now is not there.
        """
        isKnown = self._known == (self._raft.currentTerm, self._raft.configurationIndex)
        return isKnown and self._clock.seconds() - self._since >= self._electionTimeout

    def _isKnownTo(self, configuration: Configuration) -> bool:
        """
        Whether all members of a configuration would know such an entry. One that is yet to come is let in only if it
        does.
        """
        versions = self._roster.versions
        here = [member.id for member in configuration.members if member.kind is Kind.VOTER or member.incarnation]
        return all(versions.speaks(server, Configure.SINCE) for server in here)

    def _begin(self, wanted: _Wanted) -> None:
        request, command, result = wanted
        before = self._raft.configuration
        try:
            if self._raft.leaderId != self._id:
                raise NotLeader
            if not self._hasHeardAll:
                raise NotNow
            configuration = after(command, before, self._roster)
            if configuration == before:
                self._await(request, self._raft.configurationIndex, Already(), result)
            elif not self._isKnownTo(configuration):
                result.callback(NotUpgraded())
            else:
                self._await(request, self._raft.change(configuration), Done(), result)
        except NotNow:
            self._wanted.append(wanted)
        except NotLeader:
            result.callback(Unavailable())
        except CannotChange as error:
            result.callback(Refused(str(error)))

    def _await(self, request: Request, index: int, told: Result, result: Deferred[Result]) -> None:
        self._begun.append(_Begun(request, index, self._raft.currentTerm, told, result))
        self._lookAtBegun()

    def _lookAtBegun(self) -> None:
        begun, self._begun = self._begun, []
        for each in begun:
            if self._raft.leaderId != self._id or self._raft.currentTerm != each.term:
                each.result.callback(Unavailable())
            elif self._raft.commitIndex >= each.entryIndex:
                each.result.callback(each.told)
            elif not each.request.isAnswered:
                self._begun.append(each)

    def _change(self, configuration: Configuration) -> bool:
        """
        Have another configuration, if it is another.

        @return: whether it is in force. If not, another tick will try again.
        """
        if configuration != self._raft.configuration and self._isKnownTo(configuration):
            with suppress(CannotChange, NotLeader):
                self._raft.change(configuration)
        return configuration == self._raft.configuration

    def _withLives(self, configuration: Configuration) -> Configuration:
        """
        With the data folders of members that had none, and the last starts on them: one that comes with another folder,
        or with an older copy of it, is known by that to all.
        """
        for member in configuration.members:
            life = self._roster.lifeOf(member.id)
            if life is None or member.incarnation not in ("", life.incarnation) or life.start <= member.start:
                continue
            if not member.incarnation:
                address = self._roster.addressOf(member.id)
                configuration = named(configuration, member.id, life.incarnation, address)
            configuration = started(configuration, member.id, life.start, life.name)
        return configuration
