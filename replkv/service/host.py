"""
What a server stands on: the machine, with its clocks, threads, disks and ports. All of it goes through L{Host}, so that
the very same server runs on a simulated one.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from socket import socket
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import ServerFactory
from twisted.internet.tcp import Server

from replkv import clocks
from replkv.kv.engine import Engine
from replkv.kv.rocks import RocksEngine, unchanged
from replkv.peers.security import UNPROTECTED, PeerSecurity
from replkv.reactors import IServerReactor, ISystemReactor
from replkv.service.accept import Transport
from replkv.service.certificates import Protection
from replkv.service.ports import endpoint
from replkv.service.thread import SystemThread
from replkv.service.turns import Turns
from replkv.storage.segment import NewFrame


class Worker(Protocol):
    """
    A thread.
    """

    def start(self) -> None:
        """
        Begin to work.
        """

    def run(self, function: Callable[[], None]) -> Deferred[None]:
        """
        Call C{function} in this thread, after all that it was given before.

        @return: fires in the reactor's thread, with what C{function} raised if it raised something.
        """

    def write(self, frame: NewFrame) -> Deferred[None]:
        """
        Write a frame of the log and bring it to the disk. This is called where nothing else is to be done in this
        thread, and L{run} may be called meanwhile. It need not be this thread that does it, but is none in which Python
        runs that waits for the disk.

        @return: fires in the reactor's thread, with C{OSError} where it cannot be written.
        """

    def stop(self) -> None:
        """
        Finish what is to be done, and end.
        """


class Host(Protocol):
    """
    A machine.

    @ivar random: makes servers differ from each other.
    @ivar peerSecurity: protects the connections between servers.
    """

    random: random.Random
    peerSecurity: PeerSecurity

    @property
    def reactor(self) -> IServerReactor:
        """
        The reactor. It connects by host names.
        """

    @property
    def certificateEnd(self) -> datetime | None:
        """
        When the first of its certificates ends; C{None} if it has none.
        """

    def wallClock(self) -> float:
        """
        Tell the seconds since the epoch.
        """

    def bootTime(self) -> float:
        """
        Tell the seconds since the machine was booted, those in which it was suspended included.
        """

    def bootId(self) -> str:
        """
        Tell from which boot those count; empty where that is not known.
        """

    def afterEvents(self, call: Callable[[], None]) -> object:
        """
        Call something once, when all is told that has happened in this turn of the reactor.
        """

    def worker(self, name: str) -> Worker:
        """
        Make a thread.
        """

    def openStore(self, path: str, openFiles: int) -> Engine:
        """
        Open the store, or make one.

        @param openFiles: how many of its tables may be open.
        @raise replkv.kv.engine.EngineError: if it cannot be opened.
        """

    def readStore(self, path: str) -> AbstractContextManager[Engine]:
        """
        Open a store to read it. Nothing in its folder is changed. This blocks, and may run in any thread.

        @raise replkv.kv.engine.EngineError: if it cannot be opened.
        """

    def listenForClients(self, factory: ServerFactory) -> list[Deferred[IListeningPort]]:
        """
        Let clients connect.
        """

    def listenForMemcached(self, factory: ServerFactory) -> list[Deferred[IListeningPort]]:
        """
        Let clients of memcached's connect, if there is a port for them.
        """

    def listenForServers(self, factory: ServerFactory) -> list[Deferred[IListeningPort]]:
        """
        Let the other servers connect.
        """

    def complain(self, line: str) -> None:
        """
        Show a line to whoever has started the server, wherever its log goes.
        """


class OSHost:
    """
    The machine that this process runs on.
    """

    def __init__(
        self,
        reactor: ISystemReactor,
        clientSockets: list[socket],
        logSockets: list[socket],
        memcachedSockets: list[socket],
        protection: Protection,
    ) -> None:
        """
        @param reactor: is made to count forward, whatever happens to the time of day, and to take short turns.
        @param clientSockets: where clients connect.
        @param logSockets: where the other servers connect.
        @param memcachedSockets: where clients of memcached's connect.
        """
        clocks.countForward(reactor)
        self.reactor = reactor
        self.random = random.Random()
        self.peerSecurity = protection.members or UNPROTECTED
        self._protection = protection
        self._turns = Turns(reactor)
        self.afterEvents = self._turns.afterEvents
        self._clientSockets = clientSockets
        self._logSockets = logSockets
        self._memcachedSockets = memcachedSockets

    @property
    def certificateEnd(self) -> datetime | None:
        """
        See L{Host.certificateEnd}.
        """
        return self._protection.end

    def wallClock(self) -> float:
        """
        See L{Host.wallClock}.
        """
        return time.time()

    def bootTime(self) -> float:
        """
        See L{Host.bootTime}.
        """
        return clocks.bootTime()

    def bootId(self) -> str:
        """
        See L{Host.bootId}.
        """
        return clocks.bootId()

    def worker(self, name: str) -> Worker:
        """
        See L{Host.worker}.
        """
        return SystemThread(self.reactor, name)

    def openStore(self, path: str, openFiles: int) -> Engine:
        """
        See L{Host.openStore}. RocksDB has threads of its own: the process must not fork any more.
        """
        return RocksEngine(path, openFiles)

    def readStore(self, path: str) -> AbstractContextManager[Engine]:
        """
        See L{Host.readStore}.
        """
        return unchanged(path)

    def listenForClients(self, factory: ServerFactory) -> list[Deferred[IListeningPort]]:
        """
        See L{Host.listenForClients}.
        """
        return self._listen(self._clientSockets, self._protected(factory), self._turns.clientTransport)

    def listenForMemcached(self, factory: ServerFactory) -> list[Deferred[IListeningPort]]:
        """
        See L{Host.listenForMemcached}.
        """
        return self._listen(self._memcachedSockets, self._protected(factory), self._turns.clientTransport)

    def listenForServers(self, factory: ServerFactory) -> list[Deferred[IListeningPort]]:
        """
        See L{Host.listenForServers}.
        """
        return self._listen(self._logSockets, self.peerSecurity.serve(factory))

    def complain(self, line: str) -> None:
        """
        See L{Host.complain}.
        """
        print(line, file=sys.__stderr__, flush=True)

    def _protected(self, factory: ServerFactory) -> ServerFactory:
        tls = self._protection.clients
        return factory if tls is None else tls.serve(factory)

    def _listen(
        self, sockets: list[socket], factory: ServerFactory, transport: Transport = Server
    ) -> list[Deferred[IListeningPort]]:
        return [endpoint(self.reactor, listening, transport).listen(factory) for listening in sockets]
