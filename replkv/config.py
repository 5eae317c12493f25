"""
The servers file: which servers make up the cluster, and the settings that they share.

Whatever is wrong in the file is refused with one line that names the file, the place in it and the mistake.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, cast

import replkv
from replkv.document import Document, JSONObject, shown
from replkv.durations import secondsOf
from replkv.hosts import hostMistake, isUnspecified
from replkv.tlsfiles import ClientTlsFiles, TlsFiles

FILE_VARIABLE: Final = "REPLKV_CONFIG"
SYSTEM_FILE: Final = "/etc/replkv/servers.json"
DEFAULT_FILE: Final = "etc/servers.json"

BUILT_IN_FILE: Final = os.path.join(os.path.dirname(replkv.__file__), "servers.json")
"""
The servers file that comes with replkv: a cluster on localhost. It counts as the current folder's L{DEFAULT_FILE}, so
that the data is kept there, and not where replkv is installed.
"""

FILE_PLACES: Final = f"what {FILE_VARIABLE} names, or {SYSTEM_FILE} if there is one, or {DEFAULT_FILE}"
"""
Where a servers file is looked for, in words.
"""

_MAX_FILE_BYTES: Final = 1 << 20
_MAX_ID: Final = (1 << 31) - 1
_MAX_PORT: Final = 65535
_MAX_HOSTNAME: Final = 253
_MAX_NAME: Final = 100
_MAX_MS: Final = 600_000
_MAX_WAIT_MS: Final = 7 * 86_400_000
_MAX_RESERVE: Final = 1 << 50
_MAX_KEEP: Final = 10_000


class ConfigError(Exception):
    """
    The servers file, or what was asked of it, is wrong; the text is one line for the person who wrote it.
    """


class NoServersFile(ConfigError):
    """
    No servers file is named, and none is there.
    """


@dataclass(frozen=True)
class ServerConfig:
    """
    One server of the cluster.

    @ivar id: its number, which also names its data folder.
    @ivar hostname: the name by which clients and the other servers reach it.
    @ivar clientPort: the port for clients.
    @ivar logPort: the port for the other servers.
    @ivar listen: the address that it listens on, where that is not C{hostname}.
    @ivar memcachedPort: the port for clients of memcached's; C{None} if there is none.
    """

    id: int
    hostname: str
    clientPort: int
    logPort: int
    listen: str | None = None
    memcachedPort: int | None = None

    @property
    def ports(self) -> list[tuple[str, int]]:
        """
        The ports that it listens on, and what the file calls them.
        """
        ports = [("ClientPort", self.clientPort), ("LogPort", self.logPort), ("MemcachedPort", self.memcachedPort)]
        return [(key, port) for key, port in ports if port is not None]


@dataclass(frozen=True)
class BackupPlan:
    """
    How each server makes backups by itself.

    @ivar every: the seconds from one to the next.
    @ivar keep: how many of its own a server leaves.
    @ivar to: the folder for them, absolute. In the file, a relative one starts at the file's folder.
    """

    every: int
    keep: int
    to: str


@dataclass(frozen=True)
class Config:
    """
    A servers file that was found right.

    @ivar path: the folder for the servers' data, absolute. In the file, a relative one starts at the file's folder.
    @ivar cluster: the name of the cluster.
    @ivar servers: the servers, in the order of the file.
    @ivar heartbeat: the seconds between two heartbeats of a leader.
    @ivar electionTimeout: the least seconds without a leader after which a server stands for election; the actual
        time is drawn between this and its double.
    @ivar leaderWait: for how many seconds a command waits for a leader to be known.
    @ivar requestTimeout: after how many seconds a command that has no result is answered with an error.
    @ivar maxValueBytes: the largest value that a client may store.
    @ivar maxConnections: the most clients that a server serves at once.
    @ivar maxConnectionsPerAddress: the most of them from one address; C{None} leaves that to the servers.
    @ivar unreadTimeout: for how many seconds a client may leave its replies unread.
    @ivar idleTimeout: for how many seconds it may send nothing; C{None} is for ever.
    @ivar reserveBytes: how many bytes should be free on a server's disk: with less, it takes no writes. C{None} leaves
        that to the servers.
    @ivar backup: how servers make backups by themselves; C{None} if they do not.
    @ivar replaceAfter: after how many seconds a spare takes the place of a server that is gone; C{None} is never.
    @ivar tls: the certificates by which the servers know each other; C{None} if they do without.
    @ivar clientTls: the certificates by which clients know them; C{None} if they speak without TLS to clients.
    @ivar isInsecure: whether they may do without where others than this host can reach them.
    @ivar notice: a line for the operator, where the servers' data seems to lie in another folder than C{path}.
    """

    path: str
    cluster: str
    servers: tuple[ServerConfig, ...]
    heartbeat: float
    electionTimeout: float
    leaderWait: float
    requestTimeout: float
    maxValueBytes: int
    maxConnections: int
    maxConnectionsPerAddress: int | None = None
    unreadTimeout: float = 60.0
    idleTimeout: float | None = None
    reserveBytes: int | None = None
    backup: BackupPlan | None = None
    replaceAfter: float | None = None
    tls: TlsFiles | None = None
    clientTls: ClientTlsFiles | None = None
    isInsecure: bool = False
    notice: str = ""

    def server(self, serverId: int) -> ServerConfig:
        """
        The server with this id.

        @raise ConfigError: if there is none.
        """
        for server in self.servers:
            if server.id == serverId:
                return server
        raise ConfigError(f"unknown id {serverId}, the file has ids {', '.join(str(s.id) for s in self.servers)}")


def find(given: str | None, system: str = SYSTEM_FILE) -> str:
    """
    Which servers file to read: the one that is given, or the environment names, or is there for the whole system, or
    the default.

    @param given: the file that the command line names, if it names one.
    @param system: the file for the whole system.
    @raise NoServersFile: if none is named and there is none.
    @raise ConfigError: if what the environment names is not there, or if the command line names none.
    """
    if given == "":
        # Such is a variable of a script that was never set, and not the wish for a default.
        raise ConfigError("the name of the servers file is empty")
    if given is not None:
        return given
    named = os.environ.get(FILE_VARIABLE)
    if named:
        if not os.path.lexists(named):
            raise ConfigError(f"{named}: there is no such file, and {FILE_VARIABLE} names it")
        return named
    for filename in (system, DEFAULT_FILE):
        if os.path.lexists(filename):
            return filename
    raise NoServersFile(
        f"no servers file: --config and {FILE_VARIABLE} name none, and there is neither {system} "
        f"nor {DEFAULT_FILE} in the current folder"
    )


def load(filename: str) -> Config:
    """
    Read a servers file.

    @raise ConfigError: if it cannot be read or has a mistake.
    """
    return _Document(filename, _read(filename), ConfigError).config()


def _read(filename: str) -> str:
    try:
        with open(filename, "rb") as file:
            content = file.read(_MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{filename}: cannot be read: {reason}") from None
    if len(content) > _MAX_FILE_BYTES:
        raise ConfigError(f"{filename}: is larger than {_MAX_FILE_BYTES} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{filename}: is not UTF-8: the byte at offset {error.start}") from None


class _Document(Document):
    """
    The text of one servers file, and the reading of it. A place is a path such as C{Servers[2].}, with its dot.
    """

    _TOP_REQUIRED: Final = ("Path", "Servers")
    _TOP_OPTIONAL: Final = (
        "Cluster",
        "HeartbeatMs",
        "ElectionTimeoutMs",
        "LeaderWaitMs",
        "RequestTimeoutMs",
        "MaxValueBytes",
        "MaxConnections",
        "MaxConnectionsPerAddress",
        "UnreadTimeoutMs",
        "IdleTimeoutMs",
        "ReserveBytes",
        "Autopilot",
        "Backup",
        "Tls",
        "ClientTls",
        "Insecure",
    )
    _SERVER_REQUIRED: Final = ("Id", "Hostname", "ClientPort", "LogPort")
    _SERVER_OPTIONAL: Final = ("Listen", "MemcachedPort")

    def config(self) -> Config:
        """
        What the document says.

        @raise ConfigError: at the first mistake.
        """
        top = self._object(self._top, "", self._TOP_REQUIRED, self._TOP_OPTIONAL)
        given = self._text(top, "", "Path", 4096)
        path = self._path(given, "Path")
        if not isinstance(top["Servers"], list):
            self._wrongType("Servers", "a list", top["Servers"])
        if not top["Servers"]:
            self._fail("Servers", "is empty, a cluster has at least one server")
        servers = tuple(self._server(value, f"Servers[{number}]") for number, value in enumerate(top["Servers"]))
        self._checkUnique(servers)
        heartbeat = self._integer(top, "", "HeartbeatMs", 1, _MAX_MS, 50)
        election = self._integer(top, "", "ElectionTimeoutMs", 2, _MAX_MS, 250)
        if election < 2 * heartbeat:
            self._fail("ElectionTimeoutMs", f"must be at least twice HeartbeatMs, {2 * heartbeat}, not {election}")
        return Config(
            path=path,
            cluster=self._text(top, "", "Cluster", _MAX_NAME, "replkv"),
            servers=servers,
            heartbeat=heartbeat / 1000,
            electionTimeout=election / 1000,
            leaderWait=self._integer(top, "", "LeaderWaitMs", 0, _MAX_MS, 2000) / 1000,
            requestTimeout=self._integer(top, "", "RequestTimeoutMs", 1, _MAX_MS, 5000) / 1000,
            maxValueBytes=self._integer(top, "", "MaxValueBytes", 1, 8 << 20, 1 << 20),
            maxConnections=self._integer(top, "", "MaxConnections", 1, 1_000_000, 10_000),
            maxConnectionsPerAddress=self._optional(top, "MaxConnectionsPerAddress", 1, 1_000_000),
            unreadTimeout=self._integer(top, "", "UnreadTimeoutMs", 1000, _MAX_WAIT_MS, 60_000) / 1000,
            idleTimeout=self._integer(top, "", "IdleTimeoutMs", 0, _MAX_WAIT_MS, 0) / 1000 or None,
            reserveBytes=self._optional(top, "ReserveBytes", 0, _MAX_RESERVE),
            backup=self._backup(top["Backup"]) if "Backup" in top else None,
            replaceAfter=self._autopilot(top["Autopilot"]) if "Autopilot" in top else None,
            tls=self._tls(top["Tls"], "Tls", ()) if "Tls" in top else None,
            clientTls=self._clientTls(top["ClientTls"]) if "ClientTls" in top else None,
            isInsecure=self._boolean(top, "", "Insecure"),
            notice=self._notice(given, path, servers),
        )

    def _optional(self, top: JSONObject, key: str, low: int, high: int) -> int | None:
        return self._integer(top, "", key, low, high) if key in top else None

    def _backup(self, value: object) -> BackupPlan:
        plan = self._object(value, "Backup", ("Every", "Keep", "To"), ())
        every = secondsOf(given := self._text(plan, "Backup.", "Every", _MAX_NAME))
        if every is None:
            self._fail("Backup.Every", f'must be from "1s" to "99999d", such as "15m" or "1h", not {shown(given)}')
        keep = self._integer(plan, "Backup.", "Keep", 1, _MAX_KEEP)
        return BackupPlan(every, keep, self._path(self._text(plan, "Backup.", "To", 4096), "Backup.To"))

    def _autopilot(self, value: object) -> float:
        autopilot = self._object(value, "Autopilot", ("ReplaceAfter",), ())
        after = secondsOf(given := self._text(autopilot, "Autopilot.", "ReplaceAfter", _MAX_NAME))
        if after is None:
            self._fail("Autopilot.ReplaceAfter", f'must be from "1s" to "99999d", such as "10m", not {shown(given)}')
        return after

    def _tls(self, value: object, place: str, optional: Collection[str]) -> TlsFiles:
        keys = ("Certificate", "Key", "Authority")
        files = self._object(value, place, keys, optional)
        return TlsFiles(*(self._path(self._text(files, f"{place}.", key, 4096), f"{place}.{key}") for key in keys))

    def _clientTls(self, value: object) -> ClientTlsFiles:
        files = self._tls(value, "ClientTls", ("VerifyClients", "Required"))
        given = cast(JSONObject, value)
        verifies = self._boolean(given, "ClientTls.", "VerifyClients")
        isRequired = self._boolean(given, "ClientTls.", "Required", True)
        if verifies and not isRequired:
            mistake = "is of no use where Required is false: whoever has no certificate would do without TLS"
            self._fail("ClientTls.VerifyClients", mistake)
        return ClientTlsFiles(files, verifies, isRequired)

    def _path(self, given: str, key: str) -> str:
        place = DEFAULT_FILE if self._filename == BUILT_IN_FILE else self._filename
        try:
            return os.path.abspath(os.path.join(os.path.dirname(place), given))
        except FileNotFoundError:
            self._fail(key, "starts at the current folder, which is gone")

    def _notice(self, given: str, path: str, servers: tuple[ServerConfig, ...]) -> str:
        """
        A relative C{Path} once started at the current folder. Whoever starts the servers as before would find them
        empty, and is told where their data is.
        """
        if self._filename == BUILT_IN_FILE:
            return ""
        try:
            former = os.path.abspath(given)
        except FileNotFoundError:
            # The current folder is gone.
            return ""
        for server in servers:
            before, now = (os.path.join(folder, str(server.id), "stamp.json") for folder in (former, path))
            if os.path.exists(before) and not os.path.exists(now):
                folder = os.path.relpath(former, os.path.dirname(os.path.abspath(self._filename)))
                return (
                    f"{self._filename}: Path: {json.dumps(given)} starts at the folder of this file, and is {path}; "
                    f"{former} has data too: if it is this cluster's, move it there or write {json.dumps(folder)}"
                )
        return ""

    def _server(self, value: object, place: str) -> ServerConfig:
        server = self._object(value, place, self._SERVER_REQUIRED, self._SERVER_OPTIONAL)
        inside = place + "."
        return ServerConfig(
            id=self._integer(server, inside, "Id", 0, _MAX_ID),
            hostname=self._reachable(server, inside, "Hostname"),
            clientPort=self._integer(server, inside, "ClientPort", 1, _MAX_PORT),
            logPort=self._integer(server, inside, "LogPort", 1, _MAX_PORT),
            listen=self._hostname(server, inside, "Listen") if "Listen" in server else None,
            memcachedPort=(
                self._integer(server, inside, "MemcachedPort", 1, _MAX_PORT) if "MemcachedPort" in server else None
            ),
        )

    def _checkUnique(self, servers: tuple[ServerConfig, ...]) -> None:
        ids: dict[int, str] = {}
        ports: dict[tuple[str, int], str] = {}
        for number, server in enumerate(servers):
            place = f"Servers[{number}].Id"
            if server.id in ids:
                self._fail(place, f"{server.id} is already used by {ids[server.id]}")
            ids[server.id] = place
            for key, port in server.ports:
                place = f"Servers[{number}].{key}"
                # Two servers on different machines may use the same port.
                address = (server.hostname.lower(), port)
                if address in ports:
                    self._fail(place, f"{port} is already used by {ports[address]}")
                ports[address] = place

    def _hostname(self, given: JSONObject, inside: str, key: str) -> str:
        value = self._text(given, inside, key, _MAX_HOSTNAME)
        mistake = hostMistake(value)
        if mistake is not None:
            self._fail(inside + key, f"{json.dumps(value)} {mistake}")
        return value

    def _reachable(self, given: JSONObject, inside: str, key: str) -> str:
        value = self._hostname(given, inside, key)
        if isUnspecified(value):
            hint = f'name the server\'s own address, and add "Listen": "{value}" to listen on all'
            self._fail(inside + key, f"nobody can be sent to {value}: {hint}")
        return value
