"""
What is promised of users: nobody has anything done that he may not, and everybody has what he may.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import NamedTuple

from replkv.commands.arithmetic import ArithmeticCommand
from replkv.commands.command import ReadCommand, StoreCommand
from replkv.commands.gat import Gat
from replkv.commands.put import Put
from replkv.testing.history import History, Operation, Status, Told
from replkv.testing.linear.report import describe
from replkv.testing.linear.values import UpdateCommand
from replkv.testing.outcome import Violation
from replkv.testing.users.certainty import Certainty
from replkv.testing.users.record import Change, Fate, Given, Login, Named, Taken


def checkUsers(history: History) -> None:
    """
    See whether rights were kept, as far as that is certain:

      - Nothing was done for somebody who certainly could not have it done, at any moment from its being asked for to
        its being known.
      - Nothing was refused to somebody who certainly could, all that time.
      - Nobody was taken for a user by a token that this one had certainly never had, nor refused with the one that he
        certainly had. A server that lags may take an old token for the right one, since it can do nothing with that.

    @raise Violation: if they were not. The message has all that is known of the user.
    """
    judge = _Judge(history)
    for login in history.users.logins:
        judge.login(login)
    for change in history.users.changes:
        judge.change(change)
    for operation in history.operations:
        judge.operation(operation)


class _Wanted(NamedTuple):
    """
    What somebody has asked for.

    @ivar login: who that is.
    @ivar words: the rights that it takes; none where it is enough to be that user.
    @ivar scope: over which keys.
    @ivar since: when it was asked for.
    @ivar until: when it was known what came of it.
    @ivar shown: in words.
    @ivar version: the version that it gave to a key, if that is known.
    """

    login: Login | None
    words: tuple[str, ...]
    scope: bytes
    since: float
    until: float
    shown: str
    version: int | None = None


class _Judge:
    def __init__(self, history: History) -> None:
        self._names = history.users.names
        self._refused = history.users.refused
        self._certainty = Certainty(history.users.changes)
        self._seen = _sightings(history)

    def login(self, login: Login) -> None:
        certainty, user, token = self._certainty, login.user, login.token
        if login.fate is Fate.DONE and not certainty.mayBe(user, token, -inf, login.ended):
            raise self._violation(
                "somebody was taken for a user with a token that this one never had", str(login), user
            )
        if login.fate is Fate.REFUSED and certainty.surelyIs(user, token, login.invoked, login.ended):
            raise self._violation("a user was not taken for one", str(login), user)

    def change(self, change: Change) -> None:
        scope = change.what.right.prefix if isinstance(change.what, Given | Taken) else b""
        isOwn = isinstance(change.what, Named) and change.login is not None and change.login.user == change.user
        words = () if isOwn else ("admin",)
        wanted = _Wanted(change.login, words, scope, change.invoked, change.ended, str(change))
        if change.fate is Fate.DONE:
            self._done(wanted)
        elif change.fate is Fate.REFUSED:
            self._denied(wanted)

    def operation(self, operation: Operation) -> None:
        command = operation.command
        words: tuple[str, ...] = ("read",) if isinstance(command, ReadCommand) else ("write",)
        if isinstance(command, ArithmeticCommand | Gat):
            words = ("write", "read")
        login, until = self._names.get(operation.number), operation.ended
        version = None
        if isinstance(command, StoreCommand | Put):
            found = self._seen.get(command.value, inf)
            until = found if operation.invoked <= found < until else until
            version = None if operation.answer is None else operation.answer.version
        wanted = _Wanted(login, words, command.key, operation.invoked, until, describe(operation).strip(), version)
        if operation.number in self._refused:
            self._denied(wanted)
        elif until < inf and operation.status is not Status.FAILED:
            self._done(wanted)

    def _done(self, wanted: _Wanted) -> None:
        """
        It was done.
        """
        login, words, scope, since, until, shown, version = wanted
        certainty = self._certainty
        if not certainty.isHeeded(since, until):
            return
        if login is None or login.fate in (Fate.REFUSED, Fate.VAIN):
            raise self._violation("something was done for nobody", shown, b"" if login is None else login.user)
        if not certainty.mayBe(login.user, login.token, since, until, version):
            raise self._violation("something was done for a login that is over", shown, login.user)
        if not all(certainty.mayHave(login.user, word, scope, since, until, version) for word in words):
            raise self._violation("something was done for a user who may not have it done", shown, login.user)

    def _denied(self, wanted: _Wanted) -> None:
        """
        It was refused.
        """
        login, words, scope, since, until, shown, _ = wanted
        certainty = self._certainty
        if not certainty.mayBeHeeded(since, until):
            raise self._violation("something was refused where everybody may do everything", shown, b"")
        if (
            login is not None
            and login.fate is Fate.DONE
            and certainty.surelyIs(login.user, login.token, login.invoked, until)
            and all(certainty.surelyHas(login.user, word, scope, since, until) for word in words)
        ):
            raise self._violation("something was refused to a user who may have it done", shown, login.user)

    def _violation(self, wrong: str, shown: str, user: bytes) -> Violation:
        about = "".join([f"\n  {change}" for change in self._certainty.about(user)])
        return Violation(f"{wrong}: {shown}\nwhat is known of {user.decode('ascii') or 'nobody'}:{about}")


def _sightings(history: History) -> Mapping[bytes, float]:
    """
    When each value that a command stored was first known to be read. No two commands store the same, but where values
    are made of each other.
    """
    seen: dict[bytes, float] = {}
    changed = {one.command.key for one in history.operations if isinstance(one.command, UpdateCommand)}
    for operation in history.operations:
        answer = operation.answer
        if operation.command.key in changed:
            continue
        if operation.status is Status.OK and answer is not None and answer.told is Told.FOUND:
            assert answer.value is not None
            seen[answer.value] = min(operation.ended, seen.get(answer.value, inf))
    return seen
