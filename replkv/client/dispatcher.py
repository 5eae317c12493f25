"""
Who carries out a client's calls: whichever server leads.
"""

from __future__ import annotations

from collections import OrderedDict
from copy import copy
from typing import Final

from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from replkv.client.address import Address
from replkv.client.call import Call
from replkv.client.connections import Connections, LoginRedirected, ServerSecurity
from replkv.client.credentials import Credentials
from replkv.client.errors import ClientError, Closed, NotAllowed, OutcomeUnknown, Unavailable
from replkv.client.limits import CLIENT_LIMITS, ClientLimits
from replkv.client.protocol import CommandProtocol
from replkv.client.search import Search
from replkv.client.troubles import Troubles
from replkv.commands import results
from replkv.commands.results import Result
from replkv.names import Names
from replkv.reasons import reasonOf


class Dispatcher:
    """
    Sends calls to the server that leads, in the order in which they were made, as many at once as a server takes. The
    others wait. It searches for the leader at first and when a server did not help, follows redirects, and waits out an
    election.

    The rules:

      - Nothing is sent before a server has said that it leads, or another one has redirected to it. One that knows no
        leader would keep a write, and not be able to tell what became of it.
      - What may have been carried out and changes something is never sent again.
      - After a redirect nothing is sent before all that was sent to the same server is answered, or the server falls
        silent. What it redirected then goes first. So calls keep their order, though many are redirected.
      - Only time decides that a call is not carried out: while it waits, nothing that goes wrong ends it, but that the
        leader does not know the user.

    @ivar reactor: tells the time.
    @ivar leader: the server that calls are sent to, or were sent to last: as far as is known, it leads.
    """

    # The pause before anything is sent again, when all is not well.
    RETRY_DELAY: Final = 0.1
    # So often it is sent without a pause: in an election two may each hold the other for the leader.
    MAX_TURNS: Final = 3

    def __init__(
        self,
        reactor: IReactorTime,
        servers: list[Address],
        patience: float,
        limits: ClientLimits = CLIENT_LIMITS,
        security: ServerSecurity | None = None,
        credentials: Credentials | None = None,
    ) -> None:
        """
        @param servers: one at least.
        @param security: protects connections to them; C{None} if nothing does.
        @param credentials: whose calls they are; C{None} if nobody says so.
        @param patience: for so many seconds a server may be silent, or a connection take to be made.
        """
        self.reactor = reactor
        self.leader = servers[0]
        self._knowsLeader = False
        self._servers = servers
        self._patience = patience
        self._limits = limits
        self._security = security
        self._credentials = credentials
        self._names = Names(reactor)
        self._connections = self._makeConnections(credentials)
        # Those on which nobody logs in: what everybody is told is told to those too whom a server does not know.
        self._open = self._connections if credentials is None else self._makeConnections()
        self._waiting: OrderedDict[Call, None] = OrderedDict()
        # What was sent in vain, to be sent again before what waits; in the order of its replies.
        self._returned: OrderedDict[Call, None] = OrderedDict()
        self._underWay = 0
        # Where calls are sent, once it stands.
        self._connection: CommandProtocol | None = None
        self._isConnecting = False
        self._search: Deferred[Address] | None = None
        self._isRedirected = False
        self._rest: IDelayedCall | None = None
        self._turns = 0
        self._troubles = Troubles()
        self._isClosed = False

    def __repr__(self) -> str:
        if self._isClosed:
            return "closed"
        waiting = len(self._waiting) + len(self._returned)
        doing = f"asks {self.leader}" if self._knowsLeader else "knows no leader"
        return f"{doing}, {self._underWay} calls under way, {waiting} waiting"

    def call(self, encoded: bytes, changes: bool, timeout: float) -> Deferred[Result]:
        """
        Have a command carried out.

        @param changes: whether to carry it out twice might differ from carrying it out once.
        @param timeout: the seconds that it may take.
        """
        if self._isClosed:
            return fail(Closed("the client is closed"))
        call = Call(self, encoded, changes, timeout)
        self._waiting[call] = None
        self._pump()
        return call.result

    async def ask(self, server: Address, encoded: bytes, openly: bool = False) -> Result:
        """
        Have one server, whether it leads or not, answer a command that changes nothing.

        @param openly: whether it answers everybody.
        """
        try:
            if self._isClosed:
                raise Closed("the client is closed")
            connection = await (self._open.to(server) if openly else self._knownTo(server))
            reply = await connection.send(encoded, changes=False)
            if isinstance(reply, results.NotAllowed):
                raise self._refusal()
            return reply
        except CancelledError:
            raise
        except Exception as error:
            if self._isClosed:
                raise Closed("the client is closed") from None
            if isinstance(error, ClientError):
                raise
            raise Unavailable(f"{server}: {reasonOf(error)}") from None

    async def _knownTo(self, server: Address) -> CommandProtocol:
        """
        A connection to a server that knows the user. Where it does not, the leader is asked whether anyone does.
        """
        try:
            return await self._connections.to(server)
        except LoginRedirected as redirected:
            await self._connections.to(redirected.leader)
            raise

    def close(self) -> None:
        """
        Carry out nothing any more.
        """
        if self._isClosed:
            return
        self._isClosed = True
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
        self._endSearch()
        self._connections.close()
        self._open.close()
        self._failAll(Closed("the client was closed before this was sent"))

    def forget(self, call: Call) -> None:
        """
        The caller has cancelled a call.
        """
        call.end()
        self._takeBack(call)

    def expire(self, call: Call) -> None:
        """
        A call's time is over.
        """
        if not self._takeBack(call):
            call.fail(Unavailable(f"not carried out within {call.timeout:g} s: {self._trouble}"))
        elif call.changes:
            call.fail(OutcomeUnknown(f"{call.server}: no reply within {call.timeout:g} s"))
        else:
            call.fail(Unavailable(f"{call.server}: no reply within {call.timeout:g} s"))

    # What happens on the connections.

    def answered(self, connection: CommandProtocol) -> None:
        """
        See L{replkv.client.protocol.Owner.answered}.
        """
        self._pump()

    def left(self, connection: CommandProtocol, reason: str | None) -> None:
        """
        See L{replkv.client.protocol.Owner.left}.
        """
        if connection is not self._connection:
            self._pump()
        elif self._isRedirected:
            self._turnTo(self.leader)
        elif reason is None:
            # Nothing was lost. That server may well be up again, but then it leads no longer.
            self._connection = None
            self._knowsLeader = False
        else:
            self._turnFrom(self.leader, reason)

    # What is done.

    def _pump(self) -> None:
        """
        Send what there is room for.
        """
        connection = self._connection
        if self._rest is not None or self._isClosed:
            return
        if self._isRedirected and connection is not None:
            if not connection.isAwaited:
                self._turnTo(self.leader)
            return
        while self._returned:
            call, _ = self._returned.popitem()
            self._waiting[call] = None
            self._waiting.move_to_end(call, last=False)
        if connection is None:
            self._connect()
            return
        while self._waiting and connection.hasRoom:
            call, _ = self._waiting.popitem(last=False)
            self._send(call, connection)

    def _connect(self) -> None:
        if not self._waiting or self._isConnecting or self._search is not None:
            return
        if self._knowsLeader:
            self._isConnecting = True
            self._connections.to(self.leader).addCallbacks(self._connected, self._notConnected)
        else:
            search = Search(self.reactor, self._servers, self._makeConnections(), self._troubles)
            self._search = search.leader()
            self._search.addCallbacks(self._found, lambda failure: failure.trap(CancelledError))

    def _makeConnections(self, credentials: Credentials | None = None) -> Connections:
        return Connections(self.reactor, self._names, self._patience, self, self._limits, self._security, credentials)

    def _found(self, leader: Address) -> None:
        self._search = None
        self.leader = leader
        self._knowsLeader = True
        self._pump()

    def _endSearch(self) -> None:
        search, self._search = self._search, None
        if search is not None:
            search.cancel()

    def _connected(self, connection: CommandProtocol) -> None:
        self._isConnecting = False
        self._connection = connection
        self._pump()

    def _notConnected(self, failure: Failure) -> None:
        self._isConnecting = False
        if isinstance(failure.value, NotAllowed):
            self._failAll(failure.value)
        else:
            self._troubles.failed(self.leader, failure.value)
            self._turn()

    def _send(self, call: Call, connection: CommandProtocol) -> None:
        self._underWay += 1
        call.server = self.leader
        call.sent = connection.send(call.encoded, call.changes)
        call.sent.addCallbacks(self._replied, self._failed, (call, connection), {}, (call,))

    def _replied(self, reply: Result, call: Call, connection: CommandProtocol) -> None:
        call.sent = None
        self._underWay -= 1
        if isinstance(reply, results.Redirected):
            self._redirected(Address(reply.host, reply.port), call, connection)
        elif isinstance(reply, results.Unavailable):
            if not call.changes:
                self._returned[call] = None
            if connection is self._connection and not self._isRedirected:
                # It may be cut off from all others: whatever comes next, another one may know better.
                self._turnFrom(call.server, "it cannot do it now (ERR_INTERNAL)")
            if call.changes:
                call.fail(OutcomeUnknown(f"{call.server} cannot tell whether it was done"))
        else:
            self._turns = 0
            self._troubles.clear()
            if isinstance(reply, results.NotAllowed):
                call.fail(self._refusal())
            else:
                call.succeed(reply)

    def _redirected(self, server: Address, call: Call, connection: CommandProtocol) -> None:
        self._returned[call] = None
        # A server that was left before knows no better than those that were asked since.
        if connection is self._connection:
            self._troubles.note(call.server, f"it says that {server} leads")
            self.leader = server
            self._isRedirected = True

    def _failed(self, failure: Failure, call: Call) -> None:
        if failure.check(CancelledError) is not None:
            return
        call.sent = None
        self._underWay -= 1
        if call.changes:
            call.fail(OutcomeUnknown(f"{call.server}: {reasonOf(failure.value)}"))
        elif self._isClosed:
            call.fail(Closed("the client was closed before this was answered"))
        else:
            self._returned[call] = None

    def _refusal(self) -> NotAllowed:
        if self._credentials is None:
            return NotAllowed("not everybody may do that, and no user was given who may")
        return NotAllowed(f"the user {self._credentials.user} may not do that", self._credentials.user)

    def _failAll(self, error: ClientError) -> None:
        """
        None of the calls that wait is carried out.
        """
        waiting = [*self._returned, *self._waiting]
        self._returned.clear()
        self._waiting.clear()
        for call in waiting:
            call.fail(copy(error))

    def _takeBack(self, call: Call) -> bool:
        """
        Nobody waits for a call any longer.

        @return: whether it was under way.
        """
        self._waiting.pop(call, None)
        self._returned.pop(call, None)
        sent, call.sent = call.sent, None
        if sent is None:
            if not self._waiting and not self._returned:
                self._endSearch()
            return False
        self._underWay -= 1
        sent.cancel()
        # It may have been the last one that was waited for before what was redirected is sent.
        self._pump()
        return True

    def _turnFrom(self, server: Address, reason: str) -> None:
        """
        Search for the leader anew: this server did not help.
        """
        self._troubles.note(server, reason)
        self._turn()

    def _turnTo(self, server: Address) -> None:
        """
        Send to another server: it leads, as one has said that does not.
        """
        self.leader = server
        self._turn(knowsLeader=True)

    def _turn(self, knowsLeader: bool = False) -> None:
        if self._isClosed:
            return
        self._knowsLeader = knowsLeader
        self._connection = None
        self._isRedirected = False
        self._turns += 1
        if self._turns > self.MAX_TURNS and self._rest is None:
            self._rest = self.reactor.callLater(self.RETRY_DELAY, self._rested)
        self._pump()

    def _rested(self) -> None:
        self._rest = None
        self._turns = 0
        self._pump()

    @property
    def _trouble(self) -> str:
        """
        Why calls wait.
        """
        if trouble := str(self._troubles):
            return trouble
        return "too many others were before it" if self._knowsLeader else "no server has said that it leads"
