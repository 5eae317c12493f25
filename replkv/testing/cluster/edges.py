"""
Values that are just as long as makes whole pieces of what servers send each other and write to their disks.
"""

from __future__ import annotations

from copy import copy
from random import Random
from typing import Final

from replkv.commands.command import StoreCommand
from replkv.peers.argument import PART_BYTES
from replkv.raft.entry import Batch, Entry
from replkv.testing.files import SECTOR_BYTES

_EDGES: Final = ((PART_BYTES, 2), (SECTOR_BYTES, 8))
"""
Of how many bytes a piece is, and how many pieces there are at the most.
"""


def atEdge(command: StoreCommand, random: Random) -> StoreCommand:
    """
    Make a command's value longer, so that a batch that has it alone is encoded in as many bytes as some pieces have, or
    one more, or one less. It stays as it is where it is too long for that.
    """
    piece, most = random.choice(_EDGES)
    size = piece * random.randint(1, most) + random.randint(-1, 1)
    rest = encodedSize(command) - len(command.value)
    longer = copy(command)
    longer.value = command.value.ljust(size - rest, b".")
    return longer


def encodedSize(command: StoreCommand) -> int:
    """
    In how many bytes a batch is encoded that has this command alone.
    """
    return len(Batch((Entry(1, 1, command.encode(0)),)).encoded)
