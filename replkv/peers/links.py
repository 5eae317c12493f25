"""
The ways to all other servers, as the configuration names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from twisted.internet.defer import Deferred, gatherResults

from replkv.peers.identity import Identity
from replkv.peers.link import PeerLink
from replkv.peers.receiver import Unreachable
from replkv.raft.member import Address

MakeLink = Callable[[int, Address], PeerLink]
"""
Makes the way to a server, by its id and where it is.
"""


class Links(Mapping[int, PeerLink]):
    """
    By the id of each other member; and of those who are members by what another server knows, that something can be
    asked of one that leads before this server has learnt from it who it is.

    A server that has moved, or comes with another data folder, has another way: what comes late by the one before is
    not taken for its word.
    """

    def __init__(self, identity: Identity, addresses: Mapping[int, Address], make: MakeLink) -> None:
        """
        @param addresses: where servers are, by id, as far as no configuration says it: those of the servers file.
        """
        self._identity = identity
        self._addresses = addresses
        self._make = make
        self._links: dict[int, PeerLink] = {}
        self._isRunning = False
        self.follow(isCommitted=True)

    def __getitem__(self, peer: int) -> PeerLink:
        return self._links[peer]

    def __iter__(self) -> Iterator[int]:
        return iter(self._links)

    def __len__(self) -> int:
        return len(self._links)

    def start(self) -> None:
        """
        Connect to all, and stay connected.
        """
        self._isRunning = True
        for link in self._links.values():
            link.startService()

    def stop(self) -> Deferred[list[None]]:
        """
        Disconnect.
        """
        self._isRunning = False
        return gatherResults([link.stopService() for link in self._links.values()])

    def addressOf(self, server: int) -> Address | None:
        """
        Where a server is; C{None} where nothing says it.
        """
        for roll in (self._identity.rolls.inForce, self._identity.rolls.elsewhere):
            member = roll.member(server)
            if member is not None and member.address is not None:
                return member.address
        return self._addresses.get(server)

    def follow(self, isCommitted: bool) -> list[PeerLink]:
        """
        Go by who is a member now.

        @param isCommitted: whether that will stay so. Until then, who moves is looked for where it was: without it,
            there may be no majority for its move.
        @return: the ways that are new.
        """
        rolls = self._identity.rolls
        elsewhere = rolls.elsewhere.configuration.ids if rolls.elsewhere.upTo > rolls.settled.upTo else ()
        ids = {*rolls.inForce.configuration.ids, *elsewhere}
        wanted = {peer: address for peer in ids if (address := self.addressOf(peer)) is not None}
        wanted.pop(self._identity.serverId, None)
        heardAt: dict[int, float | None] = {}
        for peer, link in list(self._links.items()):
            hasMoved = isCommitted and link.address != wanted.get(peer)
            isSame = self._isFolderOf(peer, link)
            if peer not in wanted or hasMoved or not isSame:
                heardAt[peer] = link.heardAt if isSame else None
                del self._links[peer]
                if self._isRunning:
                    link.stopService().addErrback(lambda failure: failure.trap(Unreachable))
        new = {peer: self._make(peer, address) for peer, address in wanted.items() if peer not in self._links}
        for peer, link in new.items():
            link.heardAt = heardAt.get(peer)
        self._links.update(new)
        if self._isRunning:
            for link in new.values():
                link.startService()
        return list(new.values())

    def _isFolderOf(self, peer: int, link: PeerLink) -> bool:
        """
        Whether the server at the other end, if any has been there, still is that member, or is it by what another one
        knows.
        """
        if link.life is None:
            return True
        rolls, incarnation = self._identity.rolls, link.life.incarnation
        return not rolls.isReplaced(peer, incarnation) or rolls.isMemberElsewhere(peer, incarnation)
