"""
A client of the whole cluster.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from replkv.client.connections import Address, Connections
from replkv.client.errors import Closed, CommandError, NotFound, OutcomeUnknown, Unavailable, VersionMismatch
from replkv.client.replies import MAX_VALUE, Reply
from replkv.clocks import countForward


class Found(NamedTuple):
    """
    A key's value and what belongs to it.

    @ivar exptime: the seconds that it has left; 0 if it does not expire.
    """

    value: bytes
    version: int
    exptime: int


class _Command(NamedTuple):
    """
    A command as it is sent.

    @ivar changes: whether to carry it out twice might differ from carrying it out once.
    """

    encoded: bytes
    changes: bool


class Client:
    """
    Carries out commands on whichever server leads: it follows redirects, turns to another server when one does not
    answer, and waits out an election.

    A write whose outcome is not known is never sent again (L{OutcomeUnknown}); whatever was certainly not carried out
    is, until it is answered or the time is over. Commands that are given without waiting for each other's results go
    out in that order, and keep it as long as no server fails.

    @ivar leader: the server that answered last, and will be asked first.
    """

    # The pause before the next server is asked, when all is not well.
    RETRY_DELAY: Final = 0.1
    # For so long one server may keep a read waiting, or a connection from being made; then another is asked.
    PATIENCE: Final = 2.0
    # Redirects followed without a pause: in an election two servers may each hold the other for the leader.
    MAX_REDIRECTS: Final = 3

    def __init__(self, reactor: IReactorTime, servers: Sequence[tuple[str, int]], timeout: float = 10.0) -> None:
        """
        @param reactor: a reactor that can also connect to hosts by name. One that counts by the time of day is made to
            count forward from there, so that time-outs hold when the time of day is set.
        @param servers: host and client port of servers of the cluster, one at least.
        @param timeout: for how many seconds a command is tried.
        """
        countForward(reactor)
        self._reactor = reactor
        self._servers = [Address(host, port) for host, port in servers]
        self._timeout = timeout
        self._connections = Connections(reactor, self.PATIENCE)
        self._closed = False
        self.leader = self._servers[0]

    @property
    def servers(self) -> Sequence[Address]:
        """
        The servers that it was told of.
        """
        return self._servers

    @property
    def timeout(self) -> float:
        """
        For how many seconds a command is tried.
        """
        return self._timeout

    def get(self, key: bytes) -> Deferred[bytes | None]:
        """
        @return: the key's value; C{None} if there is no such key.
        """

        async def value() -> bytes | None:
            found = await self._find(b"get", key)
            return None if found is None else found.value

        return Deferred.fromCoroutine(value())

    def getm(self, key: bytes) -> Deferred[Found | None]:
        """
        @return: the key's value, version and time left; C{None} if there is no such key.
        """
        return Deferred.fromCoroutine(self._find(b"getm", key))

    def set(self, key: bytes, value: bytes, exptime: int = 0) -> Deferred[int]:
        """
        @param exptime: the seconds after which the key expires; 0 for never.
        @return: the key's new version.
        """
        return self._store(b"set", key, (exptime,), value)

    def cas(self, key: bytes, version: int, value: bytes, exptime: int = 0) -> Deferred[int]:
        """
        Store the value if the key's version is still this one.

        @return: the key's new version; fails with L{VersionMismatch} or L{NotFound}.
        """
        return self._store(b"cas", key, (exptime, version), value)

    def delete(self, key: bytes) -> Deferred[bool]:
        """
        @return: whether there was such a key.
        """

        async def deleted() -> bool:
            try:
                await self._ask(_Command(b"delete %b\r\n" % (_checked(key),), changes=True))
            except NotFound:
                return False
            return True

        return Deferred.fromCoroutine(deleted())

    def stats(self, host: str, port: int, timeout: float = PATIENCE) -> Deferred[dict[str, str]]:
        """
        What one server says of itself, leader or not.

        @return: its statistics; fails with L{Unavailable} if it does not answer in C{timeout} seconds.
        """

        async def asked() -> dict[str, str]:
            reply = await self._askOne(Address(host, port), _Command(b"stats\r\n", changes=False), timeout)
            if reply.stats is None:
                raise Unavailable(f"{Address(host, port)} has no statistics")
            return reply.stats

        return Deferred.fromCoroutine(asked())

    def close(self) -> None:
        """
        Close all connections. What still waits for an answer fails; whatever is asked then fails with L{Closed}.
        """
        self._closed = True
        self._connections.close()

    def _store(self, verb: bytes, key: bytes, numbers: tuple[int, ...], value: bytes) -> Deferred[int]:
        async def stored() -> int:
            if len(value) > MAX_VALUE:
                raise CommandError(f"a value has at most {MAX_VALUE} bytes")
            line = b" ".join([verb, _checked(key), *(b"%d" % number for number in (*numbers, len(value)))])
            reply = await self._ask(_Command(b"%b\r\n%b\r\n" % (line, value), changes=True))
            version = reply.line.removeprefix(b"OK ")
            if not version.isdigit():
                raise OutcomeUnknown(f"no reply to a write: {reply.line!r}")
            return int(version)

        return Deferred.fromCoroutine(stored())

    async def _find(self, verb: bytes, key: bytes) -> Found | None:
        try:
            reply = await self._ask(_Command(b"%b %b\r\n" % (verb, _checked(key)), changes=False))
        except NotFound:
            return None
        if reply.value is None:
            raise Unavailable(f"no reply to a read: {reply.line!r}")
        return Found(reply.value, reply.version, reply.exptime)

    async def _ask(self, command: _Command) -> Reply:
        """
        Have a command carried out by the leader, whichever it is.

        @raise ClientError: if it was not, or may not have been.
        """
        deadline = self._reactor.seconds() + self._timeout
        server = self.leader
        redirects = 0
        cause = "all of them say ERR_INTERNAL"
        while True:
            remaining = deadline - self._reactor.seconds()
            if remaining <= 0:
                raise Unavailable(f"no server could do it within {self._timeout:g} s: {cause}")
            # A write that was sent is waited for to the end, since it must not be sent to another server.
            wait = remaining if command.changes else min(remaining, self.PATIENCE)
            try:
                reply = await self._askOne(server, command, wait)
            except Unavailable as error:
                reply = None
                cause = str(error)
            except OutcomeUnknown:
                # Were the server only silent, the next write too would wait for it to the end.
                self._turnFrom(server)
                raise
            if reply is not None and reply.line.startswith(b"ERR_REDIRECT "):
                server = self.leader = _redirected(reply)
                redirects += 1
                if redirects <= self.MAX_REDIRECTS:
                    continue
            elif reply is None or reply.line == b"ERR_INTERNAL":
                # It may be cut off from all others: whatever comes next, another one may know better.
                self._turnFrom(server)
                if reply is not None and command.changes:
                    raise OutcomeUnknown(f"{server} cannot tell whether it was done")
                server = self.leader
            else:
                return _carriedOut(reply)
            redirects = 0
            await deferLater(self._reactor, min(self.RETRY_DELAY, remaining))

    def _turnFrom(self, server: Address) -> None:
        """
        Turn to the next server, where that has not happened yet: this one did not help.
        """
        if self.leader == server:
            place = self._servers.index(server) + 1 if server in self._servers else 0
            self.leader = self._servers[place % len(self._servers)]

    async def _askOne(self, server: Address, command: _Command, patience: float) -> Reply:
        """
        Send a command to one server.

        @raise Closed: if the client is.
        @raise Unavailable: if it was not sent, or if its reply did not come and it changes nothing.
        @raise OutcomeUnknown: if it was sent, its reply did not come and it may have changed something.
        """
        if self._closed:
            raise Closed("the client is closed")
        deadline = self._reactor.seconds() + patience
        connection = await self._connections.to(server, patience)
        sent = connection.send(command.encoded)
        try:
            return await sent.addTimeout(max(0.0, deadline - self._reactor.seconds()), self._reactor)
        except defer.CancelledError:
            raise
        except Exception as error:
            reason = f"no reply in {patience:g} s" if isinstance(error, defer.TimeoutError) else str(error)
            raise (OutcomeUnknown if command.changes else Unavailable)(f"{server}: {reason}") from None


def _checked(key: bytes) -> bytes:
    """
    A key that cannot be taken for anything else on the command's line.
    """
    if not 1 <= len(key) <= 250 or not all(0x21 <= byte <= 0x7E for byte in key):
        raise CommandError("a key is 1 to 250 bytes of printable ASCII without space")
    return key


def _redirected(reply: Reply) -> Address:
    """
    The server that a redirect names.
    """
    _, host, port = (*reply.line.decode("ascii", "replace").split(" "), "", "")[:3]
    if not host or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise Unavailable(f"a redirect to nowhere: {reply.line!r}")
    return Address(host, int(port))


def _carriedOut(reply: Reply) -> Reply:
    """
    A reply that tells of no error.
    """
    if reply.line == b"ERRNOTFOUND":
        raise NotFound("no such key")
    if reply.line == b"ERR_VERSION":
        raise VersionMismatch("the key has another version")
    if reply.line == b"ERRCMDERR":
        raise CommandError("the server refuses the command as malformed, or its value as too large")
    return reply
