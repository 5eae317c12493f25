"""
What guards the safety of the log is there under C{python -O} too.
"""

from __future__ import annotations

import ast

from twisted.trial.unittest import SynchronousTestCase

from tests.test_layers import modules


class InvariantTests(SynchronousTestCase):
    """
    Tests for the invariants.
    """

    def test_noAsserts(self) -> None:
        """
        Nothing that the safety of the log hangs on is an C{assert}, which C{python -O} leaves out: an
        L{InvariantViolation<replkv.raft.invariants.InvariantViolation>} is raised instead.
        """
        for part in ("raft", "storage", "kv", "node", "peers"):
            for name, tree in modules(part):
                lines = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)]
                self.assertEqual(lines, [], f"{name} has asserts")
