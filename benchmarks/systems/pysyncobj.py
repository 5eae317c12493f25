"""
PySyncObj.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from benchmarks.processes import HOST, freePorts, until
from benchmarks.systems.jsonloader import JsonLoader
from benchmarks.systems.system import Cluster
from replkv.bench.load import Load, Mix


class PySyncObjCluster(Cluster):
    """
    Processes that replicate.
    """

    def __init__(self, folder: Path, size: int) -> None:
        addresses = [f"{HOST}:{port}" for port in freePorts(size)]
        self._speaking = []
        for number, address in enumerate(addresses):
            own = folder / str(number)
            own.mkdir()
            others = [other for other in addresses if other != address]
            command = [sys.executable, "-m", "benchmarks.systems.pysyncobjserver", str(own), address, *others]
            with (own / "log").open("ab") as log:
                pipe = subprocess.PIPE
                process = subprocess.Popen(
                    command, stdin=pipe, stdout=pipe, stderr=log, text=True, start_new_session=True
                )
            self._speaking.append(process)
        self.processes = self._speaking
        self._roles: list[str] = []

    def leader(self) -> int:
        """
        See L{Cluster.leader}.
        """

        def isLed() -> bool:
            self._roles = [process.stdout.readline().strip() for process in self._speaking if process.stdout]
            return "leader" in self._roles

        if not self._roles:
            until(isLed, "PySyncObj has a leader")
        return self._roles.index("leader")

    def loader(self, load: Load, mix: Mix) -> JsonLoader:
        """
        See L{Cluster.loader}.
        """
        return JsonLoader(self._speaking[self.leader()], load, mix, endsIt=False)


class PySyncObj:
    """
    See L{benchmarks.systems.system.System}.
    """

    name: ClassVar[str] = "pysyncobj"
    remark: ClassVar[str] = (
        "a library: the load is made within the leader's process, and is part of its processor time. Its journal is a "
        "mapped file that is never synced, so that what was answered can be lost with the power; and it reads from "
        "memory, whoever leads"
    )
    takesDepth: ClassVar[bool] = False
    reads: ClassVar[bool] = False

    def missing(self) -> str | None:
        """
        See L{benchmarks.systems.system.System.missing}.
        """
        return None if find_spec("pysyncobj") else "pip install pysyncobj"

    def version(self) -> str:
        """
        See L{benchmarks.systems.system.System.version}.
        """
        return version("pysyncobj")

    def start(self, folder: Path, size: int) -> PySyncObjCluster:
        """
        See L{benchmarks.systems.system.System.start}.
        """
        return PySyncObjCluster(folder, size)
