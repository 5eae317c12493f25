"""
All known bugs.
"""

from __future__ import annotations

from typing import Final

from tests.planted import (
    batch_bugs,
    client_bugs,
    clock_bugs,
    command_bugs,
    core_bugs,
    disk_bugs,
    forward_bugs,
    member_bugs,
    memory_bugs,
    peer_bugs,
    range_bugs,
    room_bugs,
    snapshot_bugs,
    state_bugs,
    user_bugs,
)

BUGS: Final = (
    *core_bugs.BUGS,
    *batch_bugs.BUGS,
    *member_bugs.BUGS,
    *disk_bugs.BUGS,
    *memory_bugs.BUGS,
    *snapshot_bugs.BUGS,
    *client_bugs.BUGS,
    *peer_bugs.BUGS,
    *clock_bugs.BUGS,
    *command_bugs.BUGS,
    *range_bugs.BUGS,
    *room_bugs.BUGS,
    *state_bugs.BUGS,
    *user_bugs.BUGS,
    *forward_bugs.BUGS,
)
