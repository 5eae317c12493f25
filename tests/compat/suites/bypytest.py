"""
Has pytest run tests that lie somewhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.compat.suite import Call, Kit

_NONE: Final[Mapping[str, str]] = {}

# No settings but these: whoever wrote the tests had others, and so have we. A test that hangs is one that fails.
_OPTIONS: Final = ["-c", "/dev/null", "-p", "no:cacheprovider", "-v", "--tb=short", "--timeout=60", "-W", "ignore"]


def pytestCall(kit: Kit, tests: Path, options: Sequence[str], environment: Mapping[str, str] = _NONE) -> Call:
    """
    Make the call for it.

    @param tests: a folder or a file.
    @param options: what pytest is told besides.
    """
    folder = tests if tests.is_dir() else tests.parent
    command: list[str | Path] = [kit.python, "-m", "pytest", *_OPTIONS, "--rootdir", folder, *options, tests]
    return Call(command, environment)
