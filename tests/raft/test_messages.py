"""
Tests for L{replkv.raft.messages}.
"""

from __future__ import annotations

import ast
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import replkv
import tests
from replkv.raft.messages import AppendEntries, AppendEntriesReply, RequestVote, RequestVoteReply

MESSAGES = {kind.__name__ for kind in (AppendEntries, AppendEntriesReply, RequestVote, RequestVoteReply)}


class MessageTests(SynchronousTestCase):
    """
    How messages are made.
    """

    def test_accepted(self) -> None:
        """
        What was accepted has no conflict.
        """
        reply = AppendEntriesReply.accepted(term=3, matchIndex=8, prevLogIndex=7, readRound=4)
        self.assertEqual(reply, (3, True, 8, 7, 0, 0, 4, 0))

    def test_rejected(self) -> None:
        """
        What was rejected confirms no entry.
        """
        reply = AppendEntriesReply.rejected(term=3, prevLogIndex=7, conflictIndex=5, conflictTerm=2, readRound=4)
        self.assertEqual(reply, (3, False, 0, 7, 5, 2, 4, 0))

    def test_keywords(self) -> None:
        """
        Nobody makes a message by positions: whoever reads C{AppendEntries(3, 7, 2, 5, 4, batch)} has to count.
        """
        made = 0
        for package in (replkv, tests):
            assert package.__file__ is not None
            for path in Path(package.__file__).parent.rglob("*.py"):
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MESSAGES:
                        made += 1
                        self.assertEqual(node.args, [], f"{path}:{node.lineno}")
        self.assertGreater(made, 20)
