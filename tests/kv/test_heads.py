"""
Tests for the heads that are kept: L{replkv.kv.heads}.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence

from twisted.trial.unittest import SynchronousTestCase

from replkv.kv.engine import EngineError
from replkv.kv.heads import HEAD_OVERHEAD, Heads
from replkv.kv.limits import MachineLimits
from replkv.kv.machine import StateMachine
from replkv.kv.memory import MemoryEngine
from replkv.kv.record import packHead
from replkv.raft.entry import Entry
from tests.commands.logged import encodeDelete, encodeSet, encodeTouch

ROOM = 3 * (len(b"ka") + HEAD_OVERHEAD)
"""
Room for three heads.
"""


class AskedEngine(MemoryEngine):
    """
    An engine that remembers which records were asked for.
    """

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[list[bytes]] = []

    def getMany(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """
        Remember, and tell.
        """
        self.asked.append(list(keys))
        return super().getMany(keys)


class HeadsTests(SynchronousTestCase):
    """
    Tests for L{Heads}.
    """

    def setUp(self) -> None:
        """
        Make an engine with two records, and heads that have room for three.
        """
        self.engine = AskedEngine()
        self.engine.write({b"ka": packHead((1, 0, 11)) + b"value", b"kb": packHead((2, 5000, 22))})
        self.heads = Heads(self.engine, ROOM)

    def test_met(self) -> None:
        """
        What was met is known, that there is no such record too; each is asked for once.
        """
        self.heads.meet([b"ka", b"kc", b"ka"])
        self.assertEqual((self.heads.find(b"ka"), self.heads.find(b"kc")), ((1, 0, 11), None))
        self.heads.meet([b"kc", b"kb", b"ka"])
        self.assertEqual(self.heads.find(b"kb"), (2, 5000, 22))
        self.heads.settle()
        self.heads.meet([b"ka", b"kb", b"kc"])
        self.assertEqual(self.engine.asked, [[b"ka", b"kc"], [b"kb"]])

    def test_kept(self) -> None:
        """
        What it is said to be counts, whatever the engine holds.
        """
        self.heads.meet([b"ka", b"kb"])
        self.heads.keep(b"ka", packHead((3, 0, 33)))
        self.heads.keep(b"kb", None)
        self.heads.keep(b"kc", packHead((4, 0, 44)))
        self.heads.meet([b"ka", b"kb", b"kc"])
        self.assertEqual([self.heads.find(name) for name in (b"ka", b"kb", b"kc")], [(3, 0, 33), None, (4, 0, 44)])
        self.assertEqual(len(self.engine.asked), 1)

    def test_bound(self) -> None:
        """
        In the end of a call, those go that came first and for which there is no room; in a call, all that it has met
        are there.
        """
        self.heads.meet([b"ka", b"kb"])
        self.heads.keep(b"ka", None)  # It came first all the same.
        self.heads.meet([b"kc", b"kd"])
        self.assertIsNone(self.heads.find(b"ka"))
        self.heads.settle()
        self.assertEqual(self.heads.bytes, ROOM)
        self.heads.meet([b"ka", b"kb", b"kc", b"kd"])
        self.assertEqual(self.engine.asked, [[b"ka", b"kb"], [b"kc", b"kd"], [b"ka"]])

    def test_noRoom(self) -> None:
        """
        Where there is no room at all, none is kept.
        """
        heads = Heads(self.engine, 0)
        heads.meet([b"ka", b"kb"])
        heads.settle()
        self.assertEqual(heads.bytes, 0)

    def test_noRecord(self) -> None:
        """
        What is too short for a record is an error.
        """
        self.engine.write({b"ka": bytes(23)})
        self.assertRaises(EngineError, self.heads.meet, [b"ka"])

    def test_memory(self) -> None:
        """
        They take no more memory than is counted, with short and with long names, while they come and go.
        """
        for length, most in ((2, 1 << 20), (251, 1 << 20)):
            tracemalloc.start()
            try:
                heads = Heads(self.engine, most)
                for number in range(12_000):
                    heads.keep(b"%0*d" % (length, number), packHead((number, 1 << 62, 1 << 63)))
                    heads.settle()
                taken, _ = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            self.assertLess(heads.bytes, most + 1)
            self.assertLess(taken, heads.bytes)
            self.assertGreater(taken, heads.bytes // 2)


class MachineTests(SynchronousTestCase):
    """
    Tests for a machine that keeps heads between calls.
    """

    def test_notAskedAgain(self) -> None:
        """
        To write over or delete what was met in an earlier call, the engine is not asked.
        """
        engine = AskedEngine()
        machine = StateMachine(engine)
        for index, command in enumerate(
            [
                encodeSet(1000, b"a", 9, b"one"),
                encodeSet(1000, b"a", 9, b"two"),
                encodeTouch(1000, b"a", 7),
                encodeDelete(1000, b"a"),
                encodeSet(1000, b"a", 0, b"three"),
            ],
            1,
        ):
            machine.apply([Entry(index, 1, command)])
        self.assertEqual(engine.asked, [[b"ka"]])
        self.assertEqual((machine.keys, machine.nextDeadline), (1, None))
        alone = StateMachine(MemoryEngine(), MachineLimits(headBytes=0))
        alone.apply([Entry(index, 1, b"") for index in range(1, 5)])
        alone.apply([Entry(5, 1, encodeSet(1000, b"a", 0, b"three"))])
        self.assertEqual(machine.hash, alone.hash)

    def test_purged(self) -> None:
        """
        What was freed since it was met is known to be gone.
        """
        machine = StateMachine(AskedEngine())
        machine.apply([Entry(1, 1, encodeSet(1000, b"a", 1, b"one"))])
        machine.apply([Entry(2, 1, encodeSet(9000, b"b", 0, b"two"))])
        machine.apply([Entry(3, 1, encodeSet(9000, b"a", 0, b"three"))])
        self.assertEqual(machine.keys, 2)

    def test_bounded(self) -> None:
        """
        What a machine keeps is bounded.
        """
        machine = StateMachine(MemoryEngine(), MachineLimits(headBytes=ROOM))
        machine.apply([Entry(index, 1, encodeSet(1, b"%d" % index, 0, b"")) for index in range(1, 100)])
        self.assertLess(machine._records.heads.bytes, ROOM + 1)
