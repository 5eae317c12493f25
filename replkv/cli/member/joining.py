"""
Members that come, or come back with nothing, and are waited for.
"""

from __future__ import annotations

import sys
from typing import ClassVar, Final

from twisted.internet.defer import Deferred

from replkv.cli.member.catchingup import progressOf
from replkv.cli.member.options import ADDRESS, FORCE, ChangeCommand
from replkv.cli.member.waiting import untilVoter
from replkv.client.client import Client
from replkv.client.errors import Unavailable
from replkv.reactors import ISystemReactor

_WAITING: Final = (
    "It gets all that the others have, and its vote when it keeps up. That is waited for, and told, unless there is "
    "--no-wait. It goes on though nobody waits; run again, this waits on."
)


class _JoinCommand(ChangeCommand):
    """
    A command after which a server has to catch up.

    @cvar done: what the server is then, in words.
    """

    done: ClassVar[str]

    optFlags: ClassVar = [
        FORCE,
        ["no-wait", None, "Do not wait until the server has its vote."],
    ]
    _isCommitted = False

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
        return f"server {self.server} is a member and gets its vote when it keeps up; run again, this waits for that"

    async def main(self, reactor: ISystemReactor, client: Client) -> bool:
        """
        See L{ChangeCommand.main}.
        """
        changed = await super().main(reactor, client)
        self._isCommitted = True
        if not self["no-wait"]:
            progress = progressOf(self.server, sys.stderr)
            try:
                await untilVoter(reactor, client, self.server, self.timeout, progress)
            except Unavailable as error:
                raise Unavailable(f"{error}; {self._meanwhile}") from None
            finally:
                progress.close()
        return changed

    def said(self, changed: bool) -> str:
        """
        See L{ChangeCommand.said}.
        """
        vote = "it gets its vote when it keeps up" if self["no-wait"] else "it has its vote"
        return f"server {self.server} {self.done}{'' if changed else ' already'}; {vote}"


class MemberAddCommand(_JoinCommand):
    """
    C{replkv member add}.

    @ivar address: where the server is.
    """

    synopsis = "--id N --host H --client-port P --log-port P [--force] [--no-wait] [--json]"
    longdesc = (
        "Has one server more, with an id that no other one has. Start it then, on its host, with a servers file that "
        f"names it too: twistd replkv --id N. {_WAITING}"
    )
    optParameters: ClassVar = ADDRESS
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
        return client.addMember(self.server, *self.address, force=bool(self["force"]), timeout=timeout)


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
