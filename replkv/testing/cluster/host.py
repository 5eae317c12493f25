"""
A simulated machine, as a server sees it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from functools import partial
from random import Random

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import ServerFactory

from replkv.config import ServerConfig
from replkv.kv.engine import Engine
from replkv.peers.security import UNPROTECTED, PeerSecurity
from replkv.service.host import Worker
from replkv.testing.cluster.clocks import MachineClocks
from replkv.testing.cluster.forwarding import FORWARDING_STEP, forwardingDoor
from replkv.testing.cluster.process import Process


class SimulatedHost:
    """
    A L{Host<replkv.service.host.Host>} of one process.
    """

    def __init__(
        self,
        process: Process,
        config: ServerConfig,
        random: Random,
        clocks: MachineClocks,
        worker: Callable[[str], Worker],
        openStore: Callable[[str], Engine],
        complain: Callable[[str], None],
    ) -> None:
        self.reactor = process
        self.random = random
        self.peerSecurity: PeerSecurity = UNPROTECTED
        self.certificateEnd = None
        self.wallClock = clocks.wallClock
        self.bootId = clocks.bootId
        self.bootTime = clocks.bootTime
        self.worker = worker
        self.afterEvents = partial(process.callLater, 0)
        self.complain = complain
        self._config = config
        self._openStore = openStore

    def openStore(self, path: str, openFiles: int) -> Engine:
        """
        See L{Host.openStore<replkv.service.host.Host.openStore>}.
        """
        return self._openStore(path)

    def readStore(self, path: str) -> AbstractContextManager[Engine]:
        """
        See L{Host.readStore<replkv.service.host.Host.readStore>}.
        """
        return closing(self._openStore(path))

    def listenForClients(self, factory: ServerFactory) -> list[Deferred[IListeningPort]]:
        """
        See L{Host.listenForClients<replkv.service.host.Host.listenForClients>}. At a second port, clients have what
        they ask passed on.
        """
        port = self._config.clientPort
        forwarding = self.reactor.listenTCP(port + FORWARDING_STEP, forwardingDoor(factory))
        return [succeed(self.reactor.listenTCP(port, factory)), succeed(forwarding)]

    def listenForMemcached(self, factory: ServerFactory) -> list[Deferred[IListeningPort]]:
        """
        See L{Host.listenForMemcached<replkv.service.host.Host.listenForMemcached>}.
        """
        port = self._config.memcachedPort
        return [] if port is None else [succeed(self.reactor.listenTCP(port, factory))]

    def listenForServers(self, factory: ServerFactory) -> list[Deferred[IListeningPort]]:
        """
        See L{Host.listenForServers<replkv.service.host.Host.listenForServers>}.
        """
        return [succeed(self.reactor.listenTCP(self._config.logPort, factory))]
