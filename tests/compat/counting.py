"""
Counts the tests in what a suite has printed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from tests.compat.outcome import Outcome, State, worst

_PYTEST_LINE: Final = re.compile(
    r"(?:\S*/)?([^/\s]+::.+?) (PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS)(?: \(.*)?(?: +\[ *\d+%\])?"
)
_PYTEST_STATES: Final = {
    "PASSED": State.PASSED,
    "FAILED": State.FAILED,
    "ERROR": State.FAILED,
    "SKIPPED": State.SKIPPED,
    "XFAIL": State.SKIPPED,
    "XPASS": State.FAILED,
}

_PYTEST_FAILURE: Final = re.compile(r"^_{3,} (\S+) _{3,}$", re.MULTILINE)
_UNSURE: Final = "it may have been done"

_UNITTEST_NAME: Final = re.compile(r"\s*(test\w*) \(")
_UNITTEST_END: Final = re.compile(r"(?:.*\.\.\. )?(ok|FAIL|ERROR|skipped '.*'|skipped \".*\"|expected failure)")

_MEMCAPABLE_NAME: Final = re.compile(r"((?:ascii|binary) \w[\w ]*?) {2,}(\[pass\])?")

_MARK: Final = re.compile(r"(passed|failed|skipped) (\S+)")

_MEMASLAP_WRONG: Final = re.compile(r"(get_misses|verify_misses|verify_failed|expired_get|unexpired_unget): (\d+)")
_MEMASLAP_END: Final = re.compile(r"Run time: \S+ Ops: ([1-9]\d*) ")

_MEMCSLAP_DONE: Final = re.compile(r"Time to (\w+) +(\d+) keys by +\d+ threads: .*")


def countPytest(text: str) -> Outcome:
    """
    What C{pytest -v} has told. A test that passed and could not be taken down has failed.
    """
    told = defaultdict(list)
    for line in text.splitlines():
        if found := _PYTEST_LINE.fullmatch(line.rstrip()):
            told[found[1]].append(_PYTEST_STATES[found[2]])
    return worst(told)


def countUnsure(text: str) -> Outcome:
    """
    The same, but a test is told apart that failed since replkv said that something may have been done: then no leader
    was there to say more, and few clients know what to do about it.
    """
    outcome = countPytest(text)
    # What stands before the first test that failed, and then by turns the name of one, and how it failed.
    _, *parts = _PYTEST_FAILURE.split(text)
    unsure = {
        "::" + name.replace(".", "::") for name, part in zip(parts[::2], parts[1::2], strict=True) if _UNSURE in part
    }
    failed = [name for name, state in outcome.tests.items() if state is State.FAILED]
    told = {name: State.UNSURE for name in failed if any(name.endswith(end) for end in unsure)}
    return Outcome({**outcome.tests, **told})


def countUnittest(text: str) -> Outcome:
    """
    What C{unittest} has told with all its words. Where a test has a docstring, that stands on the line below its name,
    and what comes of the test behind it; where it printed something itself, on a line of its own.
    """
    told = defaultdict(list)
    name = ""
    for line in text.splitlines():
        if found := _UNITTEST_NAME.match(line):
            name = found[1]
        if name and (found := _UNITTEST_END.fullmatch(line)):
            word = found[1].split()[0]
            states = {"ok": State.PASSED, "skipped": State.SKIPPED, "expected": State.SKIPPED}
            told[name].append(states.get(word, State.FAILED))
    return worst(told)


def countMemcapable(text: str) -> Outcome:
    """
    What C{memcapable} has told. What went wrong stands in brackets too, often on more than one line.
    """
    names = [found for line in text.splitlines() if (found := _MEMCAPABLE_NAME.match(line))]
    return Outcome({found[1]: State.PASSED if found[2] else State.FAILED for found in names})


def countMarks(text: str) -> Outcome:
    """
    What our own scripts tell: a line for each test, with a word and its name.
    """
    lines = (_MARK.fullmatch(line) for line in text.splitlines())
    return Outcome({found[2]: State(found[1]) for found in lines if found})


def countMemaslap(text: str) -> Outcome:
    """
    What C{memaslap} has told: whether it came to its end, and what it says has gone wrong never did.
    """
    ended = _MEMASLAP_END.search(text)
    tests = {"operations": State.PASSED if ended else State.FAILED}
    for found in _MEMASLAP_WRONG.finditer(text):
        tests[found[1]] = State.FAILED if int(found[2]) else State.PASSED
    return Outcome(tests)


def countMemcslap(text: str, expected: int) -> Outcome:
    """
    What C{memcslap} has told. It takes errors lightly, and has then done fewer.

    @param expected: how many keys each kind of test is to do.
    """

    def done() -> Iterator[tuple[str, State]]:
        for line in text.splitlines():
            if found := _MEMCSLAP_DONE.fullmatch(line):
                yield found[1], State.PASSED if int(found[2]) == expected else State.FAILED

    return Outcome(dict(done()))
