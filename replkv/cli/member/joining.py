"""
Members that come, or come back with nothing, and are waited for.
"""

from __future__ import annotations

import sys
from typing import ClassVar, Final

from twisted.internet.defer import Deferred

from replkv.cli.member.catchingup import progressOf
from replkv.cli.member.options import ADDRESS, FORCE, ChangeCommand
from replkv.cli.member.waiting import untilReady
from replkv.client.client import Client
from replkv.client.errors import Unavailable
from replkv.raft.member import Kind
from replkv.reactors import ISystemReactor

_WAITING: Final = (
    "It gets all that the others have, and its vote when it keeps up. That is waited for, and told, unless there is "
    "--no-wait. It goes on though nobody waits; run again, this waits on."
)

_STATES: Final = {
    Kind.VOTER: "it has its vote",
    Kind.SPARE: "it keeps up, as a spare",
    None: "it is still to catch up",
}
"""
What is to be said of a server that was waited for, or was not.
"""


class _JoinCommand(ChangeCommand):
    """
    A command after which a server has to catch up.

    @cvar done: what the server is then, in words.
    """

    done: ClassVar[str]

    optFlags: ClassVar = [
        FORCE,
        ["no-wait", None, "Do not wait until the server has caught up."],
    ]
    _isCommitted = False
    _kind: Kind | None = None

    @property
    def interrupted(self) -> str:
        """
        See L{ChangeCommand.interrupted}.
        """
        return self._meanwhile if self._isCommitted else super().interrupted

    @property
    def _meanwhile(self) -> str:
        """
        What is so while it is waited for.
        """
        return f"server {self.server} is a member, and catches up when it is there; run again, this waits for that"

    async def main(self, reactor: ISystemReactor, client: Client) -> bool:
        """
        See L{ChangeCommand.main}.
        """
        changed = await super().main(reactor, client)
        self._isCommitted = True
        if not self["no-wait"]:
            progress = progressOf(self.server, sys.stderr)
            try:
                self._kind = await untilReady(reactor, client, self.server, self.timeout, progress)
            except Unavailable as error:
                raise Unavailable(f"{error}; {self._meanwhile}") from None
            finally:
                progress.close()
        return changed

    def said(self, changed: bool) -> str:
        """
        See L{ChangeCommand.said}.
        """
        return f"server {self.server} {self.done}{'' if changed else ' already'}; {_STATES[self._kind]}"


class MemberAddCommand(_JoinCommand):
    """
    C{replkv member add}.

    @ivar address: where the server is.
    """

    synopsis = "--id N --host H --client-port P --log-port P [--spare] [--force] [--no-wait] [--json]"
    longdesc = (
        "Has one server more, with an id that no other one has. Start it then, on its host, with a servers file that "
        f"names it too: twistd replkv --id N. {_WAITING}"
    )
    optParameters: ClassVar = ADDRESS
    optFlags: ClassVar = [
        ["spare", None, "Have it wait, without a vote, until it takes the place of one that is gone."]
    ]
    done = "is a member"
    address: tuple[str, int, int]

    def postOptions(self) -> None:
        """
        See L{ChangeCommand.postOptions}.
        """
        super().postOptions()
        self.address = self.takenAddress()

    def change(self, client: Client, timeout: float) -> Deferred[bool]:
        """
        See L{ChangeCommand.change}.
        """
        force, spare = bool(self["force"]), bool(self["spare"])
        return client.addMember(self.server, *self.address, force=force, spare=spare, timeout=timeout)


class MemberReplaceCommand(_JoinCommand):
    """
    C{replkv member replace}.
    """

    synopsis = "--id N [--force] [--no-wait] [--json]"
    longdesc = (
        "Lets a server in that has lost its data folder, and comes with an empty one; with the former one it is let in "
        f"no more. Start it then, as ever: twistd replkv --id N. {_WAITING}"
    )
    done = "is let in with a new data folder"

    def change(self, client: Client, timeout: float) -> Deferred[bool]:
        """
        See L{ChangeCommand.change}.
        """
        return client.replaceMember(self.server, force=bool(self["force"]), timeout=timeout)
