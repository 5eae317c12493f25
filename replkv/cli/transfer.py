"""
Another leader, because an operator wants it.
"""

from __future__ import annotations

from typing import ClassVar, Final, NamedTuple

from twisted.internet.defer import Deferred, gatherResults
from twisted.python.usage import UsageError

from replkv.cli.command import AskingCommand, runReactor
from replkv.cli.statuses import DONE, UNAVAILABLE, UNKNOWN
from replkv.cli.streams import say, tell
from replkv.client.client import Client
from replkv.client.errors import ClientError, OutcomeUnknown, Unavailable
from replkv.config import Config, ServerConfig

_ID_DIGITS: Final = 10


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
        to = self["to"]
        if not to.isascii() or not to.isdigit() or len(to) > _ID_DIGITS:
            raise UsageError(f"--to must be the id of a server, not {to!r:.50}")
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
    term, found = max(zip(terms, config.servers, strict=True), key=lambda pair: pair[0])
    leader = found if term else await _notInFile(client, patience)
    if leader is None:
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


async def _notInFile(client: Client, patience: float) -> ServerConfig | None:
    """
    The leader, where it is a member that the servers file does not have; C{None} if there is none.
    """
    try:
        members = await client.members(timeout=patience)
    except ClientError:
        return None
    found = [member for member in members if member.leads and member.address is not None]
    return next(
        (ServerConfig(each.id, each.address.host, each.address.port, 0) for each in found if each.address), None
    )


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
