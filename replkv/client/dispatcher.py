"""
Who carries out a client's calls: whichever server leads.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Final

from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from replkv.client.address import Address
from replkv.client.asking import replyOf
from replkv.client.call import Call
from replkv.client.connections import Connections, ServerSecurity, loginRefusal
from replkv.client.credentials import Credentials, lackOfRight
from replkv.client.errors import ClientError, Closed, NotAllowed, OutcomeUnknown, Unavailable
from replkv.client.known import KnownServers
from replkv.client.limits import CLIENT_LIMITS, ClientLimits
from replkv.client.protocol import CommandProtocol
from replkv.client.queue import CallQueue
from replkv.client.search import Found, Search
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
      - What is refused to a user may be so since the login has lapsed: the client logs in once more, and sends nothing
        else meanwhile. What was refused then goes first, once, unless something behind it may have been carried out.
      - Only time decides that a call is not carried out: while it waits, nothing that goes wrong ends it, but that the
        leader does not know the user.

    @ivar reactor: tells the time.
    @ivar servers: those that it knows.
    @ivar leader: the server that calls are sent to, or were sent to last: as far as is known, it leads.
    """

    # The pause before anything is sent again, when all is not well.
    RETRY_DELAY: Final = 0.1
    # So often it is sent without a pause: in an election two may each hold the other for the leader.
    MAX_TURNS: Final = 3

    def __init__(
        self,
        reactor: IReactorTime,
        servers: Sequence[Address],
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
        self.servers = KnownServers(reactor, servers)
        self._patience = patience
        self._limits = limits
        self._security = security
        self._credentials = credentials
        self._names = Names(reactor)
        self._connections = self._makeConnections(credentials)
        # Those on which nobody logs in: what everybody is told is told to those too whom a server does not know.
        self._open = self._connections if credentials is None else self._makeConnections()
        self._queue = CallQueue()
        self._underWay = 0
        # Where calls are sent, once it stands.
        self._connection: CommandProtocol | None = None
        self._isConnecting = False
        self._search: Deferred[Found] | None = None
        self._isRedirected = False
        self._rest: IDelayedCall | None = None
        # What was refused since the last login, while the client logs in once more; it has been returned, too.
        self._doubted: list[Call] | None = None
        self._turns = 0
        self._troubles = Troubles()
        self._isClosed = False

    def __repr__(self) -> str:
        if self._isClosed:
            return "closed"
        doing = f"asks {self.leader}" if self._knowsLeader else "knows no leader"
        return f"{doing}, {self._underWay} calls under way, {len(self._queue)} waiting"

    def call(self, encoded: bytes, changes: bool, timeout: float) -> Deferred[Result]:
        """
        Have a command carried out.

        @param changes: whether to carry it out twice might differ from carrying it out once.
        @param timeout: the seconds that it may take.
        """
        if self._isClosed:
            return fail(Closed("the client is closed"))
        call = Call(self, encoded, changes, timeout)
        self._queue.add(call)
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
            whose = (self._open, None) if openly else (self._connections, self._credentials)
            return await replyOf(server, encoded, *whose)
        except CancelledError:
            raise
        except Exception as error:
            if self._isClosed:
                raise Closed("the client is closed") from None
            if isinstance(error, ClientError):
                raise
            raise Unavailable(f"{server}: {reasonOf(error)}") from None

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
            why = self._troubles.why(self._knowsLeader)
            call.fail(Unavailable(f"not carried out within {call.timeout:g} s: {why}"))
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
        if self._rest is not None or self._isClosed or self._doubted is not None:
            return
        if self._isRedirected and connection is not None:
            if not connection.isAwaited:
                self._turnTo(self.leader)
            return
        self._queue.arrange()
        if connection is None:
            self._connect()
            return
        if self._queue.hasNext:
            self.servers.refresh(connection)
        while self._queue.hasNext and connection.hasRoom:
            self._send(self._queue.next(), connection)

    def _connect(self) -> None:
        if not self._queue.hasNext or self._isConnecting or self._search is not None:
            return
        if self._knowsLeader:
            self._isConnecting = True
            self._connections.to(self.leader).addCallbacks(self._connected, self._notConnected)
        else:
            search = Search(self.reactor, self.servers.all, self._makeConnections(), self._troubles)
            self._search = search.leader()
            self._search.addCallbacks(self._found, lambda failure: failure.trap(CancelledError))

    def _makeConnections(self, credentials: Credentials | None = None) -> Connections:
        return Connections(self.reactor, self._names, self._patience, self, self._limits, self._security, credentials)

    def _found(self, found: Found) -> None:
        self._search = None
        self.leader = found.leader
        self.servers.learn(found.members)
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
                self._queue.giveBack(call)
            if connection is self._connection and not self._isRedirected:
                # It may be cut off from all others: whatever comes next, another one may know better.
                self._turnFrom(call.server, "it cannot do it now (ERR_INTERNAL)")
            if call.changes:
                self._failDoubted()
                call.fail(OutcomeUnknown(f"{call.server} cannot tell whether it was done"))
        else:
            self._turns = 0
            self._troubles.clear()
            if not isinstance(reply, results.NotAllowed):
                self._failDoubted()
                call.succeed(reply)
            elif self._credentials is None or call.wasRefused or connection is not self._connection:
                call.fail(lackOfRight(self._credentials))
            else:
                self._doubt(call, connection, self._credentials)

    def _doubt(self, call: Call, connection: CommandProtocol, credentials: Credentials) -> None:
        """
        Find out whether the server still knows the user, to whom it has refused a call.
        """
        call.wasRefused = True
        self._queue.giveBack(call)
        if self._doubted is not None:
            self._doubted.append(call)
            return
        self._doubted = [call]
        told = connection.send(credentials.encoded, changes=False)
        told.addCallbacks(self._told, lambda _: None, (self._doubted, connection, credentials))

    def _told(self, reply: Result, doubted: list[Call], connection: CommandProtocol, credentials: Credentials) -> None:
        if self._doubted is not doubted:
            return
        if isinstance(reply, results.Done):
            self._doubted = None
            return
        self._connection = None
        connection.close()
        # Not before, since the next call is to have another connection.
        self._doubted = None
        self._notConnected(Failure(loginRefusal(reply, doubted[0].server, credentials)))

    def _failDoubted(self) -> None:
        """
        What was sent behind them may have been carried out: they come too late.
        """
        doubted, self._doubted = self._doubted or (), None
        for call in doubted:
            if self._queue.remove(call):
                call.fail(lackOfRight(self._credentials))

    def _redirected(self, server: Address, call: Call, connection: CommandProtocol) -> None:
        self._queue.giveBack(call)
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
            self._failDoubted()
            call.fail(OutcomeUnknown(f"{call.server}: {reasonOf(failure.value)}"))
        elif self._isClosed:
            call.fail(Closed("the client was closed before this was answered"))
        else:
            self._queue.giveBack(call)

    def _failAll(self, error: ClientError) -> None:
        """
        None of the calls that wait is carried out.
        """
        for call in self._queue.clear():
            call.fail(copy(error))

    def _takeBack(self, call: Call) -> bool:
        """
        Nobody waits for a call any longer.

        @return: whether it was under way.
        """
        self._queue.remove(call)
        sent, call.sent = call.sent, None
        if sent is None:
            if not self._queue:
                self._endSearch()
            return False
        self._underWay -= 1
        sent.cancel()
        if call.changes:
            self._failDoubted()
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
        left, self._connection = self._connection, None
        self._isRedirected = False
        self._turns += 1
        if self._turns > self.MAX_TURNS and self._rest is None:
            self._rest = self.reactor.callLater(self.RETRY_DELAY, self._rested)
        if left is not None and left.isAwaited:
            self._failDoubted()
        self._doubted = None
        self._pump()

    def _rested(self) -> None:
        self._rest = None
        self._turns = 0
        self._pump()
