"""
Input of a client that is no command.
"""

from __future__ import annotations

from dataclasses import dataclass

from replkv.commands.command import Command


@dataclass(slots=True)
class Malformed(Command):
    """
    Input that is no command.

    @ivar close: whether nothing that follows may be taken for a command, so that the connection has to end.
    """

    close: bool
