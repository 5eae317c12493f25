"""
Pymemcache's tests against a server.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.compat.counting import countPytest
from tests.compat.suite import HOST, Call, Kit, Suite


def _call(kit: Kit, port: int) -> Call:
    tests = kit.folder("pymemcache") / "test"
    pytest: list[str | Path] = [
        kit.python,
        "-m",
        "pytest",
        "-c",
        "/dev/null",
        "--rootdir",
        tests,
        "-p",
        "no:cacheprovider",
    ]
    server = ["--server", HOST, "--port", str(port)]
    command = [*pytest, "-v", "--tb=short", "--timeout=60", "-W", "ignore", "-m", "integration", *server, tests]
    return Call(command)


SUITE: Final = Suite(
    name="pymemcache",
    version=lambda kit: kit.version("pymemcache"),
    call=_call,
    count=countPytest,
)
