"""
Tests for L{replkv.testing.sim.shrink}.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from unittest.mock import patch

from twisted.trial.unittest import SynchronousTestCase

from replkv.testing.outcome import Outcome
from replkv.testing.sim.case import Case
from replkv.testing.sim.shrink import Shrunk, kindOf, shrink
from replkv.testing.tiers import Tier
from tests.testing.sim.fake import FAKE

MADE_UP = Tier("made up", f"{__name__}.simulate")


def simulate(
    seed: int,
    faults: Collection[int] | None = None,
    clients: Collection[int] | None = None,
    tell: Callable[[str], None] | None = None,
) -> Outcome:
    """
    Stands in for whatever a test wants to have.
    """
    raise NotImplementedError


class ShrinkTests(SynchronousTestCase):
    """
    What is left of a run that fails.
    """

    def shrink(
        self,
        fails: Callable[[frozenset[int], frozenset[int]], bool],
        allFaults: int,
        allClients: int,
        most: int = 1000,
        violation: str = "broken",
    ) -> tuple[Shrunk, list[tuple[frozenset[int], frozenset[int]]]]:
        """
        Shrink a run.

        @param fails: which faults and clients make it fail.
        @param violation: how the run fails that is to be shrunk.
        @return: what was found, and what was tried.
        """
        tried: list[tuple[frozenset[int], frozenset[int]]] = []

        def simulated(seed: int, faults: Collection[int], clients: Collection[int], tell: object) -> Outcome:
            tried.append((frozenset(faults), frozenset(clients)))
            violation = "broken" if fails(*tried[-1]) else None
            return Outcome("made up", seed, violation=violation, faults=allFaults, clients=allClients)

        with patch(f"{__name__}.simulate", simulated):
            failed = Outcome("made up", 17, violation=violation, faults=allFaults, clients=allClients)
            return shrink(Case(MADE_UP, 17), failed, most), tried

    def test_smallest(self) -> None:
        """
        Only what is needed is left, and few runs are needed to find it.
        """
        case = Case(FAKE, 17)
        found = shrink(case, case.simulate())
        self.assertEqual((found.case, found.done), (Case(FAKE, 17, (3, 5), (2,)), True))
        self.assertLess(found.runs, 40)

    def test_nothingNeeded(self) -> None:
        """
        What fails by itself is left with nothing, at once.
        """
        found, tried = self.shrink(lambda faults, clients: True, 100, 100)
        self.assertEqual(found, Shrunk(Case(MADE_UP, 17, (), ()), 1, True))
        self.assertEqual(tried, [(frozenset(), frozenset())])

    def test_oneKindNeeded(self) -> None:
        """
        Where faults are needed and clients are not, or the other way round, that is found.
        """
        found, _ = self.shrink(lambda faults, clients: 70 in faults, 100, 100)
        self.assertEqual(found.case, Case(MADE_UP, 17, (70,), ()))
        found, _ = self.shrink(lambda faults, clients: 70 in clients, 100, 100)
        self.assertEqual(found.case, Case(MADE_UP, 17, (), (70,)))

    def test_raises(self) -> None:
        """
        How many there are of each is known even if the run with all of them raises.
        """

        def fails(faults: frozenset[int], clients: frozenset[int]) -> bool:
            if {3, 4} <= faults:
                raise ValueError("the simulation has an error")
            return False

        found, _ = self.shrink(fails, 8, 2, violation="the simulation raised ValueError('with another reason')")
        self.assertEqual(found.case, Case(MADE_UP, 17, (3, 4), ()))

    def test_otherFailure(self) -> None:
        """
        What fails in another way is not taken for the failure that is looked for, not even where nothing is left.
        """

        def fails(faults: frozenset[int], clients: frozenset[int]) -> bool:
            if 3 not in faults:
                raise ValueError("that is another failure")
            return 4 in faults

        found, _ = self.shrink(fails, 8, 2)
        self.assertEqual(found.case, Case(MADE_UP, 17, (3, 4), ()))

    def test_kinds(self) -> None:
        """
        Failures are of one kind if they differ in names and numbers alone.
        """
        self.assertEqual(kindOf("key 'k1' is not well: 3 of 4\nmore"), kindOf("key 'k2' is not well: 5 of 6\nother"))
        self.assertEqual(kindOf("server 1 leads no more"), kindOf("server 2 leads no more"))
        self.assertNotEqual(kindOf("server 1 leads no more"), kindOf("server 1 leads twice"))

    def test_allNeeded(self) -> None:
        """
        Where everything is needed, nothing is named; no run is tried twice.
        """
        found, tried = self.shrink(lambda faults, clients: len(faults) == 5 and len(clients) == 3, 5, 3)
        self.assertEqual(found, Shrunk(Case(MADE_UP, 17), len(tried), True))
        self.assertEqual(len(set(tried)), len(tried))

    def test_neededForOther(self) -> None:
        """
        A fault is tried again when the client has gone, or the other fault, that it was needed for.
        """
        found, _ = self.shrink(lambda faults, clients: 0 in faults and (1 in faults or 0 not in clients), 2, 1)
        self.assertEqual(found.case, Case(MADE_UP, 17, (0,), ()))
        found, _ = self.shrink(lambda faults, clients: 2 in faults and (0 in faults or 1 not in faults), 3, 0)
        self.assertEqual(found.case, Case(MADE_UP, 17, (2,)))

    def test_bounded(self) -> None:
        """
        When the runs are spent, the smallest so far is what there is.
        """
        found, tried = self.shrink(lambda faults, clients: 1 in faults, 1024, 0, most=5)
        self.assertEqual((found.runs, len(tried), found.done), (5, 5, False))
        self.assertEqual(found.case.faults, tuple(range(512)))
