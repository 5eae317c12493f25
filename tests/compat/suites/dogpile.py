"""
The tests that dogpile.cache has for memcached, by way of three clients.
"""

from __future__ import annotations

from typing import Final

from tests.compat.counting import countPytest
from tests.compat.suite import Call, Kit, Suite
from tests.compat.suites.bypytest import pytestCall


def _call(kit: Kit, port: int) -> Call:
    source = kit.source("dogpile_cache")
    options = ["-o", "python_classes=*Test", "-m", "not time_intensive", "-k", "not BMemcached and not TLS"]
    call = pytestCall(kit, source / "tests" / "cache" / "test_memcached_backend.py", options)
    return Call(call.command, {"DOGPILE_MEMCACHED_PORT": str(port)}, source)


SUITE: Final = Suite(
    name="dogpile.cache",
    version=lambda kit: kit.version("dogpile.cache"),
    call=_call,
    count=countPytest,
)
