"""
The tests of the client that is called memcache: it speaks the meta protocol and nothing else.
"""

from __future__ import annotations

import re
from typing import Final

from tests.compat.counting import countPytest
from tests.compat.suite import HOST, Call, Kit, Suite
from tests.compat.suites.bypytest import pytestCall

_ADDRESS: Final = re.compile(r'\("localhost", \d+\)')
_NO_ADDRESS: Final = "memcache.Memcache(pool_size"


def _call(kit: Kit, port: int) -> Call:
    source = kit.source("memcache")
    tests = (source / "tests" / "test_client.py").read_text(encoding="utf-8")
    # The port stands in them.
    address = f'("{HOST}", {port})'
    tests = _ADDRESS.sub(address, tests).replace(_NO_ADDRESS, f"memcache.Memcache({address}, pool_size")
    there = source / "compat"
    there.mkdir(exist_ok=True)
    (there / "test_client.py").write_text(tests, encoding="utf-8")
    # It is not installed, since another client is called so too.
    return pytestCall(kit, there, [], {"PYTHONPATH": str(source)})


SUITE: Final = Suite(
    name="memcache",
    version=lambda kit: kit.source("memcache").name.rpartition("-")[2],
    call=_call,
    count=countPytest,
)
