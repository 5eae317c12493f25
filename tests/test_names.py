"""
Tests for connecting to hosts by name.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.error import ConnectionRefusedError  # noqa: A004
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

import replkv.names
from replkv.names import MAX_LOOKUPS, NameEndpoint, Names, NoAddress, NoAnswer
from replkv.testing.cluster.process import Process
from tests.network import Listening, Network

PORT = 9000


class Thread:
    """
    A thread that does its work when the test says so.
    """

    made: list[Thread]

    def __init__(self, target: Callable[..., object], args: tuple[object, ...], name: str, daemon: bool) -> None:
        self.daemon = daemon
        self.run = lambda: target(*args)
        self.made.append(self)

    def start(self) -> None:
        """
        Nothing yet.
        """


@implementer(IReactorFromThreads)
class Threaded(Process):
    """
    A reactor that threads may call.
    """

    def callFromThread(self, callable: Callable[..., object], *args: object, **kw: object) -> None:  # noqa: A002
        """
        See L{IReactorFromThreads.callFromThread}.
        """
        self.callLater(0, callable, *args, **kw)


class NamesTestCase(SynchronousTestCase):
    """
    What these tests begin with: a system that knows some hosts.
    """

    def setUp(self) -> None:
        """
        Name the hosts.
        """
        self.threads: list[Thread] = []
        self.patch(replkv.names, "Thread", type("Thread", (Thread,), {"made": self.threads}))
        self.patch(socket, "getaddrinfo", self.getaddrinfo)
        self.hosts = {"kv_0": ["127.0.0.2"], "ab--c": ["127.0.0.3", "::1", "127.0.0.3"]}
        self.network = Network()
        self.reactor = Threaded(self.network.timeline, self.network, "here")
        self.names = Names(self.reactor)

    def getaddrinfo(self, host: str, port: int, **kwargs: Any) -> list[tuple[Any, ...]]:
        """
        See L{socket.getaddrinfo}.
        """
        if host not in self.hosts:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(0, 0, 0, "", (address, 0)) for address in self.hosts[host]]

    def finish(self) -> None:
        """
        Have the look-ups that are under way end.
        """
        while self.threads:
            self.threads.pop().run()
        self.network.settle()


class NamesTests(NamesTestCase):
    """
    Tests for L{Names}.
    """

    def test_systemsNames(self) -> None:
        """
        A name that the system knows has its addresses, each once, whatever others would think of the name.
        """
        for name, expected in (("kv_0", ["127.0.0.2"]), ("ab--c", ["127.0.0.3", "::1"])):
            found = self.names.addresses(name)
            self.assertNoResult(found)
            self.finish()
            self.assertEqual(self.successResultOf(found), expected)

    def test_address(self) -> None:
        """
        An address is its own, and nobody is asked.
        """
        for address in ("127.0.0.1", "::1", "fe80::1%lo"):
            self.assertEqual(self.successResultOf(self.names.addresses(address)), [address])
        self.assertEqual(self.threads, [])

    def test_scope(self) -> None:
        """
        An address that holds on one link only keeps the name of that.
        """
        one = [(socket.AF_INET6, 0, 0, "", ("fe80::1", 0, 0, 1))]
        self.patch(socket, "getaddrinfo", lambda *args, **kwargs: one)
        found = self.names.addresses("near")
        self.finish()
        self.assertEqual(self.successResultOf(found), [f"fe80::1%{socket.if_indextoname(1)}"])

    def test_unknown(self) -> None:
        """
        A name that the system does not know, or cannot know, fails with the system's reason.
        """
        found = self.names.addresses("nowhere")
        self.finish()
        self.assertEqual(
            str(self.failureResultOf(found, NoAddress).value),
            "the addresses of 'nowhere' cannot be found: Name or service not known",
        )
        self.patch(socket, "getaddrinfo", lambda name, *args, **kwargs: name.encode("idna"))
        found = self.names.addresses("a" * 64)
        self.finish()
        self.assertEqual(
            str(self.failureResultOf(found, NoAddress).value),
            f"the addresses of '{'a' * 64}' cannot be found: no host can have such a name",
        )

    def test_again(self) -> None:
        """
        A name that was not known is asked for again.
        """
        self.failureResultOf(self.finished("late"), NoAddress)
        self.hosts["late"] = ["127.0.0.9"]
        self.assertEqual(self.successResultOf(self.finished("late")), ["127.0.0.9"])

    def finished(self, name: str) -> Any:
        """
        Look up a name, to the end.
        """
        found = self.names.addresses(name)
        self.finish()
        return found

    def test_shared(self) -> None:
        """
        While a name is being looked up, nobody looks it up again, whether or not someone has lost patience.
        """
        asked = [self.names.addresses("kv_0") for _ in range(3)]
        asked[0].cancel()
        self.failureResultOf(asked[0])
        self.assertEqual(len(self.threads), 1)
        self.finish()
        for found in asked[1:]:
            self.assertEqual(self.successResultOf(found), ["127.0.0.2"])

    def test_noThreadIsWaitedFor(self) -> None:
        """
        The process does not wait for a look-up when it ends.
        """
        self.names.addresses("kv_0")
        self.assertTrue(self.threads[0].daemon)

    def test_noThread(self) -> None:
        """
        If the system has no thread for it, that is the reason; later it may have one.
        """

        def fail(thread: Thread) -> None:
            raise RuntimeError("can't start new thread")

        start = Thread.start
        self.patch(Thread, "start", fail)
        error = self.failureResultOf(self.names.addresses("kv_0"), NoAddress).value
        self.assertIn("can't start new thread", str(error))
        self.patch(Thread, "start", start)
        self.threads.clear()
        self.assertEqual(self.successResultOf(self.finished("kv_0")), ["127.0.0.2"])

    def test_anyError(self) -> None:
        """
        Whatever goes wrong with a look-up is the reason, and it is over.
        """
        for error in (ValueError("embedded null character"), MemoryError("none left")):

            def fail(*arguments: object, error: Exception = error, **keywords: object) -> None:
                raise error

            self.patch(socket, "getaddrinfo", fail)
            failure = self.failureResultOf(self.finished("kv_0"), NoAddress)
            self.assertIn(str(error), str(failure.value))

    def test_bound(self) -> None:
        """
        There is a bound to the look-ups that are under way.
        """
        for number in range(MAX_LOOKUPS):
            self.names.addresses(f"host{number}").addErrback(lambda failure: None)
        refused = self.names.addresses("kv_0")
        self.assertIn("other names are being looked up", str(self.failureResultOf(refused, NoAddress).value))
        self.assertEqual(len(self.threads), MAX_LOOKUPS)
        self.finish()
        self.assertEqual(self.successResultOf(self.finished("kv_0")), ["127.0.0.2"])


class EndpointTests(NamesTestCase):
    """
    Tests for L{NameEndpoint}.
    """

    def connect(self, host: str) -> Any:
        """
        Begin to connect, with two seconds of time.
        """
        return NameEndpoint(self.reactor, self.names, host, PORT, 2.0).connect(Factory.forProtocol(Protocol))

    def listen(self, address: str) -> None:
        """
        Have somebody take connections at an address.
        """
        self.network.process(address).listenTCP(PORT, Listening(self.network))

    def test_connects(self) -> None:
        """
        It connects to the address of the name.
        """
        self.listen("127.0.0.2")
        connected = self.connect("kv_0")
        self.finish()
        self.assertEqual(self.network.attempts, [("127.0.0.2", PORT)])
        self.assertEqual(self.successResultOf(connected).transport.getPeer().host, "127.0.0.2")

    def test_severalAddresses(self) -> None:
        """
        Of several addresses, one after the other is tried beside those that are silent; the first that answers is
        taken, and the others are left.
        """
        self.hosts["many"] = ["127.0.0.2", "127.0.0.3", "127.0.0.4"]
        self.network.block("here", "127.0.0.2")
        self.listen("127.0.0.3")
        connected = self.connect("many")
        self.finish()
        self.assertEqual(len(self.network.attempts), 1)
        self.network.advance(0.1)
        self.assertEqual(self.network.attempts, [("127.0.0.2", PORT), ("127.0.0.3", PORT)])
        self.assertEqual(self.successResultOf(connected).transport.getPeer().host, "127.0.0.3")
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        self.network.advance(2)
        self.assertEqual(len(self.network.attempts), 2)

    def test_refused(self) -> None:
        """
        If all addresses refuse, that is the reason.
        """
        self.hosts["two"] = ["127.0.0.2", "127.0.0.3"]
        connected = self.connect("two")
        self.finish()
        self.assertNoResult(connected)
        self.network.advance(0.1)
        self.failureResultOf(connected, ConnectionRefusedError)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_silentNameServer(self) -> None:
        """
        The time that there is includes the look-up; what comes of that later is not used.
        """
        connected = self.connect("kv_0")
        self.network.advance(2)
        self.assertEqual(
            str(self.failureResultOf(connected, NoAddress).value),
            "the addresses of 'kv_0' cannot be found: no answer in 2 s",
        )
        self.finish()
        self.assertEqual(self.network.attempts, [])

    def test_silentHost(self) -> None:
        """
        What the look-up has taken is taken from the time for the connection.
        """
        self.network.block("here", "127.0.0.2")
        connected = self.connect("kv_0")
        self.network.advance(1.5)
        self.finish()
        self.network.advance(0.5)
        self.assertEqual(str(self.failureResultOf(connected, NoAnswer).value), "no answer in 2 s")

    def test_cancelled(self) -> None:
        """
        Whoever gives up has nothing left behind, at whatever point.
        """
        self.network.block("here", "127.0.0.2")
        self.connect("kv_0").addErrback(lambda failure: None).cancel()
        self.finish()
        self.assertEqual(self.network.attempts, [])
        connected = self.connect("kv_0")
        self.finish()
        connected.cancel()
        self.failureResultOf(connected)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_reactorsResolver(self) -> None:
        """
        A reactor without threads is asked for the addresses itself.
        """
        found = Names(Network().process("here")).addresses("example.test")
        self.assertEqual(len(self.successResultOf(found)), 1)
