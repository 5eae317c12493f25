"""
Which server leads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from replkv.client.address import Address
from replkv.client.connections import Connections
from replkv.client.known import MEMBERS, addressesIn
from replkv.client.troubles import Troubles
from replkv.commands.extras import Stats
from replkv.commands.get import Get
from replkv.commands.results import Redirected, Result, Statistics
from replkv.raft.membership import MAX_MEMBERS
from replkv.wire.encoding import encodeCommand

_STATS: Final = encodeCommand(Stats())
_READ: Final = encodeCommand(Get(b"leader"))


class Found(NamedTuple):
    """
    Which server leads.

    @ivar members: where the members of the cluster are, as it says; empty if it does not.
    """

    leader: Address
    members: Sequence[Address]


class Search:
    """
    Asks all servers at once, each over and over, until one says that it leads. Nobody waits for those that are silent.
    Those that the asked ones tell of are asked too.

    A server is believed to lead unless another one has just told of a leader in a later term: it was deposed then, and
    does not know it yet. A leader that nobody was told of is found by what followers say, but it has to say so itself.
    """

    # The pause before a server that was of no help is asked again. It doubles up to the longest one, as very many
    # clients may be searching, and the servers have an election to hold.
    PAUSE: Final = 0.1
    MAX_PAUSE: Final = 1.0

    def __init__(
        self, reactor: IReactorTime, servers: Sequence[Address], connections: Connections, troubles: Troubles
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
        self._leader: Deferred[Address] = Deferred()
        self._asked: dict[Address, Deferred[Address]] = {}
        # The terms of the leaders that servers tell of, themselves or others; and the members.
        self._terms: dict[Address, int] = {}
        self._members: dict[Address, Sequence[Address]] = {}

    def leader(self) -> Deferred[Found]:
        """
        Search until it is found. Only to cancel the result ends that before.
        """
        for server in self._servers:
            self._begin(server)
        return self._leader.addBoth(self._end)

    def _begin(self, server: Address) -> None:
        """
        Ask a server from now on.
        """
        self._asked[server] = Deferred.fromCoroutine(self._follow(server))
        self._asked[server].addCallbacks(self._leader.callback, lambda failure: failure.trap(CancelledError))

    def _hear(self, server: Address) -> None:
        """
        Another one has told of a server. It is not asked where that are more than there can be.
        """
        if server not in self._asked and len(self._asked) < MAX_MEMBERS and not self._leader.called:
            self._begin(server)

    def _end(self, result: Address | Failure) -> Found:
        for following in self._asked.values():
            following.cancel()
        self._connections.close()
        if isinstance(result, Failure):
            raise CancelledError
        return Found(result, self._members.get(result, ()))

    async def _follow(self, server: Address) -> Address:
        """
        Ask one server until it leads.
        """
        pause = self.PAUSE
        while not await self._leads(server):
            await self._askWhom(server)
            await deferLater(self._reactor, pause)
            pause = min(2 * pause, self.MAX_PAUSE)
        return server

    async def _askWhom(self, server: Address) -> None:
        """
        Have a server that follows a leader say whom, if it does: a read makes it do so, and redirected or not, a read
        does no harm.
        """
        if server in self._terms:
            reply = await self._ask(server, _READ)
            if isinstance(reply, Redirected):
                named = Address(reply.host, reply.port)
                self._troubles.note(server, f"it says that {named} leads")
                self._hear(named)

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
            if command is _STATS:
                # Before that, as the search may be over after it.
                connection.send(MEMBERS, changes=False).addCallbacks(self._told, lambda _: None, (server,))
            return await connection.send(command, changes=False)
        except CancelledError:
            raise
        except Exception as error:
            self._terms.pop(server, None)
            self._troubles.failed(server, error)
            return None

    def _told(self, reply: Result, server: Address) -> None:
        """
        A server has said who the members are.
        """
        self._members[server] = addressesIn(reply)
        for member in self._members[server]:
            self._hear(member)
