"""
Bugs of what users may do.
"""

from __future__ import annotations

from typing import Final

from replkv.commands.auth import Auth
from replkv.commands.cas import Cas
from replkv.commands.command import Command, ReadCommand
from replkv.frontends.request import Request
from replkv.kv.engine import Engine
from replkv.kv.machine import StateMachine
from replkv.kv.users import UserTable
from replkv.node.access import Access
from replkv.node.executor import Executor
from replkv.users.user import Login
from tests.planted.bug import Bug, Patch

_allow = UserTable.allow
_install = StateMachine.install
_carryOut = Executor._carryOut
_logIn = Access.logIn
_proposed = Access.proposed


def _allowAllReads(users: UserTable, login: Login | None, command: Command) -> bool:
    return isinstance(command, ReadCommand) or _allow(users, login, command)


def _allowAllCas(users: UserTable, login: Login | None, command: Command) -> bool:
    return isinstance(command, Cas) or _allow(users, login, command)


def _allowOldLogins(users: UserTable, login: Login | None, command: Command) -> bool:
    return _allow(users, None if login is None else Login(login.name, None), command)


def _proposedAlone(access: Access, index: int, term: int, request: Request) -> None:
    settledAt = access._settledAt
    _proposed(access, index, term, request)
    access._settledAt = settledAt


def _installWithoutUsers(machine: StateMachine, engine: Engine) -> Engine:
    users = machine.users
    before = _install(machine, engine)
    machine._records.users = users
    return before


def _refuseAtOnce(executor: Executor, request: Request) -> None:
    if isinstance(request.command, Auth):
        executor._access.logIn(request, request.command, isSure=True)
    elif executor._access.allows(request):
        _carryOut(executor, request)
    else:
        executor._access.refuse(request)


def _refuseLogins(access: Access, request: Request, command: Auth, isSure: bool) -> None:
    _logIn(access, request, command, isSure=True)


BUGS: Final = (
    Bug("a read for which no right is needed", "cluster", 60, (Patch(UserTable, "allow", _allowAllReads),)),
    Bug("a cas for which no right is needed", "cluster", 60, (Patch(UserTable, "allow", _allowAllCas),)),
    Bug("a new token that leaves logins as they were", "cluster", 150, (Patch(UserTable, "allow", _allowOldLogins),)),
    Bug(
        "a change of users that does not hold up what comes after it",
        "cluster",
        200,
        (Patch(Access, "proposed", _proposedAlone),),
    ),
    Bug(
        "a new leader that goes by the users it has applied",
        "cluster",
        300,
        (Patch(Access, "lead", lambda access, lastIndex: None),),
    ),
    Bug("a snapshot without the users", "cluster", 60, (Patch(StateMachine, "install", _installWithoutUsers),)),
    Bug(
        "a state hash without the users",
        "cluster",
        60,
        (Patch(StateMachine, "hash", property(lambda machine: machine._records.hash)),),
    ),
    Bug(
        "a leader that refuses without being sure that it leads",
        "cluster",
        60,
        (Patch(Executor, "_carryOut", _refuseAtOnce),),
    ),
    Bug("a follower that takes a token for wrong", "cluster", 200, (Patch(Access, "logIn", _refuseLogins),)),
)
