"""
Pymemcache's tests against a server.
"""

from __future__ import annotations

from typing import Final

from tests.compat.counting import countPytest
from tests.compat.suite import HOST, Call, Kit, Suite
from tests.compat.suites.bypytest import pytestCall


def _call(kit: Kit, port: int) -> Call:
    tests = kit.folder("pymemcache") / "test"
    return pytestCall(kit, tests, ["-m", "integration", "--server", HOST, "--port", str(port)])


SUITE: Final = Suite(
    name="pymemcache",
    version=lambda kit: kit.version("pymemcache"),
    call=_call,
    count=countPytest,
)
