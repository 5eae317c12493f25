"""
Tests for L{replkv.node.applier}.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.deleteprefix import DeletePrefix
from replkv.commands.set import Set
from replkv.kv.machine import StateMachine
from replkv.kv.memory import MemoryEngine
from replkv.node.applier import FREED_BYTES, Applier
from replkv.node.compaction import Compaction
from replkv.node.executor import Executor
from replkv.node.limits import NodeLimits
from replkv.node.pending import Read
from replkv.node.statenotes import StateNotes
from replkv.raft.entry import Entry
from replkv.raft.outputs import ReadReady


def entries(first: int, last: int) -> list[Entry]:
    """
    Entries that each set a key.
    """
    return [Entry(index, 1, Set(b"k%d" % index, 0, b"", False).encode(0)) for index in range(first, last + 1)]


class Around:
    """
    What stands around an applier: the executor, and the compaction.

    @ivar told: what they were told.
    @ivar flushes: the flushes that have not ended.
    """

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.flushes: list[Deferred[None]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments: self.told.append((name, *arguments))

    def answer(self, read: Read) -> int:
        """
        Answer a read.
        """
        self.told.append(("answer", read))
        return 0

    def applier(self, machine: StateMachine, limits: NodeLimits) -> Applier:
        """
        Make the applier that it stands around.
        """
        executor, compaction = cast(Executor, self), cast(Compaction, self)
        return Applier(machine, executor, self.runFlush, compaction, StateNotes(machine), limits)

    def runFlush(self, flush: Callable[[], None]) -> Deferred[None]:
        """
        Begin a flush.
        """
        self.flushes.append(Deferred())
        return self.flushes[-1]


class SnapshotTests(SynchronousTestCase):
    """
    The state machine goes on from a snapshot while there is something to be applied to it.
    """

    def setUp(self) -> None:
        """
        Have an applier that has taken ten entries, with a read between them, and has applied none.
        """
        self.machine = StateMachine(MemoryEngine())
        self.around = Around()
        self.applier = self.around.applier(self.machine, NodeLimits(flushEntries=2))
        self.read: Any = Read(object(), 0, 0)  # type: ignore[arg-type]

    def install(self, last: int) -> None:
        """
        Go on from a snapshot that has the entries up to this one.
        """
        other = StateMachine(MemoryEngine())
        other.apply(entries(1, last))
        self.machine.install(other.engine)
        self.applier.restart()

    def test_left(self) -> None:
        """
        What was to be applied to the old state is not applied to the new one, which has it, or gets it again; and a
        read that waited for it is asked for again.
        """
        self.applier.take(entries(1, 10), [ReadReady(4, (self.read,))])
        self.install(7)
        self.assertTrue(self.applier.isDone)
        self.applier.work()
        self.assertEqual(self.machine.appliedIndex, 7)
        self.assertEqual(self.around.told, [("restart", 7), ("skip", 7), ("readAgain", self.read)])
        self.applier.take(entries(8, 9), [])
        self.applier.work()
        self.assertEqual(self.machine.appliedIndex, 9)

    def test_flush(self) -> None:
        """
        A flush of the old state that ends later says nothing of the new one.
        """
        self.applier.take(entries(1, 3), [])
        self.applier.work()
        self.install(7)
        self.around.told.clear()
        self.around.flushes[0].callback(None)
        self.assertEqual(self.around.told, [])
        self.applier.take(entries(8, 9), [])
        self.applier.work()
        self.around.flushes[1].callback(None)
        self.assertIn(("flushed", 9), self.around.told)


class FlushTests(SynchronousTestCase):
    """
    The store is brought to the disk when enough was written to it.
    """

    def test_freed(self) -> None:
        """
        What entries free counts, however short they are.
        """
        around, machine = Around(), StateMachine(MemoryEngine())
        applier = around.applier(machine, NodeLimits(flushBytes=100 * FREED_BYTES))
        applier.take(entries(1, 200), [])
        applier.work()
        self.assertEqual(around.flushes, [])
        applier.take([Entry(201, 1, DeletePrefix(b"k1", 0).encode(0))], [])
        applier.work()
        self.assertEqual((machine.freed, len(around.flushes)), (111, 1))
