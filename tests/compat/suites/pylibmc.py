"""
Pylibmc's tests, which are libmemcached's as Python sees it. Those of the binary protocol are made to speak text:
memcached's own authors advise against the former.
"""

from __future__ import annotations

from typing import Final

from tests.compat.counting import countPytest
from tests.compat.suite import HOST, Call, Kit, Suite
from tests.compat.suites.bypytest import pytestCall

# It asks a server of its own, at a port that is always the same.
_ELSEWHERE: Final = "test_autoconf.py"


def _call(kit: Kit, port: int) -> Call:
    source = kit.source("pylibmc")
    # They import each other as "tests": so they have to be called that, and run where ours are not.
    folder = source / "compat"
    tests = folder / "tests"
    tests.mkdir(parents=True, exist_ok=True)
    for path in (source / "tests").glob("*.py"):
        text = path.read_text(encoding="utf-8").replace("binary=True", "binary=False")
        (tests / path.name).write_text(text, encoding="utf-8")
    call = pytestCall(kit, tests, ["--ignore", str(tests / _ELSEWHERE)])
    return Call(call.command, {"MEMCACHED_HOST": HOST, "MEMCACHED_PORT": str(port)}, folder)


SUITE: Final = Suite(
    name="pylibmc",
    version=lambda kit: kit.version("pylibmc"),
    call=_call,
    count=countPytest,
)
