"""
Input of a client that is no command.
"""

from __future__ import annotations

from dataclasses import dataclass

from replkv.wire.settled import Settled


@dataclass(slots=True)
class Malformed(Settled):
    """
    Input that is no command.
    """
