"""
When a history that breaks a promise first does so.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf

from replkv.testing.history import Event, History, Operation, Status
from replkv.testing.linear.search import Undecided
from replkv.testing.outcome import Violation


def judgeInTime(history: History, judge: Callable[[History], None]) -> None:
    """
    Judge a history, and tell of one that breaks a promise when that showed first: what was not seen before is seen from
    then on, whatever comes later.

    @param judge: raises L{Violation} if a history breaks a promise.
    @raise Violation: if this one does. Its last line has the moment.
    """
    try:
        judge(history)
    except Violation as violation:

        def isBroken(count: int) -> bool:
            try:
                judge(_begin(history.events[:count]))
            except Undecided:
                return False
            except Violation:
                return True
            return False

        events = history.events
        first = events[bisect_left(range(len(events)), True, lo=1, key=isBroken) - 1]
        what = f"when operation {first.operation.number} is answered"
        raise Violation(f"{violation}\nit shows first at {first.time:.3f} s, {what}") from None


def _begin(events: Sequence[Event]) -> History:
    """
    The history as it was when these had happened: what has not ended is unknown.
    """
    history = History()
    operations: dict[int, Operation] = {}
    for kind, time, operation in events:
        if kind == "invoke":
            begun = replace(operation, ended=inf, status=Status.UNKNOWN, answer=None)
            operations[operation.number] = begun
            history.began(begun)
        elif kind == Status.FAILED.value:
            history.failed(operations[operation.number], time)
        elif kind == Status.OK.value and operation.answer is not None:
            history.answered(operations[operation.number], operation.answer, time)
        else:
            history.lost(operations[operation.number], time)
    return history
