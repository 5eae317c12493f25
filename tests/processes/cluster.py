"""
A cluster of real C{twistd} processes on this host.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final, TypeVar, cast

import pytest_twisted  # type: ignore[import-untyped]
from twisted.internet.defer import Deferred, gatherResults, inlineCallbacks, maybeDeferred
from twisted.internet.task import deferLater

from replkv.client.client import Client
from replkv.client.errors import OutcomeUnknown, Unavailable
from replkv.tls.connecting import Tls

T = TypeVar("T")

HOST: Final = "127.0.0.1"

PATIENCE: Final = 60.0
"""
Seconds after which a test gives up. No test depends on how fast the machine is, so this is only for those that fail.
"""

_POLL_INTERVAL: Final = 0.02

_PORTS: Final = [(15_000 + 2_000 * worker, 17_000 + 2_000 * worker) for worker in range(8)]

_AT_ONCE: Final = 32

TWISTD: Final = "from twisted.scripts.twistd import run; run()"
"""
Runs C{twistd} with this very Python, wherever its script may be.
"""

LIMIT: Final = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({0}, {0})); "
"""
Limits the open files of what comes after it.
"""


def onReactor(test: Callable[..., Coroutine[Deferred[Any], Any, None]]) -> Callable[..., Any]:
    """
    Run a test that is a coroutine.
    """
    return cast(Callable[..., Any], pytest_twisted.ensureDeferred(test))


async def until(condition: Callable[[], Any], what: str) -> Any:
    """
    Wait until C{condition} is true; it may be a coroutine function.

    @param what: what is waited for, for whoever reads that it did not come.
    @return: what C{condition} returned.
    """
    from twisted.internet import reactor

    clock = cast(Any, reactor)
    deadline = clock.seconds() + PATIENCE
    while True:
        result = await maybeDeferred(condition)
        if result:
            return result
        if clock.seconds() > deadline:
            raise AssertionError(f"in {PATIENCE:g} s it did not happen: {what}")
        await deferLater(clock, _POLL_INTERVAL)


@inlineCallbacks
def surely(write: Callable[[], Deferred[T]]) -> Generator[Deferred[T], T, T]:
    """
    Have a client write, and write the same again where it is not known whether that was done: an election is no
    failure, and comes whenever the machine is busy enough.

    @param write: does it once.
    @return: what the write that was certainly done gave.
    """
    while True:
        with suppress(OutcomeUnknown):
            return (yield write())


def heedSignals() -> None:
    """
    Have this process, which was forked for a test, heed the signals of its terminal: the tests may run where they are
    ignored, as under nohup or in the background of a script.
    """
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


def freePorts(count: int) -> list[int]:
    """
    Find ports to listen on, below those that the system gives to outgoing connections: a server that is down for a
    while finds its port as free as it left it. Tests that run side by side each have a range of their own.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    ports: list[int] = []
    while len(ports) < count:
        port = random.randrange(*_PORTS[worker % len(_PORTS)])
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        if port not in ports:
            ports.append(port)
    return ports


class ServerProcess:
    """
    One server, and the processes that it is over time.

    @ivar openFiles: how many files the system allows it to have open; C{None} for as many as this process.
    @ivar logFile: where it logs.
    @ivar errorFile: what it writes to its standard error.
    @ivar program: what its Python runs.
    """

    def __init__(self, serverId: int, clientPort: int, logPort: int, config: Path, data: Path) -> None:
        self.id = serverId
        self.openFiles: int | None = None
        self.clientPort = clientPort
        self.logPort = logPort
        self.data = data / str(serverId)
        self.logFile = config.parent / f"server{serverId}.log"
        self.errorFile = config.parent / f"server{serverId}.err"
        self.program = TWISTD
        self._arguments = ["replkv", "--id", str(serverId), "--config", str(config), "--data-dir", str(data)]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """
        The process that was started last.
        """
        assert self._process is not None, f"server {self.id} was never started"
        return self._process

    @property
    def isRunning(self) -> bool:
        """
        Whether it has a process.
        """
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """
        Start a process.
        """
        assert not self.isRunning
        code = (LIMIT.format(self.openFiles) if self.openFiles else "") + self.program
        twistd = [sys.executable, "-c", code, "-n", "--pidfile=", "--logfile", str(self.logFile)]
        with self.errorFile.open("ab") as errors:
            self._process = spawn([*twistd, *self._arguments], self.logFile.parent, errors)

    def signal(self, number: signal.Signals) -> None:
        """
        Send the process a signal.
        """
        self.process.send_signal(number)

    def kill(self) -> None:
        """
        C{kill -9}.
        """
        if self.isRunning:
            self.process.kill()
        if self._process is not None:
            self._process.wait()

    async def listening(self) -> None:
        """
        Wait until clients can connect.
        """

        def taken() -> bool:
            self.checkAlive()
            with socket.socket() as probe:
                return probe.connect_ex((HOST, self.clientPort)) == 0

        await until(taken, f"server {self.id} takes clients")

    def checkAlive(self) -> None:
        """
        Fail if the process has ended by itself: it is of no use to wait for it.
        """
        status = self.process.poll()
        assert status in (None, -signal.SIGKILL, 0), f"server {self.id} has exit status {status}: {self.errors()}"

    async def ended(self) -> int:
        """
        Wait until the process has ended.

        @return: its exit status; negative is the signal that killed it.
        """
        await until(lambda: not self.isRunning, f"server {self.id} ends")
        return cast(int, self.process.returncode)

    def memory(self) -> int:
        """
        The bytes of main memory that the process has.
        """
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:"))

    def errors(self) -> list[str]:
        """
        The lines that it has written to its standard error.
        """
        return self.errorFile.read_text().splitlines()

    def logged(self) -> str:
        """
        What it has logged.
        """
        return self.logFile.read_text() if self.logFile.exists() else ""


def spawn(command: Sequence[str], folder: Path, errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """
    Start a process in C{folder}.
    """
    return subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)


class Cluster:
    """
    A cluster, in a folder of its own.

    @ivar config: its servers file.
    @ivar servers: its servers, by id.
    """

    def __init__(self, folder: Path, size: int, **settings: int) -> None:
        """
        @param settings: settings of the servers file.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.config = folder / "servers.json"
        ports = freePorts(2 * size)
        rows = [
            {"Id": number, "Hostname": HOST, "ClientPort": ports[2 * number], "LogPort": ports[2 * number + 1]}
            for number in range(size)
        ]
        self.config.write_text(json.dumps({"Path": "data", **settings, "Servers": rows}))
        self.servers = {
            number: ServerProcess(number, ports[2 * number], ports[2 * number + 1], self.config, folder / "data")
            for number in range(size)
        }
        self._tls: Tls | None = None
        self._clients: list[Client] = []
        self._client = self.client()

    def start(self, *ids: int) -> None:
        """
        Start servers; all of them where none is named.
        """
        for serverId in ids or self.servers:
            self.servers[serverId].start()

    def newcomer(self, serverId: int, *known: int) -> ServerProcess:
        """
        Have one more server, which is no member yet. Its servers file has its own address and those of C{known}.
        """
        content = json.loads(self.config.read_text())
        clientPort, logPort = freePorts(2)
        rows = [row for row in content["Servers"] if row["Id"] in known]
        rows.append({"Id": serverId, "Hostname": HOST, "ClientPort": clientPort, "LogPort": logPort})
        config = self.config.parent / f"servers-{serverId}.json"
        config.write_text(json.dumps({**content, "Servers": rows}))
        server = ServerProcess(serverId, clientPort, logPort, config, self.config.parent / "data")
        self.servers[serverId] = server
        return server

    def move(self) -> None:
        """
        Have all servers, which are stopped, elsewhere from now on, as their servers file says.
        """
        content = json.loads(self.config.read_text())
        ports = freePorts(2 * len(content["Servers"]))
        for number, row in enumerate(content["Servers"]):
            server = self.servers[row["Id"]]
            row["ClientPort"], row["LogPort"] = server.clientPort, server.logPort = ports[2 * number : 2 * number + 2]
        self.config.write_text(json.dumps(content))
        self._client = self.client()

    def protect(self, tls: Tls) -> None:
        """
        Have clients from now on talk TLS.
        """
        self._tls = tls
        self._client = self.client()

    def client(self, timeout: float = PATIENCE, first: int = 0) -> Client:
        """
        A client with connections of its own.

        @param first: the server that it asks first.
        """
        from twisted.internet import reactor

        ids = sorted(self.servers, key=lambda serverId: serverId != first)
        addresses = [(HOST, self.servers[serverId].clientPort) for serverId in ids]
        client = Client(cast(Any, reactor), addresses, timeout, self._tls)
        self._clients.append(client)
        return client

    async def stats(self, serverId: int) -> dict[str, str]:
        """
        What a server says of itself; nothing if it does not answer.
        """
        try:
            return await self._client.stats(HOST, self.servers[serverId].clientPort, timeout=1.0)
        except Unavailable:
            self.servers[serverId].checkAlive()
            return {}

    async def number(self, serverId: int, name: str) -> int:
        """
        One of a server's statistics; -1 if it does not answer.
        """
        return int((await self.stats(serverId)).get(name, -1))

    async def leader(self, *ids: int) -> int:
        """
        Wait until one of these servers leads, and those of them that run know it.

        @param ids: all servers where none is named.
        @return: its id.
        """
        asked = [serverId for serverId in ids or self.servers if self.servers[serverId].isRunning]

        async def known() -> str | None:
            answers = [await self.stats(serverId) for serverId in asked]
            leaders = {answer.get("leader", "none") for answer in answers}
            terms = {answer.get("term") for answer in answers}
            agreed = len(leaders) == len(terms) == 1 and leaders <= {str(serverId) for serverId in asked}
            return leaders.pop() if agreed else None

        return int(await until(known, f"one of the servers {asked} leads"))

    async def applied(self, serverId: int, index: int) -> None:
        """
        Wait until a server has applied the log up to C{index}.
        """

        async def there() -> bool:
            return await self.number(serverId, "applied_index") >= index

        await until(there, f"server {serverId} applies entry {index}")

    async def put(self, key: bytes, value: bytes, exptime: int = 0) -> int:
        """
        Write a value, for certain.

        @return: its version.
        """
        version: int = await surely(lambda: self._client.set(key, value, exptime))
        return version

    async def fill(self, count: int, size: int, keys: int, exptime: int = 0) -> int:
        """
        Write C{count} values of C{size} bytes, to C{keys} keys in turn, some at a time.

        @return: the version of the last one.
        """
        version = 0
        value = bytes(size)
        for first in range(0, count, _AT_ONCE):
            numbers = range(first, min(count, first + _AT_ONCE))
            writes = [self.put(b"fill%d" % (number % keys), value, exptime) for number in numbers]
            version = max(await gatherResults([Deferred.fromCoroutine(write) for write in writes], consumeErrors=True))
        return version

    def tracebacks(self) -> list[str]:
        """
        The servers that logged an error in themselves.
        """
        return [server.logged() for server in self.servers.values() if "Traceback" in server.logged()]

    def close(self) -> None:
        """
        End all that this cluster has begun.
        """
        for client in self._clients:
            client.close()
        for server in self.servers.values():
            server.kill()
