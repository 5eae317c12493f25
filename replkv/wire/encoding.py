"""
From a command to the bytes that ask a server for it.
"""

from __future__ import annotations

from replkv.commands.command import Command
from replkv.commands.txn import Txn
from replkv.wire.grammar import GRAMMARS, STEP_GRAMMARS


def encodeCommand(command: Command) -> bytes:
    """
    Make the line of a command, and its value block, or the lines that belong to it, where it has such.
    """
    line = GRAMMARS[command.WORD].write(command)
    if isinstance(command, Txn):
        return b"".join([line, *(STEP_GRAMMARS[step.WORD].write(step) for step in command.steps)])
    return line
