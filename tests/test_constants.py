"""
Constants stay what they are: what tests and simulations want otherwise, such as a small limit, they hand in.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import replkv

REPLKV = Path(replkv.__file__).parent
FOLDERS = (REPLKV / "testing", Path(__file__).parent)

CONSTANT = re.compile(r"_*[A-Z][A-Z0-9_]*")

SETTERS = {"patch", "object", "setattr", "Patch"}
"""
What gives a name in a module or a class another value: trial's and pytest's ways, and those of C{unittest.mock} and of
C{tests/planted}.
"""


def constantsSet(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """
    The constants to which a module gives other values, from outside of where they are: lines and names.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)
            given = [arg.value for arg in node.args[:2] if isinstance(arg, ast.Constant)]
            names = [name for name in given if isinstance(name, str)] if called in SETTERS else []
        elif isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            names = [node.attr]
        else:
            continue
        for name in names:
            if CONSTANT.fullmatch(name.rpartition(".")[2]):
                yield node.lineno, name


class ConstantsTests(SynchronousTestCase):
    """
    The rule.
    """

    def test_none(self) -> None:
        """
        No test, and nothing that tests stand on, gives a constant another value.
        """
        for folder in FOLDERS:
            paths = sorted(folder.rglob("*.py"))
            self.assertGreater(len(paths), 50)
            for path in paths:
                found = list(constantsSet(ast.parse(path.read_text(encoding="utf-8"))))
                self.assertEqual(found, [], path)

    def test_found(self) -> None:
        """
        Each way to do so is found, and nothing else taken for one.
        """
        for line in (
            'self.patch(replkv.raft.log, "MAX_BYTES", 1)',
            'patch("replkv.raft.log._LIMIT", 1)',
            'mock.patch.object(log, "MAX_BYTES", 1)',
            'setattr(log, "MAX_BYTES", 1)',
            'Patch(log, "MAX_BYTES", 1)',
            "log.MAX_BYTES = 1",
            "log.MAX_BYTES += 1",
            "log.first, log.MAX_BYTES = 1, 2",
        ):
            self.assertEqual(len(list(constantsSet(ast.parse(line)))), 1, line)
        for line in (
            'self.patch(os, "environ", {})',
            'self.patch(names, "Thread", Mine)',
            'self.patch(Log, "batch", lambda log, first: MAX_BYTES)',
            "limit = log.MAX_BYTES",
            "MAX_BYTES = 1",
        ):
            self.assertEqual(list(constantsSet(ast.parse(line))), [], line)
