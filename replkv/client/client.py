"""
A client of the whole cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from replkv.client import replies
from replkv.client.address import Address
from replkv.client.administration import Administration
from replkv.client.arguments import (
    BytesLike,
    KeyLike,
    checkedAddress,
    checkedKey,
    checkedNumber,
    checkedServers,
    checkedTimeout,
    checkedValue,
    failing,
)
from replkv.client.connections import ServerSecurity
from replkv.client.credentials import checkedCredentials
from replkv.client.dispatcher import Dispatcher
from replkv.client.errors import OutcomeUnknown, Unavailable
from replkv.client.items import ItemCalls
from replkv.client.membership import Membership
from replkv.client.ranges import RangeCalls
from replkv.client.replies import Found
from replkv.client.transactions import TransactionCalls
from replkv.clocks import countForward
from replkv.commands import results
from replkv.commands.add import Add
from replkv.commands.append import Append
from replkv.commands.cad import Cad
from replkv.commands.cas import Cas
from replkv.commands.command import Command, ReadCommand
from replkv.commands.decr import Decr
from replkv.commands.delete import Delete
from replkv.commands.extras import Piece, Snapshot, Stats, Transfer
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.incr import Incr
from replkv.commands.members import Members
from replkv.commands.prepend import Prepend
from replkv.commands.replace import Replace
from replkv.commands.results import Result
from replkv.commands.set import Set
from replkv.commands.touch import Touch
from replkv.commands.users import Users
from replkv.wire.encoding import encodeCommand


class Client(ItemCalls, RangeCalls, TransactionCalls, Administration, Membership):
    """
    Carries out commands on whichever server leads: it finds that one before it sends anything, follows redirects,
    searches anew when it does not answer, and waits out an election.

    Any number of calls may be made at once. As many as a server takes are under way, the others wait in their order.
    Calls that are made without waiting for each other's results are carried out in the order in which they were made,
    redirected ones too, for as long as the same server leads and answers.

    A write whose outcome is not known is never sent again (L{OutcomeUnknown}); whatever was certainly not carried out
    is, until it is answered or its time is over. The time counts from when the call is made. A call that was never
    sent by then has failed as L{Unavailable}.

    All that goes wrong comes out of the Deferreds, mistakes too: wrong types as C{TypeError}, wrong values as
    L{CommandError} or another C{ValueError}. Nothing was sent then. Values are bytes. So
    are keys, or they are text, which is meant as UTF-8.

    To cancel a call is to wait for it no longer. One that still waits is never sent. One that is under way may be
    carried out, or may yet be; what becomes of it is dropped.

    Where not everybody may do everything, all of it is done for one user. The servers are told who that is on each
    connection, before anything else, and all calls that wait fail with L{NotAllowed} where the leader does not know
    that user by that token.

    C{async with} closes the client in the end.
    """

    # The pause before calls are sent again, when all is not well.
    RETRY_DELAY: Final = Dispatcher.RETRY_DELAY
    # For so long a server may send nothing at all, or a connection not be made; then another one is asked. Half of the
    # timeout, where that is less: the other half is for the others.
    PATIENCE: Final = 2.0

    def __init__(
        self,
        reactor: IReactorTime,
        servers: Iterable[str | tuple[str, int]],
        timeout: float = 10.0,
        tls: ServerSecurity | None = None,
        user: str | None = None,
        token: str | bytes | None = None,
    ) -> None:
        """
        @param reactor: a reactor that can also connect to hosts by name. One that counts by the time of day is made to
            count forward from there, so that timeouts hold when the time of day is set.
        @param servers: servers of the cluster, one at least: C{"host:port"}, or host and client port. They tell of the
            others.
        @param timeout: for how many seconds a command is tried, where the call does not say.
        @param tls: protects the connections: a C{Tls} with the files of the certificates. Redirects too are followed
            only to servers that prove who they are. Without it, whoever is on the way can read the token.
        @param user: who asks; C{None} where nobody has to say so, or a certificate does.
        @param token: what proves it.
        @raise TypeError: if these are not what they should be.
        @raise ValueError: if there are no servers, or one cannot be; if there is no time; if a user comes without a
            token, or a token without a user, or one of them cannot be.
        """
        self._servers = checkedServers(servers)
        self._timeout = checkedTimeout(timeout)
        patience = min(self.PATIENCE, self._timeout / 2)
        credentials = checkedCredentials(user, token)
        countForward(reactor)
        self._reactor = reactor
        self._dispatcher = Dispatcher(reactor, self._servers, patience, security=tls, credentials=credentials)

    def __repr__(self) -> str:
        return f"<Client of {', '.join(map(str, self._servers))}: {self._dispatcher!r}>"

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def servers(self) -> Sequence[Address]:
        """
        The servers that it knows: those that it was told of, and the members of the cluster, as the leader has said
        when it was found.
        """
        return self._dispatcher.servers.all

    @property
    def timeout(self) -> float:
        """
        For how many seconds a command is tried, where the call does not say.
        """
        return self._timeout

    @property
    def leader(self) -> Address:
        """
        The server that is asked: as far as is known, it leads. Before the first answer it is the first one.
        """
        return self._dispatcher.leader

    @failing
    def get(self, key: KeyLike, *, timeout: float | None = None) -> Deferred[bytes | None]:
        """
        @param timeout: the seconds that it may take; by default the client's. So with all others.
        @return: the key's value; C{None} if there is no such key.
        """
        return self._call(Get(checkedKey(key)), timeout).addCallback(replies.value)

    @failing
    def getm(self, key: KeyLike, *, timeout: float | None = None) -> Deferred[Found | None]:
        """
        @return: the key's value, version and time left; C{None} if there is no such key.
        """
        return self._call(Getm(checkedKey(key)), timeout).addCallback(replies.found)

    @failing
    def set(self, key: KeyLike, value: BytesLike, exptime: int = 0, *, timeout: float | None = None) -> Deferred[int]:
        """
        @param exptime: the seconds after which the key expires; 0 for never.
        @return: the key's new version.
        """
        command = Set(checkedKey(key), checkedNumber("exptime", exptime), checkedValue(value), False)
        return self._call(command, timeout).addCallback(replies.version)

    @failing
    def cas(
        self, key: KeyLike, version: int, value: BytesLike, exptime: int = 0, *, timeout: float | None = None
    ) -> Deferred[int]:
        """
        Store the value if the key's version is still this one.

        @return: the key's new version; fails with L{VersionMismatch} or L{NotFound}.
        """
        seconds, seen = checkedNumber("exptime", exptime), checkedNumber("version", version)
        command = Cas(checkedKey(key), seconds, seen, checkedValue(value), False)
        return self._call(command, timeout).addCallback(replies.version)

    @failing
    def add(self, key: KeyLike, value: BytesLike, exptime: int = 0, *, timeout: float | None = None) -> Deferred[int]:
        """
        Store the value if there is no such key.

        @return: the key's version; fails with L{AlreadyExists}.
        """
        command = Add(checkedKey(key), checkedNumber("exptime", exptime), checkedValue(value), False)
        return self._call(command, timeout).addCallback(replies.version)

    @failing
    def replace(
        self, key: KeyLike, value: BytesLike, exptime: int = 0, *, timeout: float | None = None
    ) -> Deferred[int]:
        """
        Store the value if there is such a key.

        @return: the key's new version; fails with L{NotFound}.
        """
        command = Replace(checkedKey(key), checkedNumber("exptime", exptime), checkedValue(value), False)
        return self._call(command, timeout).addCallback(replies.version)

    @failing
    def append(self, key: KeyLike, value: BytesLike, *, timeout: float | None = None) -> Deferred[int]:
        """
        Add to the end of the key's value, which expires when it would have.

        @return: the key's new version; fails with L{NotFound}, or with L{CommandError} if it would be too large.
        """
        command = Append(checkedKey(key), checkedValue(value), False)
        return self._call(command, timeout).addCallback(replies.version)

    @failing
    def prepend(self, key: KeyLike, value: BytesLike, *, timeout: float | None = None) -> Deferred[int]:
        """
        The same at its beginning.
        """
        command = Prepend(checkedKey(key), checkedValue(value), False)
        return self._call(command, timeout).addCallback(replies.version)

    @failing
    def incr(self, key: KeyLike, delta: int = 1, *, timeout: float | None = None) -> Deferred[int]:
        """
        Add to the number that the key holds, in decimal digits; what comes after the largest of 64 bits is 0. The key
        expires when it would have.

        @return: the new number; fails with L{NotFound} or L{NotANumber}.
        """
        return self._call(Incr(checkedKey(key), checkedNumber("delta", delta)), timeout).addCallback(replies.number)

    @failing
    def decr(self, key: KeyLike, delta: int = 1, *, timeout: float | None = None) -> Deferred[int]:
        """
        The same, down to 0.
        """
        return self._call(Decr(checkedKey(key), checkedNumber("delta", delta)), timeout).addCallback(replies.number)

    @failing
    def delete(self, key: KeyLike, version: int | None = None, *, timeout: float | None = None) -> Deferred[bool]:
        """
        @param version: the version that the key has to have; C{None} where any will do.
        @return: whether there was such a key; fails with L{VersionMismatch} if it has another version.
        """
        checked = checkedKey(key)
        command = Delete(checked) if version is None else Cad(checked, checkedNumber("version", version))
        return self._call(command, timeout).addCallback(replies.wasThere, results.Deleted)

    @failing
    def touch(self, key: KeyLike, exptime: int, *, timeout: float | None = None) -> Deferred[bool]:
        """
        Have the key expire in so many seconds from now, or never if that is 0. Its version is another one then.

        @return: whether there was such a key.
        """
        command = Touch(checkedKey(key), checkedNumber("exptime", exptime))
        return self._call(command, timeout).addCallback(replies.wasThere, results.Touched)

    @failing
    def stats(self, host: str, port: int, timeout: float = PATIENCE) -> Deferred[dict[str, str]]:
        """
        What one server says of itself, leader or not, and to everybody.

        @return: its statistics; fails with L{Unavailable} if it does not answer in C{timeout} seconds.
        """
        server, seconds = checkedAddress(host, port), checkedTimeout(timeout)
        asked = Deferred.fromCoroutine(self._askOne(server))
        return asked.addTimeout(seconds, self._reactor, _lateAnswer(server))

    @failing
    def transfer(self, host: str, port: int, to: int, timeout: float = PATIENCE) -> Deferred[int]:
        """
        Have the server that leads, which is the one at this address, hand over to another one.

        @param to: the id of the server that is to lead.
        @return: the id of the server that leads then; fails with L{Unavailable} if that one was not asked to lead or
            does not lead in time, and with L{OutcomeUnknown} if there is no answer within C{timeout} seconds.
        """
        server, seconds = checkedAddress(host, port), checkedTimeout(timeout)
        asked = Deferred.fromCoroutine(self._transfer(server, to))

        def late(result: object, timeout: float) -> Failure:
            return Failure(OutcomeUnknown(f"{server}: no answer within {timeout:g} s"))

        return asked.addTimeout(seconds, self._reactor, late)

    @failing
    def snapshot(self, host: str, port: int, least: int, timeout: float = PATIENCE) -> Deferred[bytes | None]:
        """
        Have one server, leader or not, make a snapshot of its state, for a backup.

        @param least: it has at least the entries up to this one.
        @return: what it is; C{None} while it is being made. Fails with L{Unavailable}.
        """
        return self._askFor(Snapshot(least), host, port, timeout)

    @failing
    def piece(
        self, host: str, port: int, snapshot: int, file: int, offset: int, timeout: float = PATIENCE
    ) -> Deferred[bytes | None]:
        """
        Fetch a piece of a snapshot.

        @return: the bytes; fails with L{Unavailable}.
        """
        return self._askFor(Piece(snapshot, file, offset), host, port, timeout)

    def close(self) -> None:
        """
        Close all connections. What still waits fails with L{Closed}, and so does whatever is asked then. What became of
        a write that is under way is unknown.
        """
        self._dispatcher.close()

    def _call(self, command: Command, timeout: float | None) -> Deferred[Result]:
        seconds = self._timeout if timeout is None else checkedTimeout(timeout)
        return self._dispatcher.call(
            encodeCommand(command), not isinstance(command, ReadCommand | Users | Members), seconds
        )

    def _askFor(self, command: Command, host: str, port: int, timeout: float) -> Deferred[bytes | None]:
        server, seconds = checkedAddress(host, port), checkedTimeout(timeout)
        asked = Deferred.fromCoroutine(self._blockOf(server, command))
        return asked.addTimeout(seconds, self._reactor, _lateAnswer(server))

    async def _blockOf(self, server: Address, command: Command) -> bytes | None:
        """
        Ask one server for something of a snapshot.
        """
        match await self._dispatcher.ask(server, encodeCommand(command)):
            case results.Found() as found:
                return found.value
            case results.NotYet():
                return None
            case results.NoSnapshot() as refused:
                raise Unavailable(f"{server} has no snapshot: {refused.reason}")
            case results.Unavailable():
                raise Unavailable(f"{server} has too much to do")
        raise Unavailable(f"{server} is of an earlier version, and gives no snapshots")

    async def _transfer(self, server: Address, to: int) -> int:
        reply = await self._dispatcher.ask(server, encodeCommand(Transfer(to)))
        match reply:
            case results.Leads():
                return reply.server
            case results.NotTransferred():
                raise Unavailable(reply.reason)
            case results.Redirected():
                raise Unavailable(f"{server} does not lead, {Address(reply.host, reply.port)} does")
            case results.Unavailable():
                raise OutcomeUnknown(f"{server} cannot tell whether it was done")
        raise Unavailable(f"{server} does not know how to hand over")

    async def _askOne(self, server: Address) -> dict[str, str]:
        reply = await self._dispatcher.ask(server, encodeCommand(Stats()), openly=True)
        if not isinstance(reply, results.Statistics):
            raise Unavailable(f"{server} has no statistics")
        return reply.values


def _lateAnswer(server: Address) -> Callable[[object, float], Failure]:
    return lambda result, timeout: Failure(Unavailable(f"{server}: no answer within {timeout:g} s"))
