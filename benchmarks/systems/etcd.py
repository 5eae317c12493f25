"""
etcd.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Final

from benchmarks.processes import HOST, freePorts, start, until
from benchmarks.systems.jsonloader import JsonLoader
from benchmarks.systems.system import Cluster
from replkv.bench.load import Load, Mix

_SOURCE: Final = Path(__file__).parent / "etcdload" / "main.go"
_GO_PATH: Final = "/usr/share/gocode"
_CLIENT: Final = Path(_GO_PATH, "src/go.etcd.io/etcd/clientv3")
_PROGRAM: Final = Path(__file__).parents[2] / "build" / "bench" / "etcdload"


class EtcdCluster(Cluster):
    """
    Servers of etcd.
    """

    def __init__(self, folder: Path, size: int) -> None:
        ports = freePorts(2 * size)
        self._urls = [f"http://{HOST}:{port}" for port in ports[:size]]
        peers = [f"http://{HOST}:{port}" for port in ports[size:]]
        members = ",".join(f"n{number}={url}" for number, url in enumerate(peers))
        self.processes = []
        for number in range(size):
            command = ["etcd", "--name", f"n{number}", "--data-dir", str(folder / str(number))]
            command += ["--listen-client-urls", self._urls[number], "--advertise-client-urls", self._urls[number]]
            command += ["--listen-peer-urls", peers[number], "--initial-advertise-peer-urls", peers[number]]
            command += ["--initial-cluster", members, "--initial-cluster-state", "new"]
            command += ["--quota-backend-bytes", str(8 << 30), "--logger", "zap", "--log-level", "error"]
            self.processes.append(start(command, folder, f"{number}.log"))

    def leader(self) -> int:
        """
        See L{Cluster.leader}.
        """
        leading: list[int] = []

        def isLed() -> bool:
            told = [self._status(url) for url in self._urls]
            leaders = {each.get("leader", "0") for each in told}
            if len(leaders) != 1 or leaders == {"0"}:
                return False
            members = [each["header"]["member_id"] for each in told]
            leading[:] = [members.index(leaders.pop())]
            return True

        until(isLed, "etcd has a leader")
        return leading[0]

    def loader(self, load: Load, mix: Mix) -> JsonLoader:
        """
        See L{Cluster.loader}.
        """
        endpoint = self._urls[self.leader()].removeprefix("http://")
        pipe = subprocess.PIPE
        return JsonLoader(subprocess.Popen([_PROGRAM, endpoint], stdin=pipe, stdout=pipe, text=True), load, mix)

    def _status(self, url: str) -> dict[str, Any]:
        request = urllib.request.Request(f"{url}/v3/maintenance/status", data=b"{}")
        with suppress(OSError, ValueError), urllib.request.urlopen(request, timeout=5) as answer:
            told: dict[str, Any] = json.load(answer)
            return told
        return {}


class Etcd:
    """
    See L{benchmarks.systems.system.System}.
    """

    name: ClassVar[str] = "etcd"
    remark: ClassVar[str] = "clients are at the leader, and share connections where there are more than 100"
    takesDepth: ClassVar[bool] = False
    reads: ClassVar[bool] = True

    def missing(self) -> str | None:
        """
        See L{benchmarks.systems.system.System.missing}. The program that makes the load is built here, if it is older
        than its source.
        """
        packages = {"etcd-server": shutil.which("etcd"), "golang-go": shutil.which("go")}
        packages["golang-etcd-server-dev"] = str(_CLIENT) if _CLIENT.exists() else None
        lacking = [name for name, found in packages.items() if found is None]
        if lacking:
            return f"apt install {' '.join(lacking)}"
        if not _PROGRAM.exists() or _PROGRAM.stat().st_mtime < _SOURCE.stat().st_mtime:
            _PROGRAM.parent.mkdir(parents=True, exist_ok=True)
            environment = {**os.environ, "GO111MODULE": "off", "GOPATH": _GO_PATH, "GOFLAGS": ""}
            subprocess.run(["go", "build", "-o", _PROGRAM, _SOURCE], check=True, env=environment)
        return None

    def version(self) -> str:
        """
        See L{benchmarks.systems.system.System.version}.
        """
        told = subprocess.run(["etcd", "--version"], check=True, capture_output=True, text=True).stdout
        return told.partition("etcd Version: ")[2].partition("\n")[0]

    def start(self, folder: Path, size: int) -> EtcdCluster:
        """
        See L{benchmarks.systems.system.System.start}.
        """
        return EtcdCluster(folder, size)
