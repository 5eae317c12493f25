"""
Which server leads.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.defer import CancelledError, Deferred, race
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from replkv.client.address import Address
from replkv.client.connections import Connections
from replkv.client.troubles import Troubles
from replkv.commands.extras import Stats
from replkv.commands.get import Get
from replkv.commands.results import Redirected, Result, Statistics
from replkv.wire.encoding import encodeCommand

_STATS: Final = encodeCommand(Stats())
_READ: Final = encodeCommand(Get(b"leader"))


class Search:
    """
    Asks all servers at once, each over and over, until one says that it leads. Nobody waits for those that are silent.

    A server is believed to lead unless another one has just told of a leader in a later term: it was deposed then, and
    does not know it yet. A leader that nobody was told of is found by what followers say, but it has to say so itself.
    """

    # The pause before a server that was of no help is asked again. It doubles up to the longest one, as very many
    # clients may be searching, and the servers have an election to hold.
    PAUSE: Final = 0.1
    MAX_PAUSE: Final = 1.0

    def __init__(
        self, reactor: IReactorTime, servers: list[Address], connections: Connections, troubles: Troubles
    ) -> None:
        """
        @param connections: of this search alone. They are closed with it: a client that knows who leads takes up no
            room at the other servers.
        @param troubles: is told why a server was of no help.
        """
        self._reactor = reactor
        self._servers = servers
        self._connections = connections
        self._troubles = troubles
        # The terms of the leaders that servers tell of, themselves or others.
        self._terms: dict[Address, int] = {}

    def leader(self) -> Deferred[Address]:
        """
        Search until it is found. Only to cancel the result ends that before.
        """
        return race([Deferred.fromCoroutine(self._follow(server)) for server in self._servers]).addBoth(self._end)

    def _end(self, result: tuple[int, Address] | Failure) -> Address:
        self._connections.close()
        if isinstance(result, Failure):
            raise CancelledError
        _, leader = result
        return leader

    async def _follow(self, server: Address) -> Address:
        """
        Ask one server until it leads, or names one that does.
        """
        pause = self.PAUSE
        while (leader := await self._leaderBy(server)) is None:
            await deferLater(self._reactor, pause)
            pause = min(2 * pause, self.MAX_PAUSE)
        return leader

    async def _leaderBy(self, server: Address) -> Address | None:
        if await self._leads(server):
            return server
        if server in self._terms:
            # It follows a leader, and a read makes it say whom: redirected or not, a read does no harm.
            reply = await self._ask(server, _READ)
            if isinstance(reply, Redirected):
                named = Address(reply.host, reply.port)
                self._troubles.note(server, f"it says that {named} leads")
                if named not in self._servers and await self._leads(named):
                    return named
        return None

    async def _leads(self, server: Address) -> bool:
        reply = await self._ask(server, _STATS)
        if reply is None:
            return False
        stats = reply.values if isinstance(reply, Statistics) else {}
        term = stats.get("term", "")
        if stats.get("leader", "none") == "none" or not term.isdecimal():
            self._terms.pop(server, None)
            self._troubles.note(server, "it knows no leader")
            return False
        self._terms[server] = int(term)
        if stats.get("role") != "leader":
            return False
        if self._terms[server] == max(self._terms.values()):
            return True
        del self._terms[server]
        self._troubles.note(server, "it does not know yet that another one leads")
        return False

    async def _ask(self, server: Address, command: bytes) -> Result | None:
        """
        @return: the reply; C{None} if there is none.
        """
        try:
            connection = await self._connections.to(server)
            return await connection.send(command, changes=False)
        except CancelledError:
            raise
        except Exception as error:
            self._terms.pop(server, None)
            self._troubles.failed(server, error)
            return None
