"""
Who uses a simulated cluster.
"""

from __future__ import annotations

from replkv.testing.chance import chance
from replkv.testing.cluster.administrator import Administrator
from replkv.testing.cluster.client import WorkloadClient
from replkv.testing.cluster.cluster import SimulatedCluster
from replkv.testing.cluster.credentials import Credentials
from replkv.testing.cluster.library import LibraryClient
from replkv.testing.cluster.plan import Plan
from replkv.testing.history import History


class Clientele:
    """
    The clients of a plan; and where there are users, who says which.
    """

    def __init__(self, cluster: SimulatedCluster, plan: Plan, history: History) -> None:
        self._cluster = cluster
        self._plan = plan
        self._history = history
        self._connections = 0
        users = plan.users
        self._credentials = (
            []
            if users is None
            else [Credentials(users, chance(cluster.seed, "credentials", client.number)) for client in plan.clients]
        )
        self._clients = [self._client(place) for place in range(len(plan.clients))]
        self._administrator = self._appointed()

    def newConnection(self) -> int:
        """
        Count connections.

        @return: the number of the next one.
        """
        self._connections += 1
        return self._connections

    def start(self) -> None:
        """
        Begin.
        """
        for client in self._clients:
            client.start()
        if self._administrator is not None:
            self._administrator.start()

    def stop(self) -> None:
        """
        Ask for nothing more.
        """
        for client in self._clients:
            client.stop()
        if self._administrator is not None:
            self._administrator.stop()

    @property
    def waits(self) -> bool:
        """
        Whether somebody waits for an answer.
        """
        isWaiting = self._administrator is not None and self._administrator.waits
        return isWaiting or any(client.waits for client in self._clients)

    def close(self) -> None:
        """
        Close the connections. Last of all, users are deleted.
        """
        for client in self._clients:
            client.close()
        if self._administrator is not None:
            self._administrator.leave()

    @property
    def isOver(self) -> bool:
        """
        Whether everybody may do everything, after L{close}.
        """
        return self._administrator is None or self._administrator.hasLeft

    @property
    def isBarred(self) -> bool:
        """
        Whether no users can be deleted, since some server may not know that yet.
        """
        return self._administrator is not None and self._administrator.isBarred

    def _client(self, place: int) -> WorkloadClient | LibraryClient:
        cluster, plan = self._cluster, self._plan.clients[place]
        process = cluster.process(f"client{plan.number}")
        lives = {server.name: server for server in cluster.servers}
        random = chance(cluster.seed, "client", plan.number)
        if plan.library:
            timeout = random.choice([1.0, 3.0, 10.0])
            client = cluster.client(process, timeout)
            return LibraryClient(plan, process, client, timeout, self._history, random, cluster.fail, cluster.tell)
        return WorkloadClient(
            plan,
            process,
            cluster.addresses,
            self._history,
            random,
            self.newConnection,
            cluster.fail,
            cluster.tell,
            self._happened,
            # Whom a server without descriptors turns away, it does so without a word.
            lambda host: None if cluster.network.isStarved(host) else lives[host].life,
            cluster.limits.connection.pendingCommands,
            self._credentials[place] if self._credentials else None,
        )

    def _appointed(self) -> Administrator | None:
        cluster, plan = self._cluster, self._plan
        if plan.users is None or not plan.clients:
            return None
        return Administrator(
            plan.users,
            plan.clients[0].keys,
            cluster.process("administrator"),
            cluster.addresses,
            self._history,
            chance(cluster.seed, "administrator"),
            self._credentials,
            self.newConnection,
            cluster.fail,
            cluster.tell,
        )

    def _happened(self, name: str) -> None:
        self._cluster.rare[name] += 1
