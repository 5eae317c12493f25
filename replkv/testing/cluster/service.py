"""
The service of a simulated server.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from replkv.kv.machine import StateMachine
from replkv.raft.core import Raft
from replkv.service.server import Server


class WatchedService(Server):
    """
    The service, and what it is made of, for those who watch.

    @ivar raft: its core; C{None} until it has started.
    @ivar machine: its state machine, likewise.
    """

    def __init__(self, watch: Callable[[Raft], None], *args: Any) -> None:
        """
        @param watch: is given the core before anything happens to it.
        """
        super().__init__(*args)
        self._watch = watch
        self.raft: Raft | None = None
        self.machine: StateMachine | None = None

    @property
    def knowsTime(self) -> bool:
        """
        Whether it was told the cluster's time.
        """
        return self.raft is not None and self._machine is not None and self._clusterClock.isMeasured

    def _recover(self, machine: StateMachine) -> Raft:
        raft = super()._recover(machine)
        self.raft, self.machine = raft, machine
        self._watch(raft)
        return raft
