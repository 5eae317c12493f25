"""
Redis: a master and its replicas, each of which syncs every write.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Final

from benchmarks.processes import HOST, freePorts, start, until
from benchmarks.systems.system import Cluster
from replkv.bench.crew import Crew, Target
from replkv.bench.dialect import NotUnderstood
from replkv.bench.load import Load, Mix
from replkv.client.address import Address

_WAIT: Final = b"*3\r\n$4\r\nWAIT\r\n$1\r\n1\r\n$1\r\n0\r\n"
_LINE: Final = re.compile(rb"([-+:$])([^\r\n]*)\r\n")


class RedisDialect:
    """
    Redis's protocol (RESP), see L{replkv.bench.dialect.Dialect}. A write is two commands: C{SET}, and C{WAIT 1 0},
    which is answered when a replica has the write.
    """

    hello = b""
    helloReplies = 0

    def fill(self, key: bytes, value: bytes) -> bytes:
        """
        See L{replkv.bench.dialect.Dialect.fill}.
        """
        return self.write(key, value)

    def write(self, key: bytes, value: bytes) -> bytes:
        """
        See L{replkv.bench.dialect.Dialect.write}.
        """
        return b"*3\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(key), key, len(value), value) + _WAIT

    def read(self, key: bytes) -> bytes:
        """
        See L{replkv.bench.dialect.Dialect.read}.
        """
        return b"*2\r\n$3\r\nGET\r\n$%d\r\n%b\r\n" % (len(key), key)

    def cut(self, data: bytes) -> tuple[Sequence[bytes], bytes]:
        """
        See L{replkv.bench.dialect.Dialect.cut}. What C{SET} is answered is no reply of its own.
        """
        replies = []
        at = 0
        while (match := _LINE.match(data, at)) is not None:
            kind, text = match.groups()
            after = match.end()
            if kind == b"$" and text != b"-1":
                after += int(text) + 2
                if after > len(data):
                    break
            if kind == b"-":
                raise NotUnderstood(f"redis answers {text[:80]!r}")
            if kind in b":$":
                replies.append(b"not replicated" if match[0] == b":0\r\n" else b"")
            at = after
        return replies, data[at:]

    def redirect(self, reply: bytes) -> Address | None:
        """
        See L{replkv.bench.dialect.Dialect.redirect}.
        """
        return None

    def isHopeless(self, reply: bytes) -> bool:
        """
        See L{replkv.bench.dialect.Dialect.isHopeless}.
        """
        return False


class RedisCluster(Cluster):
    """
    A master, and replicas.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self._ports = freePorts(size)
        self.processes = []
        for number, port in enumerate(self._ports):
            own = folder / str(number)
            own.mkdir()
            command = ["redis-server", "--bind", HOST, "--port", str(port), "--dir", str(own), "--save", ""]
            command += ["--appendonly", "yes", "--appendfsync", "always"]
            command += ["--repl-diskless-sync-delay", "0", "--maxclients", "10000"]
            if number:
                command += ["--replicaof", HOST, str(self._ports[0])]
            self.processes.append(start(command, own, "log"))

    def leader(self) -> int:
        """
        See L{Cluster.leader}.
        """
        until(self._isWhole, "redis has its replicas")
        return 0

    def loader(self, load: Load, mix: Mix) -> Crew:
        """
        See L{Cluster.loader}.
        """
        self.leader()
        return Crew(Target([Address(HOST, self._ports[0])], RedisDialect()), mix, load, 1)

    def _isWhole(self) -> bool:
        with suppress(OSError), socket.create_connection((HOST, self._ports[0]), timeout=5) as connection:
            connection.sendall(b"INFO replication\r\n")
            return connection.recv(1 << 16).count(b"state=online") == len(self._ports) - 1
        return False


class Redis:
    """
    See L{benchmarks.systems.system.System}.
    """

    name: ClassVar[str] = "redis"
    remark: ClassVar[str] = (
        "one master with replicas, each with appendfsync always; a write is SET and WAIT 1. It is no consensus: nobody "
        "takes over by itself, and a read is what the master has"
    )
    takesDepth: ClassVar[bool] = True
    reads: ClassVar[bool] = True

    def missing(self) -> str | None:
        """
        See L{benchmarks.systems.system.System.missing}.
        """
        return None if shutil.which("redis-server") else "apt install redis-server"

    def version(self) -> str:
        """
        See L{benchmarks.systems.system.System.version}.
        """
        told = subprocess.run(["redis-server", "--version"], check=True, capture_output=True, text=True).stdout
        return told.partition("v=")[2].partition(" ")[0]

    def start(self, folder: Path, size: int) -> RedisCluster:
        """
        See L{benchmarks.systems.system.System.start}.
        """
        return RedisCluster(folder, size)
