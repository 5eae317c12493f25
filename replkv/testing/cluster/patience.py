"""
Commands that wait until their time is up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from replkv.testing import rare

if TYPE_CHECKING:
    from replkv.service.assembly import Assembly
    from replkv.testing.cluster.cluster import SimulatedCluster


def watchPatience(cluster: SimulatedCluster, assembly: Assembly) -> None:
    """
    Count them. Whether a server may let them wait for so long is for L{Availability
    <replkv.testing.cluster.availability.Availability>} to say.
    """
    executor = assembly.node.executor
    tick = executor.tick

    def watched() -> None:
        now = executor._clock.seconds()
        late = [request for due, request in executor._deadlines._queue if due <= now and not request.isAnswered]
        cluster.rare[rare.TIMED_OUT] += len(late)
        tick()

    executor.tick = watched  # type: ignore[method-assign]
