"""
Who may do what, at which place in the log.

Whether somebody may change something is decided when it is proposed, by what the users are after all entries before it
in the log. So a command that changes users, and the beginning of a term, hold up what comes after them until they are
applied. Whether somebody may be told something is decided by the very state from which it is told.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import inf
from typing import Final, NamedTuple, cast

from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from replkv.commands.auth import Auth
from replkv.commands.command import AdminCommand
from replkv.commands.results import Done, Found, NotAllowed, Result, Unavailable
from replkv.commands.users import PAGE_USERS, Users
from replkv.frontends.request import Request
from replkv.kv.machine import StateMachine
from replkv.node.limits import NodeLimits
from replkv.node.logins import Logins, NotTried
from replkv.node.pending import Deadlines
from replkv.node.trail import Trail
from replkv.raft.entry import Entry
from replkv.users.user import Login, grantsAsJson

_MANY_CHANGES: Final = 100
"""
Of so many users it is remembered when they have changed something, before those are forgotten who may again.
"""


class _Change(NamedTuple):
    """
    A command that changes users and is not applied yet. Another leader may have put another entry at its index.
    """

    entryIndex: int
    term: int
    request: Request


class _Checked(NamedTuple):
    """
    What is known of somebody who has said to be a user.

    @ivar found: C{None} if he is none, as far as this server knows.
    @ivar isSure: whether no other one knows better.
    """

    request: Request
    found: Login | NotTried | None
    isSure: bool


class Access:
    """
    Knows what the users are, and whether all is known of them; and tells other operators what operators do.
    """

    def __init__(
        self,
        machine: StateMachine,
        logins: Logins,
        trail: Trail,
        clock: IReactorTime,
        timeout: float,
        limits: NodeLimits,
    ) -> None:
        """
        @param machine: holds the users.
        @param logins: try their tokens.
        @param timeout: the seconds after which an C{auth} is answered in any case.
        """
        self._machine = machine
        self._logins = logins
        self._trail = trail
        self._clock = clock
        self._limits = limits
        self._waiting = Deadlines(timeout, limits)
        self._checked: list[_Checked] = []
        self._areHeeded = machine.users.areHeeded
        self._nextChanges: dict[bytes, float] = {}
        self._settledAt = 0
        self._change: _Change | None = None

    @property
    def isSettled(self) -> bool:
        """
        Whether all is applied that can have changed users. Of a server that does not lead, this says nothing.
        """
        return self._machine.appliedIndex >= self._settledAt

    def lead(self, lastIndex: int) -> None:
        """
        This server leads from now on. Whatever those have proposed who led before stands before its first entry.

        @param lastIndex: the index of that.
        """
        self._settledAt = lastIndex

    def mayChange(self, request: Request) -> bool:
        """
        Whether users may change now. All clients wait while they do; so those who may not do everything, such as users
        who give themselves new tokens, may not have that as often as they like.
        """
        users, login = self._machine.users, request.login
        user = None if login is None else users.find(login.name)
        if not users.areHeeded or (user is not None and user.mayDoEverything):
            return True
        return user is not None and self._clock.seconds() >= self._nextChanges.get(user.name, 0.0)

    def proposed(self, index: int, term: int, request: Request) -> None:
        """
        A command that changes users has become an entry.
        """
        self._settledAt = index
        if request.login is not None:
            now = self._clock.seconds()
            if len(self._nextChanges) >= _MANY_CHANGES:
                self._nextChanges = {name: time for name, time in self._nextChanges.items() if time > now}
            self._nextChanges[request.login.name] = now + self._limits.changePause
        self._change = _Change(index, term, request)

    def applied(self, entries: Sequence[Entry], results: Sequence[Result | None]) -> None:
        """
        Entries are applied.
        """
        change = self._change
        if change is not None and change.entryIndex <= entries[-1].index:
            place = change.entryIndex - entries[0].index
            self._tell(change, results[place] if entries[place].term == change.term else None)
        if self._areHeeded != (areHeeded := self._machine.users.areHeeded):
            self._areHeeded = areHeeded
            self._trail.heeds(areHeeded)

    def abandon(self, after: int) -> None:
        """
        What becomes of the entries after that is unknown.
        """
        change = self._change
        if change is not None and change.entryIndex > after:
            self._tell(change, None)

    def skip(self, appliedIndex: int) -> None:
        """
        What has become of the entries up to that is unknown.
        """
        change = self._change
        if change is not None and change.entryIndex <= appliedIndex:
            self._tell(change, None)

    def allows(self, request: Request) -> bool:
        """
        Whether who has asked may have this done.
        """
        return self._machine.users.allow(request.login, request.command)

    def admits(self, request: Request) -> bool:
        """
        The same for what this server answers by itself. Other operators are told if it is for an operator.
        """
        isAllowed = self.allows(request)
        if isinstance(request.command, AdminCommand):
            (self._trail.asked if isAllowed else self._trail.notAllowed)(request)
        return isAllowed

    def refuse(self, request: Request) -> None:
        """
        Answer somebody who may not have that done, or is not who he says to be.
        """
        if isinstance(request.command, AdminCommand):
            self._trail.notAllowed(request)
        request.answer(NotAllowed())

    def keep(self, now: float, request: Request) -> None:
        """
        Have an C{auth} be answered in any case, when its time is over.
        """
        self._waiting.add(now, request)

    def logIn(self, request: Request, command: Auth, isSure: bool) -> None:
        """
        Find out whether who has asked is a user. What comes of it is told by a L{tick} to come.

        @param isSure: whether no other server can know better.
        """

        def known(found: Login | NotTried | None) -> None:
            self._checked.append(_Checked(request, found, isSure))

        def failed(failure: Failure) -> None:
            failure.trap(NotTried)
            known(cast(NotTried, failure.value))

        self._logins.check(request, command, self._machine.users.find(command.user)).addCallbacks(known, failed)

    @property
    def isIdle(self) -> bool:
        """
        Whether nobody waits to learn who is a user.
        """
        return not self._waiting.count

    def tick(self, now: float) -> list[Request]:
        """
        Answer those of whom it is known who they are.

        @return: the requests of those whom this server does not know; the leader may.
        """
        checked, self._checked = self._checked, []
        unsure = []
        for request, found, isSure in checked:
            if request.isAnswered:
                continue
            if isinstance(found, Login):
                request.session.login = found
                request.answer(Done())
            elif isinstance(found, NotTried):
                request.answer(Unavailable())
            elif isSure:
                request.answer(NotAllowed())
            else:
                unsure.append(request)
        self._waiting.sweep(now)
        return unsure

    def close(self) -> None:
        """
        Answer all that waits: this server does nothing more.
        """
        self._waiting.sweep(inf)

    def tellUsers(self, request: Request, command: Users) -> int:
        """
        Answer with a page of users.

        @return: how many bytes that takes.
        """
        self._trail.asked(request)
        users = self._machine.users.after(command.afterUser, PAGE_USERS)
        lines = [json.dumps({"user": user.name.decode("ascii"), "grants": grantsAsJson(user.grants)}) for user in users]
        value = "".join([f"{line}\n" for line in lines]).encode("ascii")
        request.answer(Found(0, 0, value))
        return len(value)

    def done(self, request: Request, result: Result) -> None:
        """
        Something for an operator was carried out, or could not be.
        """
        self._trail.done(request, result)

    def _tell(self, change: _Change, result: Result | None) -> None:
        self._change = None
        self._trail.done(change.request, result or Unavailable())
