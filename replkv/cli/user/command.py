"""
C{replkv user}: who may do what.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

from twisted.python.usage import UsageError

from replkv.cli.command import Command
from replkv.cli.user.adding import UserAddCommand, UserDelCommand, UserPasswdCommand
from replkv.cli.user.granting import UserGrantCommand, UserRevokeCommand
from replkv.cli.user.listing import UserListCommand


class UserCommand(Command):
    """
    C{replkv user}.
    """

    longdesc = (
        "Users, and what they may do. They are kept by the cluster. As long as no user may do everything, everybody "
        "may. replkv user ACTION --help tells more about each."
    )
    subCommands: ClassVar = [
        ["add", None, UserAddCommand, "Add a user, and show the token."],
        ["passwd", None, UserPasswdCommand, "Give a user another token."],
        ["del", None, UserDelCommand, "Delete a user."],
        ["grant", None, UserGrantCommand, "Give a user a right."],
        ["revoke", None, UserRevokeCommand, "Take it away again."],
        ["list", None, UserListCommand, "Show the users, and their rights."],
    ]

    def getSynopsis(self) -> str:
        """
        See L{twisted.python.usage.Options.getSynopsis}. The synopsis of an action begins with this one.
        """
        return "Usage: replkv user" if self.subCommand else "Usage: replkv user ACTION [OPTIONS]"

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """
        See L{twisted.python.usage.Options.parseOptions}.
        """
        super().parseOptions(["--help"] if options == ["help"] else options)

    def parseArgs(self, *words: str) -> None:
        """
        Refuse to do nothing.
        """
        raise UsageError("say what to do: add, passwd, del, grant, revoke or list")

    def carryOut(self) -> int:
        """
        See L{Command.carryOut}.
        """
        return cast(Command, self.subOptions).carryOut()
