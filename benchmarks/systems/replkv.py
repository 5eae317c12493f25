"""
replkv, of this tree or of another one.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Final

from benchmarks.processes import HOST, freePorts, start, until
from benchmarks.systems.system import Cluster
from replkv import __version__
from replkv.bench.crew import Crew, Target
from replkv.bench.load import Load, Mix
from replkv.bench.text import TextDialect
from replkv.client.address import Address

_TWISTD: Final = "from twisted.scripts.twistd import run; run()"
_MAX_CONNECTIONS: Final = 10_000


class ReplkvCluster(Cluster):
    """
    Servers of replkv.

    @ivar ports: the client port of each.
    """

    def __init__(
        self, folder: Path, size: int, tree: Path | None = None, more: Sequence[Mapping[str, int]] | None = None
    ) -> None:
        """
        @param tree: the folder with the sources to run; C{None} for those of the bench.
        @param more: what else the servers file says of each server.
        """
        ports = freePorts(2 * size)
        self.ports = ports[:size]
        self._folder = folder
        self._environment = {} if tree is None else {"PYTHONPATH": str(tree)}
        servers = [
            {"Id": number, "Hostname": HOST, "ClientPort": ports[number], "LogPort": ports[size + number], **rest}
            for number, rest in enumerate(more or [{}] * size)
        ]
        limits = {"MaxConnections": _MAX_CONNECTIONS, "MaxConnectionsPerAddress": _MAX_CONNECTIONS}
        (folder / "servers.json").write_text(json.dumps({"Path": "var", **limits, "Servers": servers}))
        self.processes = [self._start(number) for number in range(size)]

    def leader(self) -> int:
        """
        See L{Cluster.leader}.
        """
        leading: list[int] = []

        def isLed() -> bool:
            leading[:] = [number for number in range(len(self.ports)) if self.stats(number).get("role") == "leader"]
            return bool(leading) and self.ask(leading[0], b"set leader 0 1\r\nx\r\n").startswith(b"OK")

        until(isLed, "a server leads")
        return leading[0]

    def loader(self, load: Load, mix: Mix) -> Crew:
        """
        See L{Cluster.loader}.
        """
        addresses = [Address(HOST, port) for port in self.ports]
        leader = self.leader()
        addresses.insert(0, addresses.pop(leader))
        return Crew(Target(addresses, TextDialect(mix.key(0))), mix, load, 1)

    def kill(self, number: int) -> None:
        """
        C{kill -9} a server.
        """
        self.processes[number].kill()
        self.processes[number].wait()

    def restart(self, number: int) -> None:
        """
        Start a server that was killed.
        """
        self.processes[number] = self._start(number)

    def stats(self, number: int) -> dict[str, str]:
        """
        What a server says of itself; nothing if it does not answer.
        """
        lines = self.ask(number, b"stats\r\n").decode("utf-8", "replace").splitlines()
        words = [line.split(" ", 2) for line in lines if line.startswith("STAT ")]
        return {word[1]: word[2] for word in words if len(word) > 2}

    def ask(self, number: int, command: bytes) -> bytes:
        """
        What a server answers to a command; nothing if it does not answer.
        """
        answer = b""
        with suppress(OSError), socket.create_connection((HOST, self.ports[number]), timeout=5) as connection:
            connection.sendall(command + b"quit\r\n")
            while data := connection.recv(1 << 16):
                answer += data
        return answer

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        twistd = [sys.executable, "-c", _TWISTD, "-n", "--pidfile=", "--logfile", f"server{number}.log"]
        command = [*twistd, "replkv", "--id", str(number), "--config", "servers.json"]
        return start(command, self._folder, f"server{number}.out", self._environment)


class Replkv:
    """
    See L{benchmarks.systems.system.System}.
    """

    name: ClassVar[str] = "replkv"
    remark: ClassVar[str] = ""
    takesDepth: ClassVar[bool] = True
    reads: ClassVar[bool] = True

    def missing(self) -> str | None:
        """
        See L{benchmarks.systems.system.System.missing}.
        """
        return None

    def version(self) -> str:
        """
        See L{benchmarks.systems.system.System.version}.
        """
        return __version__

    def start(self, folder: Path, size: int) -> ReplkvCluster:
        """
        See L{benchmarks.systems.system.System.start}.
        """
        return ReplkvCluster(folder, size)
