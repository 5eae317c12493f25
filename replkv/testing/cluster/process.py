"""
A simulated process: a reactor, which can be stopped for a while or for good at any moment.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, cast

from twisted.internet.address import IPv4Address
from twisted.internet.base import DelayedCall
from twisted.internet.interfaces import (
    IConnector,
    IDelayedCall,
    IHostnameResolver,
    IHostResolution,
    IListeningPort,
    IReactorPluggableNameResolver,
    IResolutionReceiver,
)
from twisted.internet.protocol import ClientFactory, Factory
from zope.interface import implementer

from replkv.reactors import IServerReactor
from replkv.testing.timeline import Timeline

if TYPE_CHECKING:
    from replkv.testing.cluster.network import Network

_LATENESS: Final = 1e-6
"""
By how many seconds a call is late, as those of every real reactor are. On one that is never late, a L{LoopingCall
<twisted.internet.task.LoopingCall>} finds itself just before its time as often as just after it, and makes its call
twice.
"""


@implementer(IServerReactor, IReactorPluggableNameResolver, IHostnameResolver)
class Process:
    """
    What runs in a process gets this as its reactor. It knows time, and TCP over the simulated network.

    @ivar host: the name of the host, by which others connect to it.
    @ivar alive: whether it has not ended.
    @ivar paused: whether it stands still. What should happen in it then happens when it goes on.
    """

    def __init__(
        self,
        timeline: Timeline,
        network: Network,
        host: str,
        rate: float = 1.0,
        stopping: Callable[[], None] = lambda: None,
    ) -> None:
        """
        @param rate: how many seconds its clock counts in one second.
        @param stopping: called when something in the process stops the reactor.
        """
        self.host = host
        self.alive = True
        self.paused = False
        self.nameResolver: IHostnameResolver = self
        self._timeline = timeline
        self._network = network
        self._rate = rate
        self._ahead = 0.0
        self._stopping = stopping
        self._missed: deque[tuple[Callable[..., object], tuple[Any, ...], dict[str, Any]]] = deque()

    def perform(self, function: Callable[..., object], *args: Any, **kw: Any) -> None:
        """
        Have something happen in this process: now, or when it goes on, or never if it has ended.
        """
        if self.paused and self.alive:
            self._missed.append((function, args, kw))
        elif self.alive:
            before, self._timeline.actor = self._timeline.actor, self.host
            self._timeline.stirred.add(self.host)
            try:
                function(*args, **kw)
            finally:
                self._timeline.actor = before

    def pause(self) -> None:
        """
        Stop it, as SIGSTOP does.
        """
        self.paused = True

    def resume(self) -> None:
        """
        Have it go on, as SIGCONT does. It finds all at once what it has missed.
        """
        self.paused = False
        while self._missed and not self.paused:
            function, args, kw = self._missed.popleft()
            self.perform(function, *args, **kw)

    def kill(self, silently: bool = False) -> None:
        """
        End it, wherever it is, as SIGKILL does.

        @param silently: whether its host goes with it, so that nobody tells those who are connected to it.
        """
        self.end()
        self._network.ended(self, silently)

    def end(self) -> None:
        """
        Let nothing happen in it any more.
        """
        self.alive = False
        self._missed.clear()

    def jump(self, seconds: float) -> None:
        """
        Have its clock jump. What is waiting becomes due later by a jump back; by one forward, not earlier.
        """
        self._ahead += seconds

    # IReactorTime

    def seconds(self) -> float:
        """
        See L{twisted.internet.interfaces.IReactorTime.seconds}. It goes on while the process is paused.
        """
        return self._timeline.seconds() * self._rate + self._ahead

    def callLater(self, delay: float, callable: Callable[..., object], *args: object, **kw: object) -> IDelayedCall:  # noqa: A002
        """
        See L{twisted.internet.interfaces.IReactorTime.callLater}.
        """
        assert delay >= 0, f"a call {-delay} s ago"
        call = DelayedCall(self.seconds() + delay, callable, args, kw, _ignore, self._await, self.seconds)
        self._await(call)
        return call

    def getDelayedCalls(self) -> list[IDelayedCall]:
        """
        See L{twisted.internet.interfaces.IReactorTime.getDelayedCalls}.
        """
        waits = [wait for wait in self._timeline.calls if wait.func == self._due]
        calls = dict.fromkeys(cast(IDelayedCall, wait.args[0]) for wait in waits)
        return [call for call in calls if call.active()]

    # What else of a reactor a service uses.

    def callWhenRunning(self, callable: Callable[..., object], *args: object, **kw: object) -> None:  # noqa: A002
        """
        See L{twisted.internet.interfaces.IReactorCore.callWhenRunning}.
        """
        self.callLater(0, callable, *args, **kw)

    def stop(self) -> None:
        """
        See L{twisted.internet.interfaces.IReactorCore.stop}.
        """
        self.callLater(0, self._stopping)

    def _await(self, call: DelayedCall) -> None:
        """
        Wait until a call is due.
        """
        due = (call.getTime() - self._ahead) / self._rate + _LATENESS
        self._timeline.callLater(max(0.0, due - self._timeline.seconds()), self._due, call)

    def _due(self, call: DelayedCall) -> None:
        if call.active():
            self.perform(self._make, call)

    def _make(self, call: DelayedCall) -> None:
        # While the process was paused, something else in it may have cancelled the call, or put it off.
        if not call.active():
            return
        if call.getTime() > self.seconds():
            self._await(call)
        else:
            call.called = 1
            call.func(*call.args, **call.kw)

    # IReactorTCP

    def listenTCP(self, port: int, factory: Factory, backlog: int = 50, interface: str = "") -> IListeningPort:
        """
        See L{twisted.internet.interfaces.IReactorTCP.listenTCP}.
        """
        return self._network.listen(self, port, factory)

    def connectTCP(  # type: ignore[override]  # Twisted's own type has a variable that means nothing here.
        self,
        host: str,
        port: int,
        factory: ClientFactory,
        timeout: float = 30.0,
        bindAddress: tuple[str, int] | None = None,
    ) -> IConnector:
        """
        See L{twisted.internet.interfaces.IReactorTCP.connectTCP}.
        """
        return self._network.connect(self, host, port, factory, timeout)

    # IHostnameResolver

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: object = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        """
        See L{twisted.internet.interfaces.IHostnameResolver.resolveHostName}. A host's name is its address.
        """
        resolution = _Resolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)

        def answered(addresses: list[str]) -> None:
            for address in addresses:
                resolutionReceiver.addressResolved(IPv4Address("TCP", address, portNumber))
            resolutionReceiver.resolutionComplete()

        self._network.names.ask(self, hostName, answered)
        return resolution

    def installNameResolver(self, resolver: IHostnameResolver) -> IHostnameResolver:
        """
        See L{twisted.internet.interfaces.IReactorPluggableNameResolver.installNameResolver}.
        """
        before, self.nameResolver = self.nameResolver, resolver
        return before


@implementer(IHostResolution)
class _Resolution:
    """
    A name that is looked up, or was.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def cancel(self) -> None:
        """
        See L{IHostResolution.cancel}. As with Twisted's own, that is not to be had.
        """


def _ignore(call: DelayedCall) -> None:
    """
    Leave a cancelled call where it is: it will not be made.
    """
