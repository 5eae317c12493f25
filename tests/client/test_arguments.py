"""
Tests for L{replkv.client.arguments}, as they come out of the client.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from replkv.client.client import Client
from replkv.client.errors import ClientError, CommandError
from tests.client.connected import searched
from tests.client.network import Network
from tests.network import FarEnd


class ArgumentTests(SynchronousTestCase):
    """
    What a program gives to a call.
    """

    def setUp(self) -> None:
        """
        Make a client.
        """
        self.network = Network()
        self.client: Any = Client(self.network.reactor, [("db", 1)])

    def led(self) -> FarEnd:
        """
        Be found as the leader, and accept the connection that the client then makes.
        """
        self.network.accept(1).send(searched("leader"))
        return self.network.accept(1)

    def refused(self, method: str, *args: object, **kw: object) -> Exception:
        """
        Make a call that must be refused before anything happens.

        @return: the error.
        """
        result = getattr(self.client, method)(*args, **kw)
        error: Exception = self.failureResultOf(result, TypeError, ValueError).value
        self.assertEqual(self.network.asked(), [])
        return error

    def test_notWhole(self) -> None:
        """
        A number that is not whole is a C{TypeError}, in every argument; it is not rounded, and C{True} is not 1.
        """
        for number in (0.5, 1.0, float("nan"), float("inf"), "1", b"1", None, True, False, [1], 1j):
            for error in (
                self.refused("set", b"k", b"v", exptime=number),
                self.refused("cas", b"k", 1, b"v", exptime=number),
                self.refused("cas", b"k", number, b"v"),
                self.refused("stats", "db", number),
            ):
                self.assertIsInstance(error, TypeError)
                self.assertIn("whole", str(error))

    def test_outOfRange(self) -> None:
        """
        A number that is negative or has more than 64 bits is an error of the command's, and a C{ValueError} too.
        """
        for number in (-1, 1 << 64):
            for error in (
                self.refused("set", b"k", b"v", number),
                self.refused("cas", b"k", 1, b"v", number),
                self.refused("cas", b"k", number, b"v"),
            ):
                self.assertIsInstance(error, CommandError)
                self.assertIsInstance(error, ValueError)

    def test_largest(self) -> None:
        """
        The largest number of 64 bits is taken; so is whatever is whole without being an C{int}.
        """

        class Whole:
            def __index__(self) -> int:
                return 7

        self.client.set(b"k", b"v", (1 << 64) - 1)
        self.client.cas(b"k", Whole(), b"v")
        wire = self.led()
        self.assertEqual(wire.taken(), b"set k 18446744073709551615 1\r\nv\r\ncas k 0 7 1\r\nv\r\n")

    def test_text(self) -> None:
        """
        Text is no value: which bytes is for the program to say, and the error tells how.
        """
        for error in (
            self.refused("set", b"k", "v"),
            self.refused("add", b"k", "v"),
            self.refused("put", b"k", "v"),
            self.refused("cas", b"k", 1, "v"),
        ):
            self.assertIsInstance(error, TypeError)
            self.assertIn("encode()", str(error))
        self.assertIsInstance(self.refused("set", b"k", None), TypeError)
        self.assertIsInstance(self.refused("set", b"k", 5), TypeError)

    def test_buffers(self) -> None:
        """
        A C{bytearray} or a C{memoryview} is taken as it is at the time of the call.
        """
        value = bytearray(b"now")
        self.client.set(bytearray(b"k"), value)
        value[:] = b"later"
        self.client.set(memoryview(b"k"), memoryview(b"abcdef")[::2])
        wire = self.led()
        self.assertEqual(wire.taken(), b"set k 0 3\r\nnow\r\nset k 0 3\r\nace\r\n")

    def test_timeouts(self) -> None:
        """
        A timeout is a number above 0.
        """
        for timeout in (0, -1, float("nan"), float("inf"), True, "1", b"1"):
            for method, *args in (("get", b"k"), ("set", b"k", b"v"), ("stats", "db", 1)):
                self.refused(method, *args, timeout=timeout)
            self.assertRaises((TypeError, ValueError), Client, self.network.reactor, ["db:1"], timeout)
        self.assertRaises(TypeError, Client, self.network.reactor, ["db:1"], None)

    def test_mistakesAreNoFailures(self) -> None:
        """
        A wrong type is none of the errors that a program has to reckon with.
        """
        self.assertNotIsInstance(self.refused("get", 7), ClientError)


class ServersTests(SynchronousTestCase):
    """
    Which servers a client is given.
    """

    def servers(self, *servers: Any) -> str:
        """
        The servers that a client of these shows to have.
        """
        text = repr(Client(Network().reactor, servers))
        return text.removeprefix("<Client of ").partition(": knows ")[0]

    def test_forms(self) -> None:
        """
        Servers are told as text or in pairs, with an IPv6 address in brackets in a text.
        """
        self.assertEqual(self.servers("db:1", ("db", 2), ["db", 3]), "db:1, db:2, db:3")
        self.assertEqual(self.servers("[::1]:9000", ("::1", 9001)), "[::1]:9000, [::1]:9001")

    def test_once(self) -> None:
        """
        A server that is told twice is one, so that the next one to ask is always another.
        """
        self.assertEqual(self.servers("db:1", ("db", 1), "db:2"), "db:1, db:2")

    def test_refused(self) -> None:
        """
        What is no server is refused in words that say what one is.
        """
        for server, error in [
            ("db", ValueError),
            ("db:", ValueError),
            (":1", ValueError),
            ("db:x", ValueError),
            ("db:0", ValueError),
            ("db:65536", ValueError),
            ("db:-1", ValueError),
            ("db:²", ValueError),
            ("::1:9000", ValueError),
            ("[]:9000", ValueError),
            ("a b:9000", ValueError),
            ("http://db:9000", ValueError),
            (("", 1), ValueError),
            (("db\n", 1), ValueError),
            (("db", 0), ValueError),
            (("db", -1), ValueError),
            (("db", 65536), ValueError),
            (("db", 1.5), TypeError),
            (("db", "1"), TypeError),
            (("db", True), TypeError),
            ((b"db", 1), TypeError),
            (("db",), TypeError),
            (("db", 1, 2), TypeError),
            (b"db:1", TypeError),
            (None, TypeError),
            (7, TypeError),
        ]:
            raised = self.assertRaises(error, self.servers, server)
            self.assertIn("server", str(raised).replace("IPv6 address is written in brackets", "server"))

    def test_none(self) -> None:
        """
        No servers, or something else in the place of several, such as one text, are told at once.
        """
        reactor: Any = Network().reactor
        empties: list[Any] = [[], (), iter([])]
        for empty in empties:
            self.assertIn("empty", str(self.assertRaises(ValueError, Client, reactor, empty)))
        others: list[Any] = ["db:1", b"db:1", None, 1]
        for other in others:
            self.assertIn("servers is a list", str(self.assertRaises(TypeError, Client, reactor, other)))
