"""
What is told of a cluster while it runs: which line for which change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from replkv import __version__
from replkv.config import BUILT_IN_FILE, Config, ServerConfig
from replkv.exits import CONFIGURATION, DISK, NOT_YET

REFUSALS = {CONFIGURATION: "was refused", DISK: "stopped itself over its disk"}
"""
The exit statuses after which a server is not started again, and what they mean.
"""


@dataclass
class _Server:
    """
    What is known of one server.

    @ivar pid: its process, while it has one.
    @ivar leads: the term in which it says that it leads; 0 if it does not.
    @ivar told: how it was last said to be: C{"up"}, C{"silent"}, C{"ended"}, or nothing yet.
    @ivar obstacle: what keeps it from starting, as it was last said.
    """

    config: ServerConfig
    pid: int | None = None
    leads: int = 0
    told: str = ""
    obstacle: str = ""


class Story:
    """
    Turns what is seen of the servers into lines for whoever watches.
    """

    def __init__(self, config: Config, filename: str, say: Callable[[str], None]) -> None:
        """
        @param filename: the name of the servers file.
        @param say: is given each line.
        """
        self._config = config
        self._filename = filename
        self._say = say
        self._servers = {server.id: _Server(server) for server in config.servers}
        self._leader: tuple[int, int] | None = None

    @property
    def leader(self) -> int | None:
        """
        The id of the server that leads, as far as was told; C{None} if none does.
        """
        return None if self._leader is None else self._leader[1]

    def opening(self) -> None:
        """
        The cluster is about to be started.
        """
        count = len(self._servers)
        servers = "1 server" if count == 1 else f"{count} servers"
        builtIn = self._filename == BUILT_IN_FILE
        where = "on localhost, as no servers file was found" if builtIn else f"from {self._filename}"
        self._say(f"replkv {__version__}: {servers} {where}, data and logs in {self._config.path}")
        self._say("Ctrl-C stops all")

    def started(self, serverId: int, pid: int) -> None:
        """
        A server has a process; it need not answer yet.
        """
        self._servers[serverId].pid = pid

    def ended(self, serverId: int, how: str, status: int | None, lastLine: str) -> None:
        """
        A server's process has ended without being told to.

        @param how: how it ended, for a person.
        @param status: its exit status; C{None} if a signal ended it.
        @param lastLine: the last that it wrote to its standard error.
        """
        server = self._servers[serverId]
        reason = f": {lastLine.removeprefix('replkv: ')}" if lastLine else ""
        if status in REFUSALS:
            hint = f"; see {self._config.path}/{serverId}/server.log" if status == DISK else ""
            self._say(f"server {serverId} {REFUSALS[status]} and is not started again{reason}{hint}")
        elif status == NOT_YET:
            if reason != server.obstacle:
                self._say(f"server {serverId} cannot start yet, and is started again until it can{reason}")
            server.obstacle = reason
        else:
            process = "" if server.pid is None else f" (pid {server.pid})"
            self._say(f"server {serverId}{process} {how}, starting it again{reason}")
        server.pid = None
        server.told = "ended"
        self._leads(server, 0)

    def answered(self, serverId: int, stats: Mapping[str, str]) -> None:
        """
        A server has told its statistics.
        """
        server = self._servers[serverId]
        if server.pid is None:
            # Not the process that was started, but another one on its port: ours is about to be refused.
            return
        if server.told == "silent":
            self._say(f"server {serverId} (pid {server.pid}) answers again")
        elif server.told != "up":
            self._say(f"server {serverId} is up{' again' if server.told else ''} (pid {server.pid})")
        server.told = "up"
        server.obstacle = ""
        term = stats.get("term", "")
        self._leads(server, int(term) if stats.get("role") == "leader" and term.isdecimal() else 0)

    def silent(self, serverId: int) -> None:
        """
        A server has not answered.
        """
        server = self._servers[serverId]
        if server.told != "up":
            return
        self._say(f"server {serverId} (pid {server.pid}) does not answer")
        server.told = "silent"
        self._leads(server, 0)

    def stopping(self) -> None:
        """
        All servers are being told to stop.
        """
        running = sum(server.pid is not None for server in self._servers.values())
        self._say(f"stopping {running} server{'' if running == 1 else 's'}")

    def stopped(self) -> None:
        """
        No server runs any more.
        """
        self._say("no server runs any more")

    def _leads(self, server: _Server, term: int) -> None:
        server.leads = term
        # A leader that was cut off may still take itself for one: the highest term is right.
        latest = max(self._servers.values(), key=lambda server: server.leads)
        leader = (latest.leads, latest.config.id) if latest.leads else None
        if leader == self._leader:
            return
        self._leader = leader
        if leader is None:
            self._say("no server leads: an election is on")
        else:
            self._say(f"server {latest.config.id} leads (term {latest.leads}): {self._way(latest.config)}")

    def _way(self, server: ServerConfig) -> str:
        """
        How to talk to a server that leads.
        """
        tls = self._config.clientTls
        if tls is not None and tls.isRequired:
            return "replkv client"
        memcached = "" if server.memcachedPort is None else f", memcached {server.hostname}:{server.memcachedPort}"
        return f"telnet {server.hostname} {server.clientPort}{memcached}"
