"""
Tests for the addresses on which a server listens.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

import replkv.service.ports
from replkv.service.ports import PortError, PortInUse, PortNotYet, bind


class BindTests(SynchronousTestCase):
    """
    Tests for L{bind}.
    """

    def bind(self, hostname: str, port: int = 0) -> list[socket.socket]:
        """
        Listen; what is opened is closed after the test.
        """
        sockets = bind(hostname, port, "ClientPort")
        for listening in sockets:
            self.addCleanup(listening.close)
        return sockets

    def resolve(self, *addresses: str) -> None:
        """
        Have every name resolved to these addresses.
        """

        def getaddrinfo(host: str, port: int, **kwargs: Any) -> list[tuple[Any, ...]]:
            return [
                (
                    socket.AF_INET6 if ":" in address else socket.AF_INET,
                    socket.SOCK_STREAM,
                    socket.IPPROTO_TCP,
                    "",
                    (address, port, 0, 0) if ":" in address else (address, port),
                )
                for address in addresses
            ]

        self.patch(socket, "getaddrinfo", getaddrinfo)

    def refused(self, hostname: str, port: int = 0, kind: type[PortError] = PortNotYet) -> str:
        """
        Listen in vain.

        @param kind: whether that may pass by itself.
        @return: the one line that says why.
        """
        error = self.assertRaises(PortError, bind, hostname, port, "ClientPort")
        self.assertIs(type(error), kind)
        line = str(error)
        self.assertNotIn("\n", line)
        return line

    def test_localhost(self) -> None:
        """
        On localhost, a server listens on the loopback addresses and nowhere else, and is listening at once.
        """
        sockets = self.bind("localhost")
        self.assertTrue(sockets)
        for listening in sockets:
            self.assertIn(listening.getsockname()[0], ("127.0.0.1", "::1"))
            with socket.socket(listening.family, socket.SOCK_STREAM) as client:
                client.connect(listening.getsockname())

    def test_allAddresses(self) -> None:
        """
        On a name with several addresses, it listens on each, and once on one that is named twice.
        """
        self.resolve("127.0.0.1", "127.0.0.2", "127.0.0.1")
        self.assertEqual([listening.getsockname()[0] for listening in self.bind("many")], ["127.0.0.1", "127.0.0.2"])

    def test_missingFamily(self) -> None:
        """
        An address that this host does not have is passed over where there is another.
        """
        self.resolve("192.0.2.1", "127.0.0.1")
        self.assertEqual([listening.getsockname()[0] for listening in self.bind("some")], ["127.0.0.1"])

    def test_otherHost(self) -> None:
        """
        A name of another host is refused.
        """
        self.resolve("192.0.2.1")
        self.assertEqual(
            self.refused("db1"),
            "ClientPort: none of the addresses of 'db1' is one of this host: Cannot assign requested address",
        )

    def test_inUse(self) -> None:
        """
        A port in use is refused, and what was opened before is closed again.
        """
        self.resolve("127.0.0.2", "127.0.0.1")
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            self.assertEqual(
                self.refused("localhost", port, PortInUse),
                f"ClientPort: port {port} of 127.0.0.1 cannot be listened on: it is in use; is another server running?",
            )
        self.resolve("127.0.0.2", "127.0.0.1")
        self.assertEqual(len(self.bind("localhost", port)), 2)

    def test_forbidden(self) -> None:
        """
        A port that the system keeps for others is refused.
        """

        def forbid(listening: socket.socket, *args: object) -> None:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        self.patch(replkv.service.ports, "_listen", forbid)
        self.resolve("127.0.0.1")
        self.assertEqual(
            self.refused("localhost", 80, PortError),
            "ClientPort: port 80 of 127.0.0.1 cannot be listened on: Permission denied",
        )

    def test_unknownName(self) -> None:
        """
        A name that has no address is refused.
        """

        def getaddrinfo(*args: object, **kwargs: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        self.patch(socket, "getaddrinfo", getaddrinfo)
        self.assertEqual(
            self.refused("nowhere"),
            "ClientPort: the addresses of 'nowhere' cannot be found: Name or service not known",
        )
