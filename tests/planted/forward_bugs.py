"""
Bugs of what is passed on to the leader.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import replkv.node.forwarder
from replkv.commands.command import ReadCommand
from replkv.commands.results import Result
from replkv.commands.state import Overdue
from replkv.frontends.request import Request
from replkv.kv.view import View
from replkv.node.executor import Executor
from replkv.node.forwarder import Box, Forwarder
from replkv.users.user import Login
from replkv.wire.forwarding import Results, encodeLogins
from tests.planted.bug import Bug, Patch

_submit = Executor.submit
_read = Results.read


def _lostAndSentAgain(forwarder: Forwarder, box: Box) -> list[Request]:
    del forwarder._underWay[box]
    return [request for request in box.requests if not request.isAnswered]


def _answerFromOwnState(executor: Executor, request: Request) -> bool:
    command, leaderId = request.command, executor._raft.leaderId
    if request.mayForward and isinstance(command, ReadCommand) and leaderId not in (None, executor._id):
        try:
            result = command.tell(View(executor._machine, 0))
        except Overdue:
            return _submit(executor, request)
        request.session.submitted += 1
        request.answer(result)
        return False
    return _submit(executor, request)


def _readBackwards(results: Results, data: bytes) -> list[Result]:
    return _read(results, data)[::-1]


def _anyInOrder(requests: Iterable[Request]) -> list[Request]:
    return [request for request in requests if not request.isAnswered]


def _ofAnyToken(logins: Sequence[Login | None]) -> bytes:
    return encodeLogins([login and login._replace(since=None) for login in logins])


BUGS: Final = (
    Bug("a forwarded write sent again when it is lost", "cluster", 300, (Patch(Forwarder, "lost", _lostAndSentAgain),)),
    Bug("a follower that answers by its own state", "cluster", 20, (Patch(Executor, "submit", _answerFromOwnState),)),
    Bug("forwarded commands answered backwards", "cluster", 20, (Patch(Results, "read", _readBackwards),)),
    Bug(
        "forwarded commands overtaken by later ones",
        "cluster",
        300,
        (Patch(replkv.node.forwarder, "_inOrder", _anyInOrder),),
    ),
    Bug(
        "a login that is over, and counts where it is forwarded",
        "cluster",
        200,
        (Patch(replkv.node.forwarder, "encodeLogins", _ofAnyToken),),
    ),
)
