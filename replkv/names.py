"""
Connecting to hosts by name, by whatever name the system knows.

Twisted's own way is not used for two reasons. It takes only names that IDNA allows, and containers are called C{kv_0}.
And it looks names up in the reactor's few threads, for which the process waits when it ends: while a name server is
silent, that takes half a minute.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from threading import Thread
from typing import Final

from twisted.internet import defer
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.defer import Deferred, FailureGroup, race
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.interfaces import (
    IAddress,
    IHostResolution,
    IProtocol,
    IProtocolFactory,
    IReactorFromThreads,
    IReactorPluggableNameResolver,
    IReactorTCP,
    IReactorTime,
    IResolutionReceiver,
    IStreamClientEndpoint,
)
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from zope.interface import implementer

MAX_LOOKUPS: Final = 64
"""
How many names may be looked up at once, each in a thread of its own.
"""

_ATTEMPT_DELAY: Final = 0.1
"""
A host may have several addresses, and one of them be silent: after so many seconds the next one is tried beside it.
"""


class NoAddress(Exception):
    """
    A name has no address, or its addresses were not found in time. The message is one line that says which.
    """


class NoAnswer(Exception):
    """
    A host has not answered in time. The message is one line that says so.
    """


class Names:
    """
    Looks up the addresses of names. Whoever asks for a name that is being looked up gets the answer to that.
    """

    def __init__(self, reactor: IReactorTime) -> None:
        """
        @param reactor: a reactor with threads, or one with a name resolver of its own, such as a simulated one.
        """
        self._reactor = reactor
        self._waiting: dict[str, list[Deferred[list[str]]]] = {}

    def addresses(self, name: str) -> Deferred[list[str]]:
        """
        Look a name up. To cancel the result is to wait for it no longer.

        @return: the addresses, in the order in which to try them, one at least; it fails with L{NoAddress}.
        """
        if isIPAddress(name) or isIPv6Address(name):
            return defer.succeed([name])
        answer: Deferred[list[str]] = Deferred()
        if name in self._waiting:
            self._waiting[name].append(answer)
        elif len(self._waiting) >= MAX_LOOKUPS:
            answer.errback(NoAddress(f"{MAX_LOOKUPS} other names are being looked up"))
        else:
            self._waiting[name] = [answer]
            self._lookUp(name)
        return answer

    def _lookUp(self, name: str) -> None:
        if not IReactorFromThreads.providedBy(self._reactor):
            resolver = IReactorPluggableNameResolver(self._reactor).nameResolver
            resolver.resolveHostName(_Receiver(name, self._answered), name)
            return
        try:
            # A daemon thread: the process does not wait for it when it ends.
            Thread(target=self._askSystem, args=(name,), name=f"look up {name}", daemon=True).start()
        except RuntimeError as error:
            # The system has no more threads.
            self._answered(name, str(error))

    def _askSystem(self, name: str) -> None:
        """
        Ask the system, in a thread.
        """
        answer: list[str] | str
        try:
            found = socket.getaddrinfo(name, 0, type=socket.SOCK_STREAM)
            # An IPv6 address may be one of a single link, which only its text names.
            numbers = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
            answer = [socket.getnameinfo(address, numbers)[0] for *_, address in found]
        except Exception as error:
            # Whatever it is: without an answer nobody could look up the name any more.
            answer = _whyNot(error)
        IReactorFromThreads(self._reactor).callFromThread(self._answered, name, answer)

    def _answered(self, name: str, answer: list[str] | str) -> None:
        """
        @param answer: the addresses, or why there are none.
        """
        for waiting in self._waiting.pop(name):
            if isinstance(answer, str):
                waiting.errback(NoAddress(f"the addresses of {name!r} cannot be found: {answer}"))
            else:
                waiting.callback(list(dict.fromkeys(answer)))


def _whyNot(error: Exception) -> str:
    """
    Why the system has not found a name's addresses.
    """
    if isinstance(error, UnicodeError):
        # Python gives the system no name that the name system could not have, and says that in words of its codecs.
        return "no host can have such a name"
    return str(error.strerror if isinstance(error, OSError) else error)


@implementer(IResolutionReceiver)
class _Receiver:
    """
    Gathers what a reactor's own name resolver finds.
    """

    def __init__(self, name: str, answered: Callable[[str, list[str] | str], None]) -> None:
        self._name = name
        self._answered = answered
        self._addresses: list[str] = []

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        """
        See L{IResolutionReceiver.resolutionBegan}.
        """

    def addressResolved(self, address: IAddress) -> None:
        """
        See L{IResolutionReceiver.addressResolved}.
        """
        self._addresses.append(address.host)  # type: ignore[attr-defined]

    def resolutionComplete(self) -> None:
        """
        See L{IResolutionReceiver.resolutionComplete}.
        """
        self._answered(self._name, self._addresses or "there are none")


@implementer(IStreamClientEndpoint)
class NameEndpoint:
    """
    A port of a host, which is known by name or by address.
    """

    def __init__(self, reactor: IReactorTime, names: Names, host: str, port: int, timeout: float) -> None:
        """
        @param reactor: a reactor with time and TCP.
        @param timeout: the seconds after which an attempt to connect is given up. The name is looked up within them.
        """
        self._reactor = reactor
        self._names = names
        self._host = host
        self._port = port
        self._timeout = timeout

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        See L{IStreamClientEndpoint.connect}.
        """
        return Deferred.fromCoroutine(self._connect(protocolFactory))

    async def _connect(self, factory: IProtocolFactory) -> IProtocol:
        deadline = self._reactor.seconds() + self._timeout
        lookUp = self._names.addresses(self._host).addTimeout(self._timeout, self._reactor, self._noAnswer)
        addresses = await lookUp
        left = max(0.0, deadline - self._reactor.seconds())
        attempts = [self._attempt(number, address, factory) for number, address in enumerate(addresses)]
        try:
            _, protocol = await race(attempts).addTimeout(left, self._reactor, self._noConnection)
        except FailureGroup as group:
            group.failures[0].raiseException()
        return protocol

    def _attempt(self, number: int, address: str, factory: IProtocolFactory) -> Deferred[IProtocol]:
        kind = TCP6ClientEndpoint if ":" in address else TCP4ClientEndpoint
        # The endpoint's own time is longer than there is, since all attempts end together.
        endpoint = kind(IReactorTCP(self._reactor), address, self._port, 2 * self._timeout)
        if not number:
            return endpoint.connect(factory)
        return deferLater(self._reactor, number * _ATTEMPT_DELAY, endpoint.connect, factory)

    def _noAnswer(self, cancelled: object, seconds: float) -> Failure:
        return Failure(NoAddress(f"the addresses of {self._host!r} cannot be found: no answer in {seconds:.2g} s"))

    def _noConnection(self, cancelled: object, seconds: float) -> Failure:
        return Failure(NoAnswer(f"no answer in {self._timeout:.2g} s"))
