"""
Tooz's tests of coordination: locks, groups, leaders. They sleep most of the time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.compat.counting import countPytest
from tests.compat.suite import HOST, Call, Kit, Suite

_SHORT: Final = "lock or leader or capabilities"


def _call(kit: Kit, port: int) -> Call:
    tests = kit.folder("tooz") / "tests" / "test_coordination.py"
    pytest: list[str | Path] = [
        kit.python,
        "-m",
        "pytest",
        "-c",
        "/dev/null",
        "--rootdir",
        tests.parent,
        "-p",
        "no:cacheprovider",
    ]
    command = [*pytest, "-v", "--tb=short", "--timeout=60", "-W", "ignore", tests]
    return Call(command, {"TOOZ_TEST_URL": f"memcached://{HOST}:{port}"})


def _short(kit: Kit, port: int) -> Call:
    call = _call(kit, port)
    return Call([*call.command, "-k", _SHORT], call.environment)


SUITE: Final = Suite(
    name="tooz",
    version=lambda kit: kit.version("tooz"),
    call=_call,
    short=_short,
    count=countPytest,
    bearsKills=True,
)
"""
It waits up to 30 s for an answer.
"""
