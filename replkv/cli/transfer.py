"""
Another leader, because an operator wants it.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from twisted.internet.defer import Deferred, gatherResults
from twisted.python.usage import UsageError

from replkv.cli.command import AskingCommand, runReactor
from replkv.cli.statuses import DONE, UNAVAILABLE, UNKNOWN
from replkv.cli.streams import say, tell
from replkv.client.client import Client
from replkv.client.errors import OutcomeUnknown, Unavailable
from replkv.config import Config, ServerConfig


class TransferCommand(AskingCommand):
    """
    C{replkv transfer}.
    """

    synopsis = f"--to N {AskingCommand.synopsis}"
    longdesc = (
        "Has the server that leads hand over to server N, which clients hardly notice. The exit status is "
        f"{UNAVAILABLE} if server N does not lead then, and the line says why; replkv --help tells what others there "
        "are."
    )
    optParameters: ClassVar = [
        ["to", None, None, "The id of the server that is to lead."],
        ["timeout", "t", "10", "For how many seconds to wait for a server."],
    ]

    def postOptions(self) -> None:
        """
        See L{AskingCommand.postOptions}.
        """
        super().postOptions()
        if self["to"] is None:
            raise UsageError("--to N has to say which server is to lead")

    def run(self, filename: str, config: Config) -> int:
        """
        Have another server lead.
        """
        to, ids = self["to"], [str(server.id) for server in config.servers]
        if to not in ids:
            raise UsageError(f"--to must be the id of a server of {filename}: {', '.join(ids)}; not {to!r:.50}")
        timeout = self.timeout
        transferred = runReactor(lambda reactor: transfer(self.client(reactor, config), config, int(to), timeout))
        (say if transferred.status == DONE else tell)(transferred.text)
        return transferred.status


class Transferred(NamedTuple):
    """
    What came of it.

    @ivar status: one of L{replkv.cli.statuses.STATUSES}.
    @ivar text: the same in words.
    """

    status: int
    text: str


async def transfer(client: Client, config: Config, to: int, patience: float) -> Transferred:
    """
    Ask the server that leads to hand over to server C{to}.

    @param patience: for how many seconds to wait for a server.
    """
    terms = await gatherResults(
        [Deferred.fromCoroutine(_termLed(client, server, patience)) for server in config.servers]
    )
    # One that was cut off may still take itself for the leader: the highest term is right.
    term, leader = max(zip(terms, config.servers, strict=True), key=lambda pair: pair[0])
    if not term:
        return Transferred(UNAVAILABLE, "no server leads")
    if leader.id == to:
        return Transferred(DONE, f"server {to} leads already")
    try:
        leads = await client.transfer(leader.hostname, leader.clientPort, to, patience)
    except Unavailable as error:
        return Transferred(UNAVAILABLE, f"server {leader.id} leads on: {error}")
    except OutcomeUnknown as error:
        return Transferred(UNKNOWN, f"outcome unknown, server {to} may or may not lead: {error}")
    if leads != to:
        return Transferred(UNAVAILABLE, f"server {leads} leads, and not server {to}")
    return Transferred(DONE, f"server {to} leads")


async def _termLed(client: Client, server: ServerConfig, patience: float) -> int:
    """
    The term in which a server says that it leads; 0 if it does not.
    """
    try:
        stats = await client.stats(server.hostname, server.clientPort, patience)
    except Unavailable:
        return 0
    term = stats.get("term", "")
    return int(term) if stats.get("role") == "leader" and term.isdecimal() else 0
