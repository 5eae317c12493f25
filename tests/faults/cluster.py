"""
A cluster of real processes, whose servers reach each other through proxies.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from twisted.internet.defer import Deferred, gatherResults

from replkv.client.errors import Unavailable
from tests.faults.network import Network
from tests.faults.wallclock import WallClock
from tests.processes.cluster import HOST, TWISTD, Cluster, ServerProcess

_LOOK_SECONDS: Final = 0.5
"""
How long a server has to say whether it leads.
"""


class ProxiedCluster(Cluster):
    """
    Every server has a servers file of its own, in which the ports of the others are those of the proxies. Clients
    reach the servers directly.

    @ivar reactor: the reactor.
    @ivar folder: where everything is.
    @ivar network: the proxies.
    @ivar clocks: the wall clock of each server.
    """

    def __init__(self, reactor: Any, folder: Path, size: int, **settings: int) -> None:
        super().__init__(folder, size, **settings)
        self.reactor = reactor
        self.folder = folder
        self.network = Network(reactor, {server.id: server.logPort for server in self.servers.values()})
        self.clocks = {serverId: WallClock(folder / f"clock{serverId}") for serverId in self.servers}
        self.servers = {serverId: self._behindProxies(server) for serverId, server in self.servers.items()}

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """
        Where the servers take clients.
        """
        return [(HOST, server.clientPort) for server in self.servers.values()]

    async def leading(self) -> int | None:
        """
        Ask all servers whether they lead.

        @return: the one that leads in the latest term, if any says so.
        """
        answers = await gatherResults([Deferred.fromCoroutine(self._answer(serverId)) for serverId in self.servers])
        leaders = [(int(answer["term"]), int(answer["id"])) for answer in answers if answer.get("role") == "leader"]
        return max(leaders)[1] if leaders else None

    async def _answer(self, serverId: int) -> dict[str, str]:
        try:
            return await self._client.stats(HOST, self.servers[serverId].clientPort, timeout=_LOOK_SECONDS)
        except Unavailable:
            return {}

    def _behindProxies(self, server: ServerProcess) -> ServerProcess:
        file = json.loads(self.config.read_text())
        for row in file["Servers"]:
            if row["Id"] != server.id:
                row["LogPort"] = self.network.links[server.id, row["Id"]].port
        config = self.folder / f"servers{server.id}.json"
        config.write_text(json.dumps(file))
        proxied = ServerProcess(server.id, server.clientPort, server.logPort, config, server.data.parent)
        proxied.program = self.clocks[server.id].program(TWISTD)
        return proxied
