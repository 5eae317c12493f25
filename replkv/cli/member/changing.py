"""
Members that go, move or get a vote.
"""

from __future__ import annotations

from typing import ClassVar

from twisted.internet.defer import Deferred

from replkv.cli.member.options import ADDRESS, FORCE, ChangeCommand
from replkv.client.client import Client


class MemberRemoveCommand(ChangeCommand):
    """
    C{replkv member remove}.
    """

    synopsis = "--id N [--force] [--json]"
    longdesc = (
        "Has one server less. One that leads hands over and stops by itself; another one is to be stopped then. Its "
        "data folder is of no more use. Where there would be no majority of servers that answer, the leader refuses "
        "it, unless --force says to know better."
    )
    optFlags: ClassVar = [FORCE]

    def change(self, client: Client, timeout: float) -> Deferred[bool]:
        """
        See L{ChangeCommand.change}.
        """
        return client.removeMember(self.server, force=bool(self["force"]), timeout=timeout)

    def said(self, changed: bool) -> str:
        """
        See L{ChangeCommand.said}.
        """
        return f"server {self.server} is removed" if changed else f"server {self.server} is no member already"


class MemberUpdateCommand(ChangeCommand):
    """
    C{replkv member update}.

    @ivar address: where the server is from now on.
    """

    synopsis = "--id N --host H --client-port P --log-port P [--force] [--json]"
    longdesc = (
        "Has a server at another address, where the others and clients look for it from then on. Its data folder moves "
        "with it."
    )
    optParameters: ClassVar = ADDRESS
    optFlags: ClassVar = [FORCE]
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
        return client.updateMember(self.server, *self.address, force=bool(self["force"]), timeout=timeout)

    def said(self, changed: bool) -> str:
        """
        See L{ChangeCommand.said}.
        """
        where = "{}, ports {} and {}".format(*self.address)
        return f"server {self.server} is at {where} {'now' if changed else 'already'}"


class MemberPromoteCommand(ChangeCommand):
    """
    C{replkv member promote}.
    """

    synopsis = "--id N [--json]"
    longdesc = (
        "Gives a server its vote, though it has not been seen to keep up. It gets one by itself when it does, so this "
        "is for a cluster that is written to faster than the server catches up."
    )

    def change(self, client: Client, timeout: float) -> Deferred[bool]:
        """
        See L{ChangeCommand.change}.
        """
        return client.promoteMember(self.server, timeout=timeout)

    def said(self, changed: bool) -> str:
        """
        See L{ChangeCommand.said}.
        """
        return f"server {self.server} has a vote {'now' if changed else 'already'}"
