"""
Tests for what a server's open files are for.
"""

from __future__ import annotations

import resource
from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from replkv.config import Config, ServerConfig
from replkv.frontends.admission import MAX_EXTRA
from replkv.frontends.clients import MAX_REFUSALS
from replkv.peers.listener import MAX_STRANGERS
from replkv.service.descriptors import OWN, Descriptors, TooFewDescriptors, allot, allow, wanted
from replkv.tls.accepting import MAX_CONNECTED
from replkv.tlsfiles import ClientTlsFiles, TlsFiles


def configured(servers: int = 3, maxConnections: int = 10_000) -> Config:
    """
    The settings of a cluster.
    """
    listed = tuple(ServerConfig(number, f"host{number}", 9000, 10000) for number in range(servers))
    return Config("var", "replkv", listed, 0.05, 0.25, 2.0, 5.0, 1 << 20, maxConnections)


class AllotTests(SynchronousTestCase):
    """
    Tests for L{allot}.
    """

    def test_plenty(self) -> None:
        """
        Where there are as many as are wanted, the settings hold.
        """
        config = configured()
        self.assertEqual(allot(wanted(config), config), Descriptors(10_000, 256))
        self.assertEqual(allot(1 << 20, config), Descriptors(10_000, 256))

    def test_few(self) -> None:
        """
        Where there are fewer, it is the clients that get fewer, and at last the store too.
        """
        config = configured()
        self.assertEqual(allot(1024, config), Descriptors(664, 256))
        self.assertEqual(allot(512, config), Descriptors(272, 136))
        self.assertEqual(allot(136, config), Descriptors(8, 24))

    def test_reserve(self) -> None:
        """
        However many there are, what is not the clients' and not the store's is enough for all else.
        """
        for servers in (1, 3, 7):
            config = configured(servers)
            for allowed in range(152, 2000):
                clients, store = allot(allowed, config)
                rest = allowed - clients - store
                self.assertGreaterEqual(rest, OWN + 2 * (servers - 1) + 2 * MAX_STRANGERS + MAX_EXTRA + MAX_REFUSALS)
                self.assertGreaterEqual(store, 24)
                self.assertGreaterEqual(clients, 8)

    def test_handshakes(self) -> None:
        """
        Strangers who shake hands, at each port that has TLS, take nothing of that.
        """
        config, files = configured(), TlsFiles("certificate", "key", "authority")
        clients = replace(config, clientTls=ClientTlsFiles(files, verifiesClients=False))
        both = replace(clients, tls=files)
        self.assertEqual(allot(136 + MAX_CONNECTED, clients), allot(136, config))
        self.assertEqual(allot(136 + 2 * MAX_CONNECTED, both), allot(136, config))
        servers = (replace(config.servers[0], memcachedPort=11211), *config.servers[1:])
        self.assertEqual(allot(136 + 3 * MAX_CONNECTED, replace(both, servers=servers)), allot(136, config))

    def test_tooFew(self) -> None:
        """
        Below that no server is started, and one line says how many it takes.
        """
        with self.assertRaisesRegex(TooFewDescriptors, "allows 135 open files, .* needs at least 136: raise the limit"):
            allot(135, configured())

    def test_fewClients(self) -> None:
        """
        A server for one client takes no more than that one.
        """
        config = configured(1, 1)
        self.assertEqual(allot(wanted(config), config), Descriptors(1, 256))
        self.assertEqual(allot(121, config), Descriptors(1, 24))
        self.assertRaises(TooFewDescriptors, allot, 120, config)


class AllowTests(SynchronousTestCase):
    """
    Tests for L{allow}.
    """

    def setUp(self) -> None:
        """
        The system has a limit.
        """
        self.limits = (64, 4096)

        def change(which: int, limits: tuple[int, int]) -> None:
            self.limits = limits

        self.patch(resource, "getrlimit", lambda which: self.limits)
        self.patch(resource, "setrlimit", change)

    def test_raised(self) -> None:
        """
        The limit is raised to what is wanted.
        """
        self.assertEqual((allow(100), self.limits), (100, (100, 4096)))

    def test_hardLimit(self) -> None:
        """
        As far as that goes.
        """
        self.assertEqual((allow(5000), self.limits), (4096, (4096, 4096)))

    def test_enough(self) -> None:
        """
        Where it is enough, it is left alone; so is one that is none.
        """
        self.assertEqual((allow(64), self.limits), (64, (64, 4096)))
        self.limits = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        self.assertEqual(allow(1 << 40), 1 << 40)

    def test_noHardLimit(self) -> None:
        """
        Where only the soft limit is one, all that is wanted is allowed.
        """
        self.limits = (64, resource.RLIM_INFINITY)
        self.assertEqual((allow(5000), self.limits), (5000, (5000, resource.RLIM_INFINITY)))
