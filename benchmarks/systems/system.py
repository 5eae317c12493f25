"""
What the bench knows of a system.
"""

from __future__ import annotations

import subprocess
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar, Protocol

from replkv.bench.load import Load, Mix
from replkv.bench.tally import Tally


class Loader(Protocol):
    """
    Puts loads on a cluster. It ends with the C{with} statement.
    """

    def prepare(self) -> None:
        """
        Have all clients connected.
        """

    def fill(self) -> None:
        """
        Give every key a value.
        """

    def measure(self, load: Load) -> Tally:
        """
        Put a load on, with the clients that are prepared.
        """


class Cluster:
    """
    Servers that run, each in a folder of its own.

    @ivar processes: the servers.
    """

    processes: list[subprocess.Popen[Any]]

    def leader(self) -> int:
        """
        Wait until a server leads.

        @return: its place among them.
        """
        raise NotImplementedError

    def loader(self, load: Load, mix: Mix) -> AbstractContextManager[Loader]:
        """
        What puts such loads on them.
        """
        raise NotImplementedError


class System(Protocol):
    """
    A kind of servers.

    @cvar name: what it is called.
    @cvar remark: what is to be known of its figures.
    @cvar takesDepth: whether its loader can have more than one command under way on a connection.
    @cvar reads: whether it has linearizable reads.
    """

    name: ClassVar[str]
    remark: ClassVar[str]
    takesDepth: ClassVar[bool]
    reads: ClassVar[bool]

    def missing(self) -> str | None:
        """
        What has to be installed first, if it is not.
        """

    def version(self) -> str:
        """
        Which one is measured.
        """

    def start(self, folder: Path, size: int) -> Cluster:
        """
        Start so many servers in a folder. Whoever does so ends their processes.
        """
