"""
What needs nobody to answer it.
"""

from __future__ import annotations

from dataclasses import dataclass

from replkv.commands.command import Command


@dataclass(slots=True)
class Settled(Command):
    """
    Input to which the protocol itself has the answer.

    @ivar close: whether nothing that follows may be taken for a command, so that the connection has to end.
    """

    close: bool
