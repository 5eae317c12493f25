"""
How the members are, as one server knows it, and all that goes by who they are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from replkv.lives import Life
from replkv.peers.identity import Identity
from replkv.peers.link import PeerLink
from replkv.peers.links import Links
from replkv.peers.roll import Roll
from replkv.raft.configuration import Configuration
from replkv.raft.core import Raft
from replkv.raft.member import Address, Member
from replkv.raft.progress import REPLICATE
from replkv.versions import MemberVersions


class Roster:
    """
    Looks at the core for who the members are, and at the links for how they are.
    """

    _logger = Logger()

    def __init__(self, raft: Raft, identity: Identity, links: Links, clock: IReactorTime) -> None:
        self._raft = raft
        self._id = raft.config.id
        self._identity = identity
        self._links = links
        self._clock = clock
        self._followed = raft.configuration, raft.settled[1], identity.rolls.elsewhere
        self._told = ""
        self._wasMember = False
        self._look()

    @property
    def versions(self) -> MemberVersions:
        """
        What they speak.
        """
        return self._identity.versions

    def follow(self) -> Sequence[PeerLink]:
        """
        See whether there is another configuration, and go by it.

        @return: the ways to other servers that are new.
        """
        raft, identity, (configuration, settled, elsewhere) = self._raft, self._identity, self._followed
        isCommitted = raft.configurationIndex <= raft.commitIndex
        certain = raft.configuration if isCommitted else raft.settled[1]
        identity.hasLog = identity.hasLog or raft.log.lastIndex > 0
        if raft.configuration is configuration and certain is settled and identity.rolls.elsewhere is elsewhere:
            return ()
        self._followed = raft.configuration, certain, identity.rolls.elsewhere
        self._look()
        if isCommitted:
            self._tell(raft.configuration)
        return self._links.follow(isCommitted)

    @property
    def mayVote(self) -> bool:
        """
        See L{Identity.mayVote<replkv.peers.identity.Identity.mayVote>}.
        """
        return self._identity.mayVote

    @property
    def hasMetAll(self) -> bool:
        """
        Whether all members are here.
        """
        return all(self.lifeOf(server) for server in self._raft.configuration.ids)

    @property
    def isRemoved(self) -> bool:
        """
        Whether this server was a member, and it is committed that it is none. One that was added again with the data
        folder that it had has yet to read that; the leader's hello has told it.
        """
        configuration, settled, elsewhere = self._followed
        if not self._wasMember or configuration is not settled or configuration.member(self._id) is not None:
            return False
        return elsewhere.upTo <= self._raft.configurationIndex or elsewhere.member(self._id) is None

    @property
    def standing(self) -> str:
        """
        What this server is in the cluster, as operators read it: C{waiting} as long as another one says that it is no
        member, as it is.
        """
        member = self._raft.configuration.member(self._id)
        if self._identity.standing.exclusion is not None:
            return "waiting"
        return "none" if member is None else member.kind.value

    @property
    def refuge(self) -> Address | None:
        """
        Where clients had better turn: to another server, where this one is no member or waits to be one; C{None} where
        it is one, or knows no other.
        """
        if not self.isRemoved and self._identity.standing.exclusion is None:
            return None
        peers = sorted(self._links.items(), key=lambda item: not item[1].isUp)
        return next((link.address for _, link in peers), None)

    def hears(self, server: int) -> bool:
        """
        Whether this server, which leads, hears from a member, and sends it what it lacks of the log.
        """
        if server == self._id:
            return True
        link, progress = self._links.get(server), self._raft.progressOf(server)
        return link is not None and link.isUp and progress is not None and progress.state is REPLICATE

    def heardAt(self, server: int) -> float | None:
        """
        When another server has answered last, by the clock; C{None} if it never has.
        """
        if server == self._id:
            return self._clock.seconds()
        link = self._links.get(server)
        return None if link is None else link.heardAt

    def lifeOf(self, server: int) -> Life | None:
        """
        With which data folder, and in which start, a server is here; C{None} if it is not.
        """
        if server == self._id:
            return self._identity.life
        link = self._links.get(server)
        return link.life if link is not None and link.isUp else None

    def counts(self, server: int) -> bool:
        """
        Whether what a server answers is the word of the member that it is by what is in force here. Another one may
        know that it has another data folder by now: then it is only asked for what this server lacks.
        """
        rolls = self._identity.rolls
        return not rolls.elsewhere.upTo or not rolls.isReplaced(server, self.folderOf(server))

    def folderOf(self, server: int) -> str:
        """
        The name of the data folder with which a server has come, whether it is here or not; empty if it has not.
        """
        link = self._links.get(server)
        return "" if link is None or link.life is None else link.life.incarnation

    def addressOf(self, server: int) -> Address | None:
        """
        Where a server is; C{None} where nothing says it.
        """
        return self._links.addressOf(server)

    def described(self) -> bytes:
        """
        The members, each as a line of JSON: see docs/protocol.md.
        """
        lines = [json.dumps(self._describe(member)) for member in self._raft.configuration.members]
        return "".join([f"{line}\n" for line in lines]).encode("ascii")

    def _describe(self, member: Member) -> dict[str, object]:
        raft, server = self._raft, member.id
        address, leaderId = self.addressOf(server), raft.leaderId
        leads = leaderId == self._id
        progress, heardAt = raft.progressOf(server), self.heardAt(server)
        index = raft.log.stableIndex if server == self._id else None if progress is None else progress.matchIndex
        heard = None if heardAt is None else self._clock.seconds() - heardAt
        return {
            "id": server,
            "kind": member.kind.value,
            "host": None if address is None else address.host,
            "client_port": None if address is None else address.clientPort,
            "log_port": None if address is None else address.logPort,
            "incarnation": member.incarnation,
            "leads": None if leaderId is None else leaderId == server,
            "index": index if leads else None,
            "lag": raft.log.lastIndex - index if leads and index is not None else None,
            "heard": round(heard, 1) if leads and heard is not None else None,
            "version": self.versions.of(server) or None,
        }

    def _tell(self, configuration: Configuration) -> None:
        members = ", ".join(
            f"server {member.id} ({member.kind}, {member.incarnation[:8] or 'not come yet'})"
            for member in configuration.members
        )
        if members != self._told:
            self._told = members
            self._logger.info("the members are {members}", members=members)

    def _look(self) -> None:
        configuration = self._raft.configuration
        self._identity.follow(rollOf(self._raft), _roll(*self._raft.settled))
        own = configuration.member(self._id)
        # One that comes has the log of what was before it to read first.
        self._wasMember = self._wasMember or (own is not None and own.incarnation == self._identity.life.incarnation)


def rollOf(raft: Raft) -> Roll:
    """
    Who the members are by a server's log. As long as no data folder is named there, that is no better than a servers
    file.
    """
    return _roll(raft.configurationIndex, raft.configuration)


def _roll(index: int, configuration: Configuration) -> Roll:
    isNamed = any(member.incarnation for member in configuration.members)
    return Roll(configuration, index if isNamed else 0)
