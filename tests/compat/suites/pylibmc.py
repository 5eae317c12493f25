"""
Pylibmc's tests, which are libmemcached's as Python sees it.
"""

from __future__ import annotations

from typing import Final

from tests.compat.counting import countPytest
from tests.compat.suite import HOST, Call, Kit, Suite
from tests.compat.suites.bypytest import pytestCall


def _call(kit: Kit, port: int) -> Call:
    source = kit.source("pylibmc")
    # Those of autoconf ask a server of their own at a port that is always the same.
    options = ["--ignore", str(source / "tests" / "test_autoconf.py")]
    call = pytestCall(kit, source / "tests", options)
    # They import each other as "tests": so they have to run where that is not ours.
    return Call(call.command, {"MEMCACHED_HOST": HOST, "MEMCACHED_PORT": str(port)}, source)


SUITE: Final = Suite(
    name="pylibmc",
    version=lambda kit: kit.version("pylibmc"),
    call=_call,
    count=countPytest,
)
