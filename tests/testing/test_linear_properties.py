"""
Properties of the linearizability checker that hold for any history.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import inf
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.add import Add
from replkv.commands.cad import Cad
from replkv.commands.cas import Cas
from replkv.commands.condition import Need
from replkv.commands.delete import Delete
from replkv.commands.expire import Expire
from replkv.commands.extend import ExtendCommand
from replkv.commands.put import Put
from replkv.commands.touch import Touch
from replkv.testing.history import Answer, History, Operation, Status, Told
from replkv.testing.linear.clocks import ClockBound
from replkv.testing.linear.search import MOST_PREFIXES, checkLinearizable
from replkv.testing.linear.values import UpdateCommand
from replkv.testing.linear.versions import checkVersions
from replkv.testing.outcome import Violation
from tests.testing.atomicstore import AtomicStore, Load
from tests.testing.bruteforce import isLinearizable

seeds = st.integers(0, 2**32 - 1)


def draw(random: Random, operations: int, keys: int) -> Load:
    """
    What clients do.
    """
    changing = random.choice([0.0, 0.0, 0.4])
    return Load(
        operations=operations,
        clients=random.randint(1, 6),
        depth=random.choice([1, 2, 5]),
        keys=keys,
        # Of values that are made of each other, little may be unknown, or all orders have to be tried.
        unknown=random.choice([0.0, 0.1, 0.1 if changing else 0.5]),
        expiring=random.choice([0.0, 0.5, 1.0]),
        noreply=random.choice([0.0, 0.1, 0.5]),
        changing=changing,
        full=random.choice([0.0, 0.0, 0.3]),
        repeated=random.choice([0.0, 0.0, 0.5]),
        grid=random.choice([0.0, 0.25, 0.5]),
        jitter=random.choice([0.0, 0.1]),
        jumps=random.random() < 0.3,
    )


def bound(load: Load) -> ClockBound:
    """
    How far the clocks may be trusted then.
    """
    return ClockBound.wild() if load.jumps else ClockBound.exact(2 * load.jitter + 0.01)


def blur(random: Random, history: History) -> None:
    """
    Let it be less well known when operations took effect.
    """
    furthest = random.choice([0.0, 1.0, 3.0])
    for operation in history.operations:
        operation.invoked = max(0.0, operation.invoked - round(random.uniform(0, furthest) * 2) / 2)
        operation.ended += round(random.uniform(0, furthest) * 2) / 2
    if random.random() < 0.2:
        for operation in history.operations:
            operation.connection = None


def lose(random: Random, history: History) -> None:
    """
    Let an outcome be unknown.
    """
    operation = random.choice(history.operations)
    operation.status, operation.answer, operation.ended = Status.UNKNOWN, None, inf


def spoil(random: Random, history: History) -> None:
    """
    Tell something else of an operation than what was true.
    """
    told = [operation for operation in history.operations if operation.status is Status.OK]
    if not told:
        return
    operation = random.choice(told)
    answer = operation.answer
    assert answer is not None
    kind = random.random()
    if kind < 0.15:
        operation.status, operation.answer = Status.FAILED, None
    elif kind < 0.3:
        operation.ended = max(operation.invoked, operation.ended + random.choice([-1.0, -0.5, 0.5, 2.0]))
    elif kind < 0.45:
        operation.invoked = min(operation.ended, max(0.0, operation.invoked + random.choice([-1.0, -0.5, 0.5, 2.0])))
    elif kind < 0.6 and answer.version is not None:
        operation.answer = answer._replace(version=max(1, answer.version + random.choice([-2, -1, 1, 2])))
    elif kind < 0.7 and answer.left is not None:
        operation.answer = answer._replace(left=max(0, answer.left + random.choice([-2, -1, 1, 2])))
    elif kind < 0.85:
        alike = [other.answer for other in told if type(other.command) is type(operation.command)]
        operation.answer = random.choice(alike)
    else:
        operation.answer = _opposite(operation, answer)


def mix(random: Random, history: History) -> None:
    """
    Let two stores have each other's version, and all be asked at once: what is left is the order of connections, and
    that of versions.
    """
    stored = [operation for operation in history.operations if _given(operation)]
    if len(stored) > 1:
        one, other = random.sample(stored, 2)
        one.answer, other.answer = other.answer, one.answer
    for operation in history.operations:
        operation.invoked = 0.0
        operation.ended = max(operation.ended, 99.0)


def _given(operation: Operation) -> bool:
    return operation.answer is not None and operation.answer.told is Told.STORED


def _opposite(operation: Operation, answer: Answer) -> Answer:
    """
    An answer that the command can have, and that says the opposite.
    """
    if isinstance(operation.command, UpdateCommand):
        if answer.told is not Told.NOT_FOUND:
            return Answer(Told.NOT_FOUND)
        return Answer(Told.TOO_LARGE if isinstance(operation.command, ExtendCommand) else Told.NO_NUMBER)
    if isinstance(operation.command, Add):
        return Answer(Told.EXISTS) if answer.told is Told.STORED else answer
    if answer.told in (Told.FOUND, Told.DELETED, Told.TOUCHED, Told.WRONG_VERSION):
        return Answer(Told.NOT_FOUND)
    if isinstance(operation.command, Delete | Cad):
        return Answer(Told.DELETED)
    if isinstance(operation.command, Touch) or type(operation.command) is Expire:
        return Answer(Told.TOUCHED)
    if isinstance(operation.command, Put) and operation.command.condition.need is Need.ABSENT:
        return Answer(Told.EXISTS) if answer.told is Told.STORED else answer
    return Answer(Told.WRONG_VERSION) if isinstance(operation.command, Cas) else answer


def accepts(history: History, clocks: ClockBound, most: int = MOST_PREFIXES) -> bool:
    """
    Whether the checker has nothing against a history.
    """
    try:
        checkLinearizable(history, clocks, most)
    except Violation:
        return False
    return True


class LinearProperties(SynchronousTestCase):
    """
    Properties of the checker.
    """

    @settings(derandomize=True, deadline=None, max_examples=300)
    @given(seeds)
    def test_trueHistories(self, seed: int) -> None:
        """
        What one store answered is accepted, versions and all, also where less is known of it.
        """
        random = Random(seed)
        load = draw(random, random.randint(1, 80), random.randint(1, 3))
        history = AtomicStore(random, load).history()
        checkVersions(history)
        checkLinearizable(history, bound(load))
        lose(random, history)
        blur(random, history)
        checkLinearizable(history, bound(load))

    def test_bruteForce(self) -> None:
        """
        On small histories, the verdict is that of trying everything. Both verdicts are often right.
        """
        verdicts: Counter[bool] = Counter()

        @settings(derandomize=True, deadline=None, max_examples=2000)
        @given(seeds)
        def agrees(seed: int) -> None:
            random = Random(seed)
            load = draw(random, random.randint(4, 6), 1)
            history = AtomicStore(random, load).history()
            if random.random() < 0.5:
                blur(random, history)
            for _ in range(random.randint(2, 5)):
                spoil(random, history)
            verdict = isLinearizable(history, bound(load))
            verdicts[verdict] += 1
            self.assertEqual(accepts(history, bound(load)), verdict)

        agrees()
        self.assertGreater(min(verdicts[True], verdicts[False]), sum(verdicts.values()) // 5)

    def test_wholeStore(self) -> None:
        """
        Over several keys, nothing is rejected that trying everything accepts, and of what that rejects, hardly anything
        is accepted: where it takes more than one key to show it, too.
        """
        verdicts: Counter[tuple[bool, bool]] = Counter()

        @settings(derandomize=True, deadline=None, max_examples=600)
        @given(seeds)
        def agrees(seed: int) -> None:
            random = Random(seed)
            load = replace(draw(random, random.randint(4, 6), 2), clients=2, depth=3)
            history = AtomicStore(random, load).history()
            mix(random, history)
            possible = isLinearizable(history, bound(load))
            found = accepts(history, bound(load))
            verdicts[possible, found] += 1
            self.assertTrue(found or not possible)

        agrees()
        self.assertGreater(min(verdicts[True, True], verdicts[False, False]), 40)
        self.assertLess(verdicts[False, True], 10)

    def test_spoiltHistories(self) -> None:
        """
        Long histories of which something is not true are judged in few steps, whatever the verdict.
        """
        verdicts: Counter[bool] = Counter()

        @settings(derandomize=True, deadline=None, max_examples=60)
        @given(seeds)
        def decided(seed: int) -> None:
            random = Random(seed)
            load = replace(draw(random, 300, random.randint(1, 5)), unknown=0.05, repeated=0.0)
            history = AtomicStore(random, load).history()
            for _ in range(3):
                spoil(random, history)
            verdicts[accepts(history, bound(load), most=3000)] += 1

        decided()
        self.assertGreater(min(verdicts[True], verdicts[False]), 5)
