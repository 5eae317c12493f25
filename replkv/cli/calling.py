"""
Commands for which the address of one server is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from twisted.python.usage import UsageError

from replkv.cli.command import AskingCommand
from replkv.client.address import Address
from replkv.client.arguments import checkedServers
from replkv.client.client import Client
from replkv.config import Config
from replkv.reactors import ISystemReactor

Connect = Callable[[ISystemReactor], Client]
"""
What makes a client of the cluster.
"""


class CallingCommand(AskingCommand):
    """
    A command that asks the cluster, whichever servers that is: the address of one is enough, and no servers file is
    needed.
    """

    synopsis = "[--config FILE] [--servers HOST:PORT[,HOST:PORT]...] [--timeout SECONDS]"
    optParameters: ClassVar = [
        [
            "servers",
            "s",
            None,
            "A server of the cluster, as host:port, or several, with commas between them, in the place of a servers "
            "file. It tells of the others.",
        ]
    ]
    _servers: Sequence[Address] | None = None

    def postOptions(self) -> None:
        """
        See L{AskingCommand.postOptions<replkv.cli.command.AskingCommand.postOptions>}.
        """
        super().postOptions()
        if self["servers"] is not None:
            if self["config"] is not None:
                raise UsageError("--servers is in the place of a servers file: leave out --config")
            self._servers = [_address(word) for word in self["servers"].split(",")]

    def carryOut(self) -> int:
        """
        See L{Command.carryOut<replkv.cli.command.Command.carryOut>}.
        """
        servers = self._servers
        if servers is None:
            return super().carryOut()
        self.logIn()
        return self.talk(lambda reactor: self.clientOf(reactor, servers, None))

    def run(self, filename: str, config: Config) -> int:
        """
        See L{ServersCommand.run<replkv.cli.command.ServersCommand.run>}.
        """
        return self.talk(lambda reactor: self.client(reactor, config))

    def talk(self, connect: Connect) -> int:
        """
        Do what the command is for.

        @return: the exit status.
        """
        raise NotImplementedError


def _address(word: str) -> Address:
    """
    @raise UsageError: if no server can be there.
    """
    try:
        return checkedServers([word])[0]
    except ValueError:
        raise UsageError(
            f"--servers must be host:port, an IPv6 address in brackets, as in [::1]:9000, and not {word!r:.50}"
        ) from None
