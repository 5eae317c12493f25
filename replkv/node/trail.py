"""
The audit trail: who has done what only operators may, and who was not let in.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from replkv.commands.results import Refused, Result, Unavailable
from replkv.frontends.request import Request
from replkv.outside import OutsideLog
from replkv.printable import printable
from replkv.users.user import Login

_REFUSALS: Final = 20
"""
How many refused logins have a line of their own, in the time that L{replkv.outside} has for one.
"""


class Trail:
    """
    Tells the log. Each line is an event with C{audit}, which says of what kind it is, C{user} and C{host}.
    """

    _logger = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        self._outside = OutsideLog(clock, self._logger, _REFUSALS)

    def done(self, request: Request, result: Result) -> None:
        """
        An operator's command was carried out, or could not be.
        """
        match result:
            case Refused(reason):
                outcome = f"refused, since {reason}"
            case Unavailable():
                outcome = "nobody knows what came of it"
            case _:
                outcome = type(result).__name__
        host = request.session.host
        self._logger.info(
            "audit: {user} at {host}: {action}: {outcome}",
            audit="action",
            user=_named(request.login),
            host=host,
            action=printable(str(request.command)),
            outcome=outcome,
        )

    def asked(self, request: Request) -> None:
        """
        An operator has asked for what this server tells by itself. Of a backup, each piece is asked for.
        """
        user, host = _named(request.login), request.session.host
        line = f"audit: {user} at {host}: {request.command}"
        self._outside.say(str(request.command), line, isWarning=False, audit="action", user=user, host=host)

    def notAllowed(self, request: Request) -> None:
        """
        Somebody who may not has asked for an operator's command.
        """
        user, host = _named(request.login), request.session.host
        line = f"audit: {user} at {host}: {request.command}: refused, since {user} may not do that"
        self._outside.say("action", line, audit="refused action", user=user, host=host)

    def notLoggedIn(self, user: bytes, host: str) -> None:
        """
        Somebody has not proved to be a user.
        """
        name = user.decode("ascii")
        line = f"audit: somebody at {host} was refused as {name}: there is no such user, or the token is wrong"
        self._outside.say("login", line, audit="refused login", user=name, host=host)

    def notTried(self, error: str) -> None:
        """
        A token could not be tried.
        """
        self._outside.say("trial", f"a token could not be tried: {error}")

    def heeds(self, areHeeded: bool) -> None:
        """
        From now on it matters who asks, or it matters no longer.
        """
        if areHeeded:
            self._logger.info("audit: users have to log in from now on, and may do what they have a right to")
        else:
            self._logger.warn("audit: the last who may do everything is gone: from now on, everybody may do everything")


def _named(login: Login | None) -> str:
    return "(nobody)" if login is None else printable(login.name.decode("ascii", "backslashreplace"))
