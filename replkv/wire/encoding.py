"""
From a command to the bytes that ask a server for it.
"""

from __future__ import annotations

from replkv.commands.command import Command
from replkv.wire.grammar import GRAMMARS


def encodeCommand(command: Command) -> bytes:
    """
    Make the line of a command, and its value block where it has one.
    """
    return GRAMMARS[command.WORD].write(command)
