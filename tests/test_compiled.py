"""
Tests for which modules are compiled where some are.
"""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

import replkv
import replkv.build
from replkv.build import IS_COMPILED
from tests.compiled import isCompiled, requireReplaceable

ROOT = Path(__file__).parents[1]
LISTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["replkv"]


def modules(patterns: list[str]) -> set[str]:
    """
    The names of the modules that a list has.
    """
    top = Path(replkv.__file__).parents[1]
    paths = {path.relative_to(top) for pattern in patterns for path in top.glob(pattern)}
    return {".".join(path.with_suffix("").parts) for path in paths}


class CompiledTests(SynchronousTestCase):
    """
    It is all of them, or none.
    """

    def test_lists(self) -> None:
        """
        What the lists name is there.
        """
        for patterns in LISTS.values():
            for pattern in patterns:
                self.assertNotEqual(modules([pattern]), set(), pattern)

    def test_all(self) -> None:
        """
        All that the build is to compile is compiled, and nothing else is.
        """
        compiled = modules(LISTS["compiled"]) - modules(LISTS["interpreted"])
        for name in sorted(modules(["replkv/**/*.py"]) - {"replkv.__main__"}):
            import_module(name)
            self.assertEqual(isCompiled(name), IS_COMPILED and name in compiled, name)

    def test_replaceable(self) -> None:
        """
        Functions are replaced where that has an effect.
        """
        requireReplaceable(replkv, Path)
        if IS_COMPILED:
            self.assertRaises(SkipTest, requireReplaceable, replkv.build)
