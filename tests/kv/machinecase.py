"""
A state machine in memory, for tests.
"""

from __future__ import annotations

from collections.abc import Mapping

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.results import Result
from replkv.kv.machine import StateMachine
from replkv.kv.memory import MemoryEngine
from replkv.raft.entry import Entry


class RecordingEngine(MemoryEngine):
    """
    An engine that records the steps that it takes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[dict[bytes, bytes | None]] = []

    def write(self, changes: Mapping[bytes, bytes | None]) -> None:
        """
        Record, and write.
        """
        self.steps.append(dict(changes))
        super().write(changes)


class MachineCase(SynchronousTestCase):
    """
    A state machine in memory.
    """

    def setUp(self) -> None:
        """
        Make a machine.
        """
        self.engine = RecordingEngine()
        self.kv = StateMachine(self.engine)

    def apply(self, *commands: bytes) -> list[Result | None]:
        """
        Apply commands, in one call, as the entries that come next.
        """
        return self.kv.apply([Entry(index, 1, data) for index, data in enumerate(commands, self.kv.appliedIndex + 1)])
