"""
Who may do what, at which place in the log.

Whether somebody may change something is decided when it is proposed, by what the users are after all entries before it
in the log. So a command that changes users, and the beginning of a term, hold up what comes after them until they are
applied. Whether somebody may be told something is decided by the very state from which it is told.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from twisted.internet.defer import Deferred

from replkv.commands.auth import Auth
from replkv.commands.command import AdminCommand
from replkv.commands.results import Found, NotAllowed, Result, Unavailable
from replkv.commands.users import PAGE_USERS, Users
from replkv.frontends.request import Request
from replkv.kv.machine import StateMachine
from replkv.node.logins import Logins
from replkv.node.trail import Trail
from replkv.raft.entry import Entry
from replkv.users.user import Login, grantsAsJson


class _Change(NamedTuple):
    """
    A command that changes users and is not applied yet.

    """

    entryIndex: int
    request: Request


class Access:
    """
    Knows what the users are, and whether all is known of them; and tells other operators what operators do.
    """

    def __init__(self, machine: StateMachine, logins: Logins, trail: Trail) -> None:
        """
        @param machine: holds the users.
        @param logins: try their tokens.
        """
        self._machine = machine
        self._logins = logins
        self._trail = trail
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

    def proposed(self, index: int, request: Request) -> None:
        """
        A command that changes users has become an entry.
        """
        self._settledAt = index
        self._change = _Change(index, request)

    def applied(self, entries: Sequence[Entry], results: Sequence[Result | None]) -> None:
        """
        Entries are applied.
        """
        change = self._change
        if change is not None and change.entryIndex <= entries[-1].index:
            self._tell(change, results[change.entryIndex - entries[0].index])

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
        if isinstance(request.command, Auth):
            self._trail.notLoggedIn(request.command.user, request.session.host)
        elif isinstance(request.command, AdminCommand):
            self._trail.notAllowed(request)
        request.answer(NotAllowed())

    def check(self, request: Request, command: Auth) -> Deferred[Login | None]:
        """
        Find out whether who has asked is a user. Until that is known, he is nobody.

        @return: fires with C{None} if he is not.
        """
        request.session.login = None
        return self._logins.check(request.session.host, self._machine.users.find(command.user), command.token)

    def tellUsers(self, request: Request, command: Users) -> int:
        """
        Answer with a page of users.

        @return: how many bytes that takes.
        """
        users = self._machine.users.after(command.after, PAGE_USERS)
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
        # Only an entry of another leader has no result.
        self._change = None
        self._trail.done(change.request, result or Unavailable())
