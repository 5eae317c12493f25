"""
Tests that the state machine is a function of the log alone, for any log, any cut into calls, and any crashes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.add import Add
from replkv.commands.append import Append
from replkv.commands.cad import Cad
from replkv.commands.command import LoggedCommand
from replkv.commands.condition import ABSENT, ANY, PRESENT, Condition, Need
from replkv.commands.count import Count
from replkv.commands.decr import Decr
from replkv.commands.deleteprefix import DeletePrefix
from replkv.commands.expire import Expire
from replkv.commands.gat import Gat
from replkv.commands.incr import Incr
from replkv.commands.lifetime import FOREVER, KEPT, OVER, Lifetime
from replkv.commands.logged import encodeClock
from replkv.commands.prepend import Prepend
from replkv.commands.put import Put
from replkv.commands.replace import Replace
from replkv.commands.results import Result
from replkv.commands.scan import Scan
from replkv.commands.steps import If, IfValue, StepDelete, StepGet, StepPut
from replkv.commands.txn import Txn
from replkv.kv.engine import Engine
from replkv.kv.limits import MachineLimits
from replkv.kv.machine import StateMachine
from replkv.kv.memory import MemoryEngine
from replkv.kv.view import View
from replkv.raft.entry import Entry
from replkv.times import FAR_FUTURE
from tests.commands.logged import encodeCas, encodeDelete, encodeSet, encodeTouch
from tests.kv.model import Model
from tests.kv.rocksfolder import RocksFolder

EngineType = TypeVar("EngineType", bound=Engine)

LIMITS = MachineLimits(purged=2, readAhead=3, copiedBytes=1, frontLength=2, gaps=2, leastGone=1)
KEYS = [b"a", b"b", b"ba", b"c", b"d", b"e", b"f", b"\xff"]

RANGES = [(b"", 3, b""), (b"", 9, b"ba"), (b"b", 1, b""), (b"\xff", 1, b"")]

# Times are few and close together, so that deadlines coincide, keys expire at once, and purges fall behind.
_stamps = st.integers(0, 6).map(lambda seconds: seconds * 1000)
_keys = st.sampled_from(KEYS)
_exptimes = st.sampled_from([0, 1, 1, 2, 3, 2**64 - 1])
_values = st.one_of(st.binary(max_size=3), st.sampled_from([b"0", b"9", b"10", b"%d" % (2**64 - 1), b"%d" % 2**64]))
_numbers = st.sampled_from([0, 1, 9, 2**64 - 1])
_conditional = st.one_of(
    st.builds(Add, _keys, _exptimes, _values, st.just(False)),
    st.builds(Replace, _keys, _exptimes, _values, st.just(False)),
    st.builds(Cad, _keys, st.integers(1, 12)),
)
_changing = st.one_of(
    st.builds(Append, _keys, _values, st.just(False), most=st.integers(0, 6)),
    st.builds(Prepend, _keys, _values, st.just(False), most=st.integers(0, 6)),
    st.builds(Incr, _keys, _numbers),
    st.builds(Decr, _keys, _numbers),
)
_lifetimes = st.sampled_from([FOREVER, KEPT, OVER, Lifetime(1), Lifetime(1000), Lifetime(2500), Lifetime(FAR_FUTURE)])
_conditions = st.sampled_from([ANY, ABSENT, PRESENT]) | st.builds(Condition, st.just(Need.VERSION), st.integers(1, 12))
_full = st.one_of(
    st.builds(Put, _keys, st.sampled_from([0, 1, 2**32 - 1]), _lifetimes, _conditions, _values, st.just(False)),
    st.builds(Put, _keys, st.sampled_from([0, 7]), _lifetimes, st.just(ANY), _values, st.just(False)),
    st.builds(Expire, _keys, _lifetimes),
    st.builds(Gat, _keys, _lifetimes),
)
_prefixes = st.sampled_from([b"", b"b", b"ba", b"c", b"\xff", b"zz"])
_flags = st.sampled_from([0, 1, 2**32 - 1])
_expected = st.sampled_from([ABSENT, PRESENT]) | st.builds(Condition, st.just(Need.VERSION), st.integers(1, 12))
_comparisons = st.builds(If, _keys, _expected) | st.builds(IfValue, _keys, _values)
_operations = st.one_of(
    st.builds(StepPut, _keys, _flags, _lifetimes, _values), st.builds(StepDelete, _keys), st.builds(StepGet, _keys)
)
_steps = st.lists(_operations, min_size=1, max_size=6) | st.lists(_comparisons | _operations, min_size=1, max_size=6)
_wide = st.one_of(
    st.builds(Txn, _steps.map(tuple)),
    st.builds(Txn, _steps.map(tuple)),
    st.builds(DeletePrefix, _prefixes, st.sampled_from([0, 0, 3, 9, 2**64 - 1]), st.one_of(st.just(b""), _keys)),
)


def _logged(command: LoggedCommand, stamp: int) -> bytes:
    return command.encode(stamp)


COMMANDS = st.one_of(
    st.builds(encodeSet, _stamps, _keys, _exptimes, _values),
    st.builds(encodeSet, _stamps, _keys, _exptimes, _values),
    st.builds(encodeCas, _stamps, _keys, _exptimes, st.integers(1, 12), _values),
    st.builds(encodeDelete, _stamps, _keys),
    st.builds(encodeTouch, _stamps, _keys, _exptimes),
    st.builds(_logged, _conditional, _stamps),
    st.builds(_logged, _changing, _stamps),
    st.builds(_logged, _full, _stamps),
    st.builds(_logged, _wide, _stamps),
    st.builds(encodeClock, _stamps),
    st.just(b""),
)
LOGS = st.lists(COMMANDS, max_size=40).map(
    lambda log: [Entry(index, 1 + index // 7, data) for index, data in enumerate(log, 1)]
)
# What happens to a server: entries applied in one call, a flush (0), a loss of power (-1).
LIVES = st.lists(st.integers(-1, 9), max_size=12)


def bytesOf(engine: Engine) -> list[tuple[bytes, bytes]]:
    """
    Tell every byte that is in an engine.
    """
    return engine.scan(b"", b"\xff\xff", 10**6)


class DeterminismTests(SynchronousTestCase):
    """
    Tests for L{StateMachine} with L{Model} as its reference. The limits are small, so that short logs reach them.
    """

    def oneByOne(self, log: Sequence[Entry]) -> tuple[list[Result | None], list[tuple[bytes, bytes]]]:
        """
        Apply a log in calls of one entry, and compare with the model after each.

        @return: the results, and the bytes that the engine has in the end.
        """
        engine = MemoryEngine()
        kv = StateMachine(engine, LIMITS)
        model = Model(LIMITS.purged)
        results = []
        for entry in log:
            results.extend(kv.apply([entry]))
            self.assertEqual(results[-1], model.apply(entry))
            self.assertEqual((kv.appliedIndex, kv.appliedTerm), (entry.index, entry.term))
            self.assertEqual((kv.clock, kv.keys, kv.hash), (model.clock, len(model.records), model.hash()))
            self.assertEqual(kv.nextDeadline, model.nextDeadline())
            for key in KEYS:
                self.assertEqual(kv.read(key), model.visible(key))
            view = View(kv, kv.clock)
            for prefix, limit, after in RANGES:
                scan, count = Scan(prefix, limit, after), Count(prefix, after)
                self.assertEqual((scan.tell(view), count.tell(view)), (model.scan(scan), model.count(count)))
        return results, bytesOf(engine)

    def live(
        self, log: Sequence[Entry], life: Sequence[int], engine: EngineType, crash: Callable[[EngineType], EngineType]
    ) -> tuple[EngineType, StateMachine, list[Result | None]]:
        """
        Apply a log in calls of any sizes, with flushes and crashes in between, as C{life} says, to its end.

        @return: the engine and the machine in the end, and the result that each entry had when it was last applied.
        """
        kv = StateMachine(engine, LIMITS)
        results: list[Result | None] = []
        for event in life:
            if event == -1:
                engine = crash(engine)
                kv = StateMachine(engine, LIMITS)
                del results[kv.appliedIndex :]
            elif event == 0:
                kv.flush()
            else:
                results.extend(kv.apply(log[kv.appliedIndex : kv.appliedIndex + event]))
        while kv.appliedIndex < len(log):
            results.extend(kv.apply(log[kv.appliedIndex :]))
        return engine, kv, results

    @settings(derandomize=True, deadline=None, max_examples=300)
    @given(LOGS, LIVES)
    def test_inMemory(self, log: Sequence[Entry], life: Sequence[int]) -> None:
        """
        Any life leaves the results and the bytes that applying entry by entry leaves, which are the model's.
        """
        results, expected = self.oneByOne(log)
        engine, kv, lived = self.live(log, life, MemoryEngine(), MemoryEngine.crash)
        self.assertEqual(lived, results)
        self.assertEqual(bytesOf(engine), expected)
        again = StateMachine(engine, LIMITS)
        self.assertEqual((again.nextDeadline, again.hash), (kv.nextDeadline, kv.hash))

    def test_longCalls(self) -> None:
        """
        The same holds for long logs with many keys that expire, in calls of many entries: in one of them the index of
        these keys is cut, emptied and read on, all before it is written.
        """
        for seed in range(20):
            random = Random(seed)
            stamp = 0
            log = []
            for index in range(1, 201):
                stamp += random.choice((0, 0, 0, 1000, 3000))
                key, exptime = random.choice(KEYS), random.choice((0, 1, 2, 3, 10))
                data = random.choice((encodeSet(stamp, key, exptime, b""), encodeDelete(stamp, key)))
                log.append(Entry(index, 1, data))
            _, expected = self.oneByOne(log)
            engine, _, _ = self.live(
                log, [random.randrange(1, 40) for _ in range(10)], MemoryEngine(), MemoryEngine.crash
            )
            self.assertEqual(bytesOf(engine), expected)

    def test_longCallsOnManyKeys(self) -> None:
        """
        The same holds for commands on many keys, where much of what they meet is yet to be written.
        """
        for seed in range(60):
            random = Random(seed)
            log = []
            for index in range(1, 101):
                stamp = 1000 * (index // 20)
                key, prefix = random.choice(KEYS), random.choice((b"", b"b"))
                put = StepPut(key, 0, random.choice((FOREVER, Lifetime(1500))), b"v")
                data = random.choice(
                    (
                        encodeSet(stamp, key, random.choice((0, 0, 1)), b""),
                        encodeSet(stamp, key, random.choice((0, 0, 1)), b""),
                        encodeDelete(stamp, key),
                        _logged(DeletePrefix(prefix, random.choice((0, index // 2))), stamp),
                        _logged(Txn((StepDelete(random.choice(KEYS)), put)), stamp),
                    )
                )
                log.append(Entry(index, 1, data))
            _, expected = self.oneByOne(log)
            life = [random.randrange(1, 40) for _ in range(10)]
            engine, _, _ = self.live(log, life, MemoryEngine(), MemoryEngine.crash)
            self.assertEqual(bytesOf(engine), expected)

    @settings(derandomize=True, deadline=None, max_examples=25)
    @given(LOGS, LIVES)
    def test_onDisk(self, log: Sequence[Entry], life: Sequence[int]) -> None:
        """
        The same holds on the disk, to the byte.
        """
        results, expected = self.oneByOne(log)
        folder = RocksFolder()
        try:
            engine, _, lived = self.live(log, life, folder.open(), folder.crash)
            self.assertEqual(lived, results)
            self.assertEqual(bytesOf(engine), expected)
            engine.close()
        finally:
            folder.remove()
