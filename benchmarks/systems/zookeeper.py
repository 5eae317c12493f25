"""
ZooKeeper.
"""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Final

from benchmarks.processes import HOST, freePorts, start, until
from benchmarks.systems.system import Cluster
from replkv.bench.crew import Crew, Target
from replkv.bench.load import Load, Mix
from replkv.client.address import Address

_JAR: Final = "/usr/share/java/zookeeper.jar"
_TICK_MS: Final = 2000

# The numbers of the protocol: what is asked for, and which answer is whose. Answers come in the order of the requests,
# so that it is enough to know of each whether it is the one that counts.
_CREATE, _GET, _SET, _SYNC = 1, 4, 5, 9
_COUNTED, _UNCOUNTED = 1, 2
_ACL: Final = struct.pack(">ii", 1, 31) + struct.pack(">i5s", 5, b"world") + struct.pack(">i6s", 6, b"anyone")

OK, NO_NODE, NODE_EXISTS = 0, -101, -110


def frame(*parts: bytes) -> bytes:
    """
    A message, with its length.
    """
    data = b"".join(parts)
    return struct.pack(">i", len(data)) + data


def buffer(data: bytes) -> bytes:
    """
    Bytes, or text, within a message.
    """
    return struct.pack(">i", len(data)) + data


class ZooKeeperDialect:
    """
    ZooKeeper's protocol (jute), as far as a load needs it. See L{replkv.bench.dialect.Dialect}.

    A read is C{sync} and C{getData}: without the former it may be older than what was answered to another client.
    """

    hello = frame(struct.pack(">iqiq", 0, 0, 10 * _TICK_MS, 0), buffer(bytes(16)), b"\0")
    helloReplies = 1

    def __init__(self, writes: int = _SET) -> None:
        """
        @param writes: how values are stored: in nodes that are there, or in nodes that are made.
        """
        self._writes = writes

    def fill(self, key: bytes, value: bytes) -> bytes:
        """
        See L{replkv.bench.dialect.Dialect.fill}.
        """
        return self.write(key, value)

    def write(self, key: bytes, value: bytes) -> bytes:
        """
        See L{replkv.bench.dialect.Dialect.write}.
        """
        path = buffer(_pathOf(key))
        if self._writes == _CREATE:
            return frame(struct.pack(">ii", _COUNTED, _CREATE), path, buffer(value), _ACL, struct.pack(">i", 0))
        return frame(struct.pack(">ii", _COUNTED, _SET), path, buffer(value), struct.pack(">i", -1))

    def read(self, key: bytes) -> bytes:
        """
        See L{replkv.bench.dialect.Dialect.read}.
        """
        path = buffer(_pathOf(key))
        sync = frame(struct.pack(">ii", _UNCOUNTED, _SYNC), path)
        return sync + frame(struct.pack(">ii", _COUNTED, _GET), path, b"\0")

    def cut(self, data: bytes) -> tuple[Sequence[bytes], bytes]:
        """
        See L{replkv.bench.dialect.Dialect.cut}. The first answer on a connection has no header: where that has its
        number, the protocol's version is, which is 0.
        """
        replies = []
        at = 0
        while len(data) >= at + 4:
            (length,) = struct.unpack_from(">i", data, at)
            if len(data) < at + 4 + length:
                break
            number, _, error = struct.unpack_from(">iqi", data, at + 4)
            if number == 0:
                replies.append(b"")
            elif number == _COUNTED:
                replies.append(b"" if error in (OK, NODE_EXISTS) else b"error%d" % error)
            at += 4 + length
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
        return reply == b"error%d" % NO_NODE


def _pathOf(key: bytes) -> bytes:
    return b"/" + key.replace(b"/", b"-")


class ZooKeeperCluster(Cluster):
    """
    Servers of ZooKeeper.
    """

    def __init__(self, folder: Path, size: int) -> None:
        ports = freePorts(3 * size)
        self._ports = ports[:size]
        self.processes = []
        peers = [f"server.{n + 1}={HOST}:{ports[size + n]}:{ports[2 * size + n]}" for n in range(size)]
        for number, port in enumerate(self._ports):
            own = folder / str(number)
            own.mkdir()
            (own / "myid").write_text(f"{number + 1}\n")
            settings = [f"dataDir={own}", f"clientPort={port}", f"clientPortAddress={HOST}", f"tickTime={_TICK_MS}"]
            settings += ["initLimit=10", "syncLimit=5", "maxClientCnxns=0", "admin.enableServer=false"]
            settings += ["4lw.commands.whitelist=srvr", "snapCount=1000000", *peers]
            (own / "zoo.cfg").write_text("\n".join(settings) + "\n")
            command = ["java", "-Xmx1g", "-cp", f"{_JAR}:/usr/share/java/slf4j-nop.jar"]
            command += ["org.apache.zookeeper.server.quorum.QuorumPeerMain", str(own / "zoo.cfg")]
            self.processes.append(start(command, own, "log"))

    def leader(self) -> int:
        """
        See L{Cluster.leader}.
        """
        leading: list[int] = []

        def isLed() -> bool:
            modes = [self._mode(port) for port in self._ports]
            leading[:] = [number for number, mode in enumerate(modes) if mode == "leader"]
            return bool(leading) and modes.count("follower") == len(modes) - 1

        until(isLed, "ZooKeeper has a leader")
        return leading[0]

    def loader(self, load: Load, mix: Mix) -> Crew:
        """
        See L{Cluster.loader}.
        """
        target = Target([Address(HOST, self._ports[self.leader()])], ZooKeeperDialect(_CREATE))
        # Values can be stored in nodes only that are there.
        with Crew(target, mix, Load(clients=50, depth=16, patience=load.patience), 1) as maker:
            maker.prepare()
            maker.fill()
        return Crew(target._replace(dialect=ZooKeeperDialect()), mix, load, 1)

    def _mode(self, port: int) -> str:
        told = b""
        with suppress(OSError), socket.create_connection((HOST, port), timeout=5) as connection:
            connection.sendall(b"srvr")
            while data := connection.recv(1 << 16):
                told += data
        return told.decode("utf-8", "replace").partition("Mode: ")[2].partition("\n")[0]


class ZooKeeper:
    """
    See L{benchmarks.systems.system.System}.
    """

    name: ClassVar[str] = "zookeeper"
    remark: ClassVar[str] = "clients are at the leader; a read is sync and getData"
    takesDepth: ClassVar[bool] = True
    reads: ClassVar[bool] = True

    def missing(self) -> str | None:
        """
        See L{benchmarks.systems.system.System.missing}.
        """
        return None if os.path.exists(_JAR) and shutil.which("java") else "apt install zookeeper"

    def version(self) -> str:
        """
        See L{benchmarks.systems.system.System.version}.
        """
        query = ["dpkg-query", "--showformat", "${Version}", "--show", "zookeeper"]
        return subprocess.run(query, check=True, capture_output=True, text=True).stdout.partition("-")[0]

    def start(self, folder: Path, size: int) -> ZooKeeperCluster:
        """
        See L{benchmarks.systems.system.System.start}.
        """
        return ZooKeeperCluster(folder, size)
