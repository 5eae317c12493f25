"""
What the commands that change a member have in common.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import ClassVar, Final, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.python.usage import UsageError

from replkv.cli.calling import CallingCommand, Connect
from replkv.cli.command import Signalled, runReactor
from replkv.cli.statuses import DONE
from replkv.cli.streams import say, tell
from replkv.client.arguments import checkedHost, checkedPort, checkedServerId
from replkv.client.client import Client
from replkv.client.errors import CommandError, OutcomeUnknown
from replkv.reactors import ISystemReactor

_T = TypeVar("_T")

TIMEOUT: Final[list[str | None]] = ["timeout", "t", "10", "For how many seconds to try to reach a leader."]
"""
The option that all of them have.
"""

ADDRESS: Final[list[list[str | None]]] = [
    ["host", None, None, "The host of the server, as clients and the other servers know it."],
    ["client-port", None, None, "The port on which it listens for clients."],
    ["log-port", None, None, "The port on which it listens for the other servers."],
]
"""
The options by which some say where the server is.
"""

FORCE: Final = ["force", None, "Do it though something speaks against it, which the servers say without this."]
"""
The option that some have.
"""

AGAIN: Final = "it does no harm to run it again"
"""
What to do where the outcome is not known.
"""

_RETRY_SECONDS: Final = 0.5


class ChangeCommand(CallingCommand):
    """
    A command that changes something about a member.

    @ivar server: its id.
    """

    optParameters: ClassVar = [["id", None, None, "The id of the server."], TIMEOUT]
    optFlags: ClassVar[list[list[str | None]]] = [["json", "j", "Tell what was done as JSON."]]
    server: int

    def postOptions(self) -> None:
        """
        See L{CallingCommand.postOptions<replkv.cli.calling.CallingCommand.postOptions>}.
        """
        super().postOptions()
        self.server = self.taken("id", checkedServerId, int)

    def taken(self, option: str, check: Callable[[_T], _T], read: Callable[[str], _T]) -> _T:
        """
        Take an option that has to be given.

        @raise UsageError: if it is not, or not as it has to be.
        """
        given = self[option]
        if given is None:
            raise UsageError(f"--{option} has to be given")
        if read is int and not (given.isascii() and given.isdigit()):
            raise UsageError(f"--{option} must be a whole number, not {given!r:.50}")
        try:
            return check(read(given))
        except CommandError as error:
            raise UsageError(f"--{option}: {error}") from None

    def takenAddress(self) -> tuple[str, int, int]:
        """
        Take the options of L{ADDRESS}.

        @raise UsageError: if one is not given, or not as it has to be.
        """
        host = self.taken("host", checkedHost, str)
        return host, self.taken("client-port", checkedPort, int), self.taken("log-port", checkedPort, int)

    def talk(self, connect: Connect) -> int:
        """
        Have it changed.
        """
        try:
            changed = runReactor(lambda reactor: self.main(reactor, connect(reactor)))
        except Signalled:
            tell(self.interrupted)
            raise
        except OutcomeUnknown as error:
            raise OutcomeUnknown(f"{error}; {AGAIN}") from None
        say(json.dumps({"id": self.server, "changed": changed}) if self["json"] else self.said(changed))
        return DONE

    @property
    def interrupted(self) -> str:
        """
        What to say to whom does not wait any longer.
        """
        return f"interrupted, it may or may not have been done: {AGAIN}"

    async def main(self, reactor: ISystemReactor, client: Client) -> bool:
        """
        @return: whether there was something to do.
        """
        return await insistently(reactor, self.timeout, lambda timeout: self.change(client, timeout))

    def change(self, client: Client, timeout: float) -> Deferred[bool]:
        """
        Ask for the change, once.
        """
        raise NotImplementedError

    def said(self, changed: bool) -> str:
        """
        What was done, in words.

        @param changed: whether there was something to do.
        """
        raise NotImplementedError


async def insistently(clock: IReactorTime, seconds: float, change: Callable[[float], Deferred[bool]]) -> bool:
    """
    Ask for a change until it is known what came of it: to ask for it again does no harm.

    @param seconds: until then.
    @param change: asks for it, in so many seconds.
    @return: whether there was something to do.
    @raise OutcomeUnknown: if it is still not known then.
    """
    deadline = clock.seconds() + seconds
    wasUnknown = False
    while True:
        try:
            changed = await change(max(deadline - clock.seconds(), _RETRY_SECONDS))
        except OutcomeUnknown:
            if clock.seconds() + _RETRY_SECONDS > deadline:
                raise
            wasUnknown = True
            await deferLater(clock, _RETRY_SECONDS)
        else:
            # If there is nothing to do any more, then since it was done the time before.
            return changed or wasUnknown
