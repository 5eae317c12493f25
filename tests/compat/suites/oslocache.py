"""
The tests that oslo.cache has for a running memcached: its pool of python-memcached's clients, and pymemcache.
"""

from __future__ import annotations

from typing import Final

from tests.compat.counting import countPytest
from tests.compat.suite import Call, Kit, Suite
from tests.compat.suites.bypytest import pytestCall

_BACKENDS: Final = ["memcache_pool", "dogpile_cache_pymemcache"]


def _call(kit: Kit, port: int) -> Call:
    tests = kit.folder("oslo_cache") / "tests" / "functional"
    # What all of them inherit from is no test of its own, though pytest takes it for one.
    others = [f"--ignore={path}" for path in sorted(tests.iterdir()) if path.name not in _BACKENDS]
    return pytestCall(kit, tests, others, {"OSLO_CACHE_TEST_MEMCACHED_PORT": str(port)})


SUITE: Final = Suite(
    name="oslo.cache",
    version=lambda kit: kit.version("oslo.cache"),
    call=_call,
    count=countPytest,
)
