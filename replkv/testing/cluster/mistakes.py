"""
Servers that take what another one says for impossible.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from replkv.peers.link import PeerLink
from replkv.raft.member import Address

if TYPE_CHECKING:
    from replkv.service.assembly import Assembly
    from replkv.testing.cluster.cluster import SimulatedCluster


_EXCLUDED: Final = "it is no member any more"
"""
What a connection is closed with that a server had before it was removed or replaced.
"""


def watchMistakes(cluster: SimulatedCluster, own: int, assembly: Assembly) -> None:
    """
    Have the cluster fail where a server says so of one that is in its right mind, as all are but those that have
    forgotten something.

    @param own: the id of the server that is made of C{assembly}.
    """
    mistaken = assembly.peers.mistaken

    def fail(other: int, what: str) -> None:
        if _EXCLUDED in what and cluster.quorums.wasExcluded(other):
            return
        if not any(each.hasForgotten for each in cluster.servers if each.id in (own, other)):
            cluster.fail(f"server {own} does not believe server {other}: {what}")

    def watchedMistaken(sender: int | None, what: str) -> None:
        mistaken(sender, what)
        # A stranger's may be a hello that took too long.
        if sender is not None:
            fail(sender, what)

    def watchLink(link: PeerLink) -> None:
        mistake = link.mistake

        def watchedMistake(reason: str) -> None:
            mistake(reason)
            fail(link.peer, reason)

        link.mistake = watchedMistake  # type: ignore[method-assign]

    assembly.peers.mistaken = watchedMistaken  # type: ignore[method-assign]
    make = assembly.links._make

    def watchedMake(peer: int, address: Address) -> PeerLink:
        link = make(peer, address)
        watchLink(link)
        return link

    assembly.links._make = watchedMake
    for link in assembly.links.values():
        watchLink(link)
