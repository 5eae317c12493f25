"""
All the numbers that are worth knowing, from a cluster of three on this machine: C{python benchmarks/measure.py}.

It starts servers of its own, in a temporary folder, and prints a table of loads, the time from C{kill -9} of the leader
to the next C{OK}, and the memory of the servers with a million keys.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

LOADS = [(1, 1), (50, 1), (1000, 1), (50, 16)]
"""
Clients, and commands that each has on their way.
"""

SECONDS = 5
FAILOVERS = 10
KEYS = 1_000_000


class Cluster:
    """
    Three real servers.

    @ivar ports: the client port of each.
    """

    def __init__(self, folder: Path) -> None:
        with ExitStack() as stack:
            sockets = [stack.enter_context(socket.socket()) for _ in range(6)]
            for free in sockets:
                free.bind(("127.0.0.1", 0))
            ports = [free.getsockname()[1] for free in sockets]
        self.ports = ports[:3]
        self._file = folder / "servers.json"
        servers = [
            {"Id": number, "Hostname": "127.0.0.1", "ClientPort": ports[number], "LogPort": ports[number + 3]}
            for number in range(3)
        ]
        self._file.write_text(json.dumps({"Path": str(folder), "Servers": servers}))
        self.processes = [self._start(number) for number in range(3)]

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", "from twisted.scripts.twistd import run; run()", "-n"]
        command += ["--logfile", f"{self._file}.{number}.log"]
        return subprocess.Popen([*command, "replkv", "--id", str(number), "--config", str(self._file)])

    def kill(self, number: int) -> None:
        """
        Kill a server.
        """
        self.processes[number].kill()
        self.processes[number].wait()

    def restart(self, number: int) -> None:
        """
        Start a server that was killed.
        """
        self.processes[number] = self._start(number)

    def stop(self) -> None:
        """
        Stop all servers.
        """
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait()

    def ask(self, number: int, command: bytes) -> bytes:
        """
        The first line with which a server answers; empty if it does not.
        """
        try:
            with socket.create_connection(("127.0.0.1", self.ports[number]), timeout=5) as connection:
                connection.sendall(command)
                return connection.recv(4096).split(b"\r\n")[0]
        except OSError:
            return b""

    def leader(self, candidates: Sequence[int] = range(3)) -> int:
        """
        Wait until a server answers a write with OK.

        @return: its number.
        """
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for number in candidates:
                if self.ask(number, b"set leader 0 1\r\nx\r\n").startswith(b"OK"):
                    return number
            time.sleep(0.005)
        raise SystemExit("no server leads")

    def memory(self, number: int) -> int:
        """
        The resident memory of a server, in MiB.
        """
        status = Path(f"/proc/{self.processes[number].pid}/status").read_text()
        return next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmRSS"))


@contextmanager
def aCluster() -> Iterator[Cluster]:
    """
    A cluster for as long as it is needed.
    """
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(Path(folder))
        try:
            yield cluster
        finally:
            cluster.stop()


def measureLoads(cluster: Cluster) -> None:
    """
    Print throughput and latency.
    """
    print("| operation | clients | in flight | per second | p50 ms | p99 ms |\n| --- | --- | --- | --- | --- | --- |")
    for clients, inFlight in LOADS:
        for operation in ("set", "get"):
            port = cluster.ports[cluster.leader()]
            command = [sys.executable, str(Path(__file__).with_name("load.py")), operation, "--host", "127.0.0.1"]
            command += ["--port", str(port), "--clients", str(clients), "--in-flight", str(inFlight)]
            command += ["--seconds", str(SECONDS)]
            result = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
            print("| {operation} | {clients} | {inFlight} | {perSecond} | {p50ms} | {p99ms} |".format(**result))


def measureFailover(cluster: Cluster) -> None:
    """
    Print how long writes are not answered when the leader is killed.
    """
    times = []
    for _ in range(FAILOVERS):
        leader = cluster.leader()
        others = [number for number in range(3) if number != leader]
        cluster.kill(leader)
        began = time.monotonic()
        cluster.leader(others)
        times.append(time.monotonic() - began)
        cluster.restart(leader)
        while not cluster.ask(leader, b"version\r\n"):
            time.sleep(0.05)
        time.sleep(1)  # So that it has caught up.
    times.sort()
    print(f"\nkill -9 of the leader to the next OK: median {times[len(times) // 2]:.2f} s, worst {times[-1]:.2f} s")


def measureMemory(cluster: Cluster) -> None:
    """
    Print the memory of the servers with many keys.
    """
    leader = cluster.leader()
    before = [cluster.memory(number) for number in range(3)]
    value = bytes(128)
    with socket.create_connection(("127.0.0.1", cluster.ports[leader])) as connection:
        replies = connection.makefile("rb")
        for start in range(0, KEYS, 1000):
            commands = [b"set key%08d 0 128\r\n%b\r\n" % (number, value) for number in range(start, start + 1000)]
            connection.sendall(b"".join(commands))
            for _ in commands:
                assert replies.readline().startswith(b"OK")
    after = [cluster.memory(number) for number in range(3)]
    print(f"memory in MiB: {before} before, {after} with {KEYS} keys of 128 bytes")
    cluster.kill(leader)
    cluster.leader([number for number in range(3) if number != leader])
    began = time.monotonic()
    cluster.restart(leader)
    while not cluster.ask(leader, b"get key00000000\r\n"):
        time.sleep(0.01)
    print(f"a killed server with {KEYS} keys answers {time.monotonic() - began:.2f} s after its start")


if __name__ == "__main__":
    with aCluster() as running:
        measureLoads(running)
        measureFailover(running)
        measureMemory(running)
