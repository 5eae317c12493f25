"""
Majorities.
"""

from __future__ import annotations

from collections.abc import Collection


def majority(members: int) -> int:
    """
    How many of C{members} servers are a majority.
    """
    return members // 2 + 1


def agreed(values: Collection[int]) -> int:
    """
    The largest value that a majority has reached.

    @param values: one for every member, this server included.
    """
    return sorted(values)[len(values) - majority(len(values))]
