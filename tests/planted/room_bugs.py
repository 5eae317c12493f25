"""
Bugs of servers whose disks are nearly full.
"""

from __future__ import annotations

from typing import Final

from replkv.commands.results import Unavailable
from replkv.frontends.request import Request
from replkv.node.diskspace import DiskSpace
from replkv.node.executor import Executor
from replkv.node.shortages import Shortages
from replkv.storage.files import Space
from tests.planted.bug import Bug, Patch

_carryOut = Executor._carryOut
_found = DiskSpace._found


def _refuseAll(executor: Executor, request: Request) -> None:
    if executor._shortages.takesWrites:
        _carryOut(executor, request)
    else:
        request.answer(Unavailable())


def _fullForGood(space: DiskSpace, found: Space) -> None:
    was = space.isFull
    _found(space, found)
    space.isFull = space.isFull or was


BUGS: Final = (
    Bug(
        "a leader with a nearly full disk takes writes",
        "cluster",
        20,
        (Patch(Shortages, "takesWrites", True),),
    ),
    Bug(
        "a leader with a nearly full disk refuses reads too",
        "cluster",
        20,
        (Patch(Executor, "_carryOut", _refuseAll),),
    ),
    Bug(
        "a disk that was nearly full counts as full for good",
        "cluster",
        20,
        (Patch(DiskSpace, "_found", _fullForGood),),
    ),
    Bug(
        "full disks that a leader of an earlier term has heard of count for good",
        "cluster",
        50,
        (Patch(Shortages, "forget", lambda shortages: None),),
    ),
)
