"""
What runs on the machine of a simulated server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from replkv.config import Config, ServerConfig
from replkv.kv.machine import StateMachine
from replkv.node.node import Node
from replkv.raft.core import Raft
from replkv.testing.cluster.machine import SimulatedMachine
from replkv.testing.cluster.process import Process
from replkv.testing.cluster.service import WatchedService
from replkv.testing.cluster.thread import Thread

if TYPE_CHECKING:
    from replkv.testing.cluster.cluster import SimulatedCluster


class RunningMachine(SimulatedMachine):
    """
    A machine, and its process, if it has one.
    """

    def __init__(self, cluster: SimulatedCluster, config: ServerConfig, file: Config) -> None:
        super().__init__(cluster, config, file)
        self._process: Process | None = None
        self._service: WatchedService | None = None
        self._threads: list[Thread] = []
        self._lives = 0

    @property
    def isRunning(self) -> bool:
        """
        Whether it has a process, paused or not.
        """
        return self._process is not None

    @property
    def isPaused(self) -> bool:
        """
        Whether it has a process that stands still.
        """
        return self._process is not None and self._process.paused

    @property
    def node(self) -> Node:
        """
        The node of its process.
        """
        return self.service.assembly.node

    @property
    def raft(self) -> Raft:
        """
        The core of its process.
        """
        return self.service.assembly.raft

    @property
    def leads(self) -> bool:
        """
        Whether it believes to lead.
        """
        return self.isServing and self.raft.leaderId == self.id

    @property
    def isServing(self) -> bool:
        """
        Whether it has a process that has started well.
        """
        return self._service is not None and self._service.isAssembled

    @property
    def life(self) -> int | None:
        """
        The number of its process; C{None} where there is none that has started well and is to go on.
        """
        return self._lives if self._service is not None and self.isServing and self._service.running else None

    @property
    def isWriting(self) -> bool:
        """
        Whether one of its threads is at work.
        """
        return any(thread.isBusy for thread in self._threads)

    @property
    def machine(self) -> StateMachine:
        """
        The state machine of its process.
        """
        return self.service.assembly.machine

    @property
    def links(self) -> list[int]:
        """
        The servers that have let its process in.
        """
        return sorted(peer for peer, link in self.service.assembly.links.items() if link.isUp)

    @property
    def lostLinks(self) -> list[int]:
        """
        The servers to which its process is not connected.
        """
        return sorted(peer for peer, link in self.service.assembly.links.items() if not link.isUp)

    @property
    def service(self) -> WatchedService:
        """
        What its process runs.
        """
        assert self._service is not None
        return self._service

    @property
    def appliedIndex(self) -> int:
        """
        The index of the last entry that it has applied.
        """
        index: int = self.machine.appliedIndex
        return index
