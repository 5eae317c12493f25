"""
Leaders that do not know yet what users may do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from replkv.commands.logged import decode
from replkv.commands.usercommand import UserCommand
from replkv.testing import rare

if TYPE_CHECKING:
    from replkv.service.assembly import Assembly
    from replkv.testing.cluster.cluster import SimulatedCluster


def watchUnapplied(cluster: SimulatedCluster, assembly: Assembly) -> None:
    """
    Count them, as far as the entries are in memory.
    """
    executor, log, machine = assembly.node.executor, assembly.raft.log, assembly.machine
    lead = executor.lead

    def watched() -> None:
        unapplied = log.recentAfter(machine.appliedIndex)
        isUnsure = any(isinstance(decode(entry.data)[1], UserCommand) for entry in unapplied)
        cluster.rare[rare.USERS_UNAPPLIED] += isUnsure
        lead()

    executor.lead = watched  # type: ignore[method-assign]
