"""
What the suites are run against.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from benchmarks.processes import HOST, end, freePorts, start, until
from benchmarks.systems.replkv import ReplkvCluster
from tests.compat.killing import Killing

SIZE: Final = 3
_PATIENCE: Final = 60.0
_POLL: Final = 0.1

# As much memory as the loads fill: nothing is to be evicted.
_MEMCACHED: Final = ["memcached", "-u", "nobody", "-U", "0", "-m", "1024", "-l"]


@dataclass(frozen=True, slots=True)
class Place:
    """
    A port that speaks memcached's protocol.

    @ivar name: whose it is.
    """

    name: str
    port: int


class Store(Protocol):
    """
    Servers that are one store.

    @ivar places: where they can be asked.
    """

    places: list[Place]

    def disturbance(self, spared: Place, say: Callable[[str], None]) -> Callable[[], None]:
        """
        Get what has its leaders die, one after the other: it is to be called again and again.

        @param spared: the server that is asked meanwhile, and does not die.
        @param say: is told who dies.
        """

    def mend(self) -> None:
        """
        Have all servers up again.
        """

    def close(self) -> None:
        """
        End it.
        """


class Memcached:
    """
    Debian's memcached. It can stand in for a store of several servers too, with as many ports.
    """

    def __init__(self, folder: Path, names: list[str]) -> None:
        ports = freePorts(len(names))
        self.places = [Place(name, port) for name, port in zip(names, ports, strict=True)]
        command = [*_MEMCACHED, ",".join(f"{HOST}:{port}" for port in ports)]
        self._process = start(command, folder, "memcached.log")
        until(lambda: all(answers(place) for place in self.places), "memcached takes clients")

    def disturbance(self, spared: Place, say: Callable[[str], None]) -> Callable[[], None]:
        """
        See L{Store.disturbance}: it has no leader.
        """
        return lambda: None

    def mend(self) -> None:
        """
        See L{Store.mend}.
        """

    def close(self) -> None:
        """
        See L{Store.close}.
        """
        end([self._process])


class Replkv:
    """
    Three servers of replkv.
    """

    def __init__(self, folder: Path, tree: Path) -> None:
        """
        @param tree: the folder with its sources.
        """
        self._ports = freePorts(SIZE)
        self._cluster = ReplkvCluster(folder, SIZE, tree.resolve(), [{"MemcachedPort": port} for port in self._ports])
        try:
            leader = self._cluster.leader()
            others = [number for number in range(SIZE) if number != leader]
            names = {leader: "leader", **{number: f"follower {which}" for which, number in enumerate(others, 1)}}
            self.places = [Place(name, self._ports[number]) for number, name in names.items()]
            until(lambda: all(answers(place) for place in self.places), "replkv takes memcached's clients")
        except BaseException:
            self.close()
            raise

    def disturbance(self, spared: Place, say: Callable[[str], None]) -> Callable[[], None]:
        """
        See L{Store.disturbance}.
        """
        return Killing(self._cluster, self._ports.index(spared.port), say)

    def mend(self) -> None:
        """
        See L{Store.mend}.
        """
        for number, process in enumerate(self._cluster.processes):
            if process.poll() is not None:
                self._cluster.restart(number)
        self._cluster.leader()

    def close(self) -> None:
        """
        See L{Store.close}.
        """
        end(self._cluster.processes)


def memcachedVersion() -> str | None:
    """
    Which memcached is installed; C{None} if none is.
    """
    if shutil.which("memcached") is None:
        return None
    told = subprocess.run(["memcached", "-V"], capture_output=True, text=True).stdout
    found = re.search(r"[\d.]+", told)
    return found[0] if found else None


def ask(place: Place, command: bytes) -> bytes:
    """
    Send a command.

    @return: the line that comes back; empty if none does.
    """
    try:
        with socket.create_connection((HOST, place.port), timeout=_PATIENCE) as connection:
            connection.sendall(command + b"\r\n")
            with connection.makefile("rb") as replies:
                return replies.readline()
    except OSError:
        return b""


def answers(place: Place) -> bool:
    """
    Whether somebody is there.
    """
    return ask(place, b"version").startswith(b"VERSION ")


def empty(place: Place) -> None:
    """
    Have a store be empty.

    @raise SystemExit: if it will not.
    """
    deadline = time.monotonic() + _PATIENCE
    while (reply := ask(place, b"flush_all")) != b"OK\r\n":
        if time.monotonic() > deadline:
            raise SystemExit(f"{place.name} cannot be emptied: {reply!r}")
        time.sleep(_POLL)
