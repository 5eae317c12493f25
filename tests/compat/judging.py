"""
Has all suites run at memcached and at replkv.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from tests.compat.outcome import Outcome, State
from tests.compat.running import run
from tests.compat.stores import Place, Store, empty
from tests.compat.suite import Call, Kit, Suite
from tests.compat.table import Row

DYING: Final = "while leaders die"
"""
The column of what was run meanwhile.
"""

_TAIL: Final = 15


class Judge:
    """
    Runs suites.

    @ivar folder: where it leaves what they print.
    """

    def __init__(self, kit: Kit, folder: Path, say: Callable[[str], None]) -> None:
        """
        @param say: tells how far it is.
        """
        self.folder = folder
        self._kit = kit
        self._say = say

    def all(self, suites: Sequence[Suite], memcached: Store, replkv: Store) -> Iterator[Row]:
        """
        Run them everywhere, and some once more while leaders die. That comes last, since who leads is another one then.
        """
        rows = []
        for suite in suites:
            call, (first, *others) = suite.call, [*memcached.places, *replkv.places]
            expected = self._judged(suite, call, first, None)
            rows.append(Row(suite.title(self._kit), expected, {}))
            found = {place.name: self._judged(suite, call, place, expected) for place in others}
            rows[-1] = Row(suite.title(self._kit), expected, found)
        for suite, row in zip(suites, rows, strict=True):
            found = dict(row.found)
            if suite.countDisturbed is not None:
                disturbed = replace(suite, count=suite.countDisturbed)
                found[DYING] = self._disturbed(disturbed, replkv, row.expected)
            yield Row(row.title, row.expected, found)

    def some(self, suites: Sequence[Suite], memcached: Store, replkv: Store) -> Iterator[Row]:
        """
        Run a part of each at memcached, and at one server of replkv: another one for each suite.
        """
        for number, suite in enumerate(suites):
            call = suite.short or suite.call
            place = replkv.places[number % len(replkv.places)]
            expected = self._judged(suite, call, memcached.places[0], None)
            yield Row(suite.title(self._kit), expected, {place.name: self._judged(suite, call, place, expected)})

    def _disturbed(self, suite: Suite, replkv: Store, expected: Outcome) -> Outcome:
        spared = replkv.places[-1]
        meanwhile = replkv.disturbance(spared, self._say)
        try:
            return self._judged(suite, suite.call, spared, expected, DYING, meanwhile)
        finally:
            replkv.mend()

    def _judged(
        self,
        suite: Suite,
        call: Callable[[Kit, int], Call],
        place: Place,
        expected: Outcome | None,
        name: str = "",
        meanwhile: Callable[[], None] = lambda: None,
    ) -> Outcome:
        empty(place)
        where = name or place.name
        log = self.folder / f"{suite.name}-{where}.log".replace(" ", "-").replace(",", "")
        text = run(call(self._kit, place.port), log, suite.seconds, meanwhile)
        outcome = suite.count(text)
        self._say(f"{suite.name}, {where}: {_told(outcome)}")
        lacks = outcome.lacks(expected) if expected else []
        if lacks or not outcome.count(State.PASSED):
            end = "\n".join(f"    {line}" for line in text.splitlines()[-_TAIL:])
            self._say(f"  not passed: {', '.join(lacks)}\n  the end of {log}:\n{end}")
        return outcome


def _told(outcome: Outcome) -> str:
    counts = [(state.value, outcome.count(state)) for state in State]
    return ", ".join(f"{count} {word}" for word, count in counts if count) or "nothing was told"
