"""
Servers that go on from a snapshot, or were about to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from replkv.storage.snapshot import IncomingSnapshot, Manifest
from replkv.testing import rare

if TYPE_CHECKING:
    from replkv.service.assembly import Assembly
    from replkv.testing.cluster.cluster import SimulatedCluster


def watchInstalls(cluster: SimulatedCluster, assembly: Assembly) -> None:
    """
    Count what is rare about them.
    """
    fetcher, installer = assembly.installer._fetcher, assembly.installer
    begin, offer, placed = fetcher._begin, installer.offer, installer.placed

    async def watchedBegin(manifest: Manifest) -> IncomingSnapshot:
        before = fetcher._incoming
        hasSome = before is not None and (before.file, before.offset) > (0, 0)
        incoming = await begin(manifest)
        if hasSome:
            cluster.rare[rare.SNAPSHOT_RESUMED if incoming is before else rare.SNAPSHOT_SUPERSEDED] += 1
        return incoming

    def watchedOffer() -> None:
        before = installer._fetched
        offer()
        if before is not None and installer._fetched is None and before not in installer._taken:
            cluster.rare[rare.SNAPSHOT_LATE] += 1

    def watchedPlaced(seq: int) -> None:
        cluster.rare[rare.SNAPSHOT] += sum(done <= seq for done in installer._placing)
        placed(seq)

    fetcher._begin = watchedBegin  # type: ignore[method-assign]
    installer.offer = watchedOffer  # type: ignore[method-assign]
    installer.placed = watchedPlaced  # type: ignore[method-assign]


def noteCrash(cluster: SimulatedCluster, assembly: Assembly) -> None:
    """
    A server ends, at whatever moment.
    """
    installer = assembly.installer
    if installer._fetching is not None:
        cluster.rare[rare.CRASH_IN_FETCH] += 1
    if installer._taken or installer._placing:
        cluster.rare[rare.CRASH_IN_INSTALL] += 1
