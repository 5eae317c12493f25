"""
A whole cluster on this machine, in the foreground.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorProcess, IReactorTime
from twisted.internet.task import LoopingCall

from replkv.cli.cluster.running import howToStop, runningServers
from replkv.cli.cluster.servers import Servers
from replkv.cli.cluster.story import Story
from replkv.cli.security import ownTls
from replkv.cli.statuses import DONE, NONE_LEFT
from replkv.client.address import Address
from replkv.client.client import Client
from replkv.client.errors import Closed, Unavailable
from replkv.config import Config, ConfigError, ServerConfig


class Cluster:
    """
    Runs the servers of a servers file, and tells what happens to them.
    """

    # Each server is asked this often how it is, over a connection that is kept.
    LOOK_INTERVAL: Final = 0.2
    # A server that does not answer for so many seconds is said not to.
    PATIENCE: Final = 1.0

    def __init__(self, reactor: IReactorProcess, config: Config, filename: str, say: Callable[[str], None]) -> None:
        """
        @param reactor: a reactor with processes, time and TCP.
        @param filename: the name of the servers file.
        @param say: is given each line for whoever watches.
        """
        clock = IReactorTime(reactor)
        self._config = config
        self._story = Story(config, filename, say)
        self._servers = Servers(reactor, config, filename, self._story)
        servers = [(server.hostname, server.clientPort) for server in config.servers]
        self._client = Client(clock, servers, tls=ownTls(config))
        self._looks: list[LoopingCall] = []
        self._stopped = False
        for server in config.servers:
            look = LoopingCall(lambda server=server: Deferred.fromCoroutine(self._look(server)))
            look.clock = clock
            self._looks.append(look)

    async def run(self) -> int:
        """
        Run until L{stop} is called and all servers have stopped, or until none is left that could be started again.

        @return: the exit status.
        @raise ConfigError: if there is no place for the servers' logs, or one of the servers runs already.
        """
        self._makeFolders()
        await self._refuseRunning()
        if self._stopped:
            return DONE
        self._story.opening()
        self._servers.start()
        for look in self._looks:
            look.start(self.LOOK_INTERVAL)
        await self._servers.finished
        for look in self._looks:
            look.stop()
        self._client.close()
        self._story.stopped()
        return DONE if self._stopped else NONE_LEFT

    def stop(self) -> None:
        """
        Stop all servers, the leader last. To ask twice changes nothing.
        """
        if not self._stopped:
            self._stopped = True
            try:
                self._story.stopping()
            finally:
                # Whatever has become of those who watch.
                self._servers.stop(self._story.leader)

    def _makeFolders(self) -> None:
        for server in self._config.servers:
            path = os.path.join(self._config.path, str(server.id))
            try:
                os.makedirs(path, 0o700, exist_ok=True)
            except OSError as error:
                raise ConfigError(f"the data folder {path} cannot be made: {error.strerror}") from None

    async def _refuseRunning(self) -> None:
        """
        Refuse servers that run before they were started, such as those of a C{replkv cluster} that was killed: what
        they say would be taken for that of the new ones.
        """
        running = runningServers(self._config)
        if running:
            raise ConfigError(howToStop(running))
        servers = self._config.servers
        answers = await gatherResults([Deferred.fromCoroutine(self._ask(server)) for server in servers])
        for server, stats in zip(servers, answers, strict=True):
            if stats is not None:
                address = Address(server.hostname, server.clientPort)
                raise ConfigError(f"server {server.id} is running already, {address} answers: stop it first")

    async def _look(self, server: ServerConfig) -> None:
        stats = await self._ask(server)
        if self._stopped:
            return
        if stats is None:
            self._story.silent(server.id)
        else:
            self._story.answered(server.id, stats)

    async def _ask(self, server: ServerConfig) -> dict[str, str] | None:
        try:
            return await self._client.stats(server.hostname, server.clientPort, self.PATIENCE)
        except (Closed, Unavailable):
            return None
