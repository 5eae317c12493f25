"""
C{replkv member}: which servers are the cluster.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

from twisted.python.usage import UsageError

from replkv.cli.command import Command
from replkv.cli.member.changing import MemberPromoteCommand, MemberRemoveCommand, MemberUpdateCommand
from replkv.cli.member.joining import MemberAddCommand, MemberReplaceCommand
from replkv.cli.member.listing import MemberListCommand


class MemberCommand(Command):
    """
    C{replkv member}.
    """

    longdesc = (
        "The servers that are the cluster: they can come and go while clients use it. The cluster itself keeps who "
        "they are; the servers file counts only until something is changed. replkv member ACTION --help tells more "
        "about each."
    )
    subCommands: ClassVar = [
        ["list", None, MemberListCommand, "Show the members, as the leader knows them."],
        ["add", None, MemberAddCommand, "Have one server more."],
        ["remove", None, MemberRemoveCommand, "Have one server less."],
        ["replace", None, MemberReplaceCommand, "Let a server in that has lost its data folder."],
        ["update", None, MemberUpdateCommand, "Have a server at another address."],
        ["promote", None, MemberPromoteCommand, "Give a server its vote, though it does not keep up yet."],
    ]

    def getSynopsis(self) -> str:
        """
        See L{twisted.python.usage.Options.getSynopsis}. The synopsis of an action begins with this one.
        """
        return "Usage: replkv member" if self.subCommand else "Usage: replkv member ACTION [OPTIONS]"

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """
        See L{twisted.python.usage.Options.parseOptions}.
        """
        super().parseOptions(["--help"] if options == ["help"] else options)

    def parseArgs(self, *words: str) -> None:
        """
        Refuse to do nothing.
        """
        raise UsageError("say what to do: list, add, remove, replace, update or promote")

    def carryOut(self) -> int:
        """
        See L{Command.carryOut}.
        """
        return cast(Command, self.subOptions).carryOut()
