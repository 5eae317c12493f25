"""
What must be so whatever others do, and what happens where it is not.
"""

from __future__ import annotations


class InvariantViolation(Exception):
    """
    An invariant of replkv is broken: it has met an error of its own. The server stops, and must not go on.

    No C{assert}, which C{python -O} leaves out. What another server could bring about is none of these: it is refused
    before it gets so far (L{replkv.raft.validity} and L{replkv.raft.plausibility}).
    """
