"""
Tooz's tests of coordination: locks, groups, leaders. They sleep most of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from tests.compat.counting import countPytest, countUnsure
from tests.compat.suite import HOST, Call, Kit, Suite
from tests.compat.suites.bypytest import pytestCall


def _call(kit: Kit, port: int, options: Sequence[str] = ()) -> Call:
    tests = kit.folder("tooz") / "tests" / "test_coordination.py"
    return pytestCall(kit, tests, options, {"TOOZ_TEST_URL": f"memcached://{HOST}:{port}"})


SUITE: Final = Suite(
    name="tooz",
    version=lambda kit: kit.version("tooz"),
    call=_call,
    short=partial(_call, options=["-k", "lock or leader or capabilities"]),
    count=countPytest,
    countDisturbed=countUnsure,
)
"""
It waits up to 30 s for an answer.
"""
