"""
Commands that servers pass on to the one that leads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from replkv.commands.command import ReadCommand
from replkv.frontends.request import Request
from replkv.node.forwarder import Box
from replkv.peers.forwards import ForwardReplies
from replkv.testing import rare

if TYPE_CHECKING:
    from replkv.service.assembly import Assembly
    from replkv.testing.cluster.cluster import SimulatedCluster


def watchForwarding(cluster: SimulatedCluster, assembly: Assembly) -> None:
    """
    Count what comes of them.
    """
    forwarder = assembly.node._forwarder
    told, lost = forwarder.told, forwarder.lost

    def watchedTold(box: Box, answer: ForwardReplies) -> list[Request]:
        before = len(box.requests)
        again = told(box, answer)
        cluster.rare[rare.FORWARDED] += before - len(box.requests)
        cluster.rare[rare.FORWARDED_IN_PARTS] += not answer.isWhole
        cluster.rare[rare.FORWARDED_AGAIN] += len(again)
        return again

    def watchedLost(box: Box) -> list[Request]:
        isWaited = [not request.isAnswered for request in box.requests]
        writes = [not isinstance(request.command, ReadCommand) for request in box.requests]
        cluster.rare[rare.FORWARD_LOST] += sum(map(bool.__and__, isWaited, writes))
        again = lost(box)
        cluster.rare[rare.FORWARDED_AGAIN] += len(again)
        return again

    forwarder.told = watchedTold  # type: ignore[method-assign]
    forwarder.lost = watchedLost  # type: ignore[method-assign]
