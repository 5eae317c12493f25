"""
Who may talk to whom.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred

from replkv.lives import MAX_NAME, MAX_STARTS, NAMES, Life, Past
from replkv.peers.acquaintances import Acquaintances, Memory
from replkv.peers.commands import NotMember, Refused
from replkv.peers.roll import Claim, Roll
from replkv.peers.rolls import Rolls
from replkv.peers.standing import Standing
from replkv.raft import membership
from replkv.raft.member import Kind
from replkv.versions import MEMBERS, VERSIONS, MemberVersions, Versions

_TWO_CLUSTERS: Final = (
    "the two are of different clusters with the same name and ids (then correct the addresses in their files, and give "
    "each cluster a name of its own)"
)


class Identity:
    """
    A server's place in its cluster, and its judgement of those who say that they have one too.

    A server that has lost its data folder, or part of it, no longer knows how it voted, and would vote again. So the
    configuration names the folder of each member (L{replkv.peers.roll}), and servers remember each other's starts: one
    that is not what it was is refused (L{replkv.lives}).

    @ivar serverId: this server's id.
    @ivar rolls: who the members are.
    @ivar standing: what others say of this one.
    @ivar hasLog: whether there is something in this server's log, so that it cannot be let into any cluster.
    @ivar acquaintances: the others that were met.
    @ivar refused: those that were not what they had been when they came last, or are condemned.
    @ivar versions: the versions that this server speaks, and what the others have said when they came last.
    """

    def __init__(
        self,
        serverId: int,
        cluster: str,
        roll: Roll,
        memory: Memory,
        runOnDisk: Callable[[Callable[[], None]], Deferred[None]],
        versions: Versions = VERSIONS,
    ) -> None:
        """
        @param runOnDisk: calls a function that blocks, off the reactor's thread.
        @param versions: those that this server speaks.
        """
        self.serverId = serverId
        self.rolls = Rolls(cluster, roll)
        self.standing = Standing()
        self.hasLog = False
        self.acquaintances = Acquaintances(memory, runOnDisk)
        self.refused: set[int] = set()
        self._cluster = cluster
        self._own = versions
        peers = roll.configuration.peersOf(serverId)
        self.versions = MemberVersions(versions, {peer: self._newest(peer) for peer in peers}, self._least)

    def follow(self, roll: Roll, settled: Roll) -> None:
        """
        Go by another configuration from now on.

        @param settled: the one that is known to be committed.
        """
        self.rolls.inForce, self.rolls.settled = roll, settled
        self.refused.intersection_update(roll.configuration.ids)
        self.versions.follow(roll.configuration.peersOf(self.serverId), self._least)

    @property
    def life(self) -> Life:
        """
        This server's own.
        """
        return self.acquaintances.past.life

    @property
    def mayVote(self) -> bool:
        """
        Whether this server may vote, and ask for votes. One whose log does not say who the members are is likely to be
        new: in a new cluster, if a majority has met it, so that it is known if it comes with another folder; or in one
        that others know, and where it may have no vote.
        """
        if self.rolls.inForce.isNamed:
            return True
        own = self.rolls.elsewhere.member(self.serverId)
        isVoter = own is not None and own.kind is Kind.VOTER and own.incarnation in ("", self.life.incarnation)
        if self.standing.deniedBy or (self.rolls.elsewhere.upTo and not isVoter):
            return False
        return self.rolls.inForce.configuration.isQuorum(self.standing.metBy | {self.serverId})

    def introduction(self) -> dict[str, Any]:
        """
        What this server is to be known by, as arguments of a L{Hello<replkv.peers.commands.Hello>} and of its response.
        """
        return {**self.acquaintances.past._asdict(), "newest": self.versions.own.newest}

    def hello(self, recipient: int) -> dict[str, Any]:
        """
        The arguments of the L{Hello<replkv.peers.commands.Hello>} to server C{recipient}.
        """
        configuration, index = self.rolls.inForce
        return {
            "version": self.versions.own.oldest,
            "cluster": self._cluster,
            "members": list(configuration.ids),
            "sender": self.serverId,
            "recipient": recipient,
            "folders": [self._incarnation(member) for member in configuration.ids],
            **({"configuration": membership.encode(configuration), "index": index} if index else {}),
            **self.introduction(),
        }

    async def admit(
        self,
        version: int,
        cluster: str,
        members: Sequence[int],
        sender: int,
        recipient: int,
        folders: Sequence[str],
        configuration: bytes | None = None,
        index: int | None = None,
        newest: int | None = None,
        **past: Any,
    ) -> int:
        """
        Judge a hello.

        @param version: the oldest version that the sender speaks.
        @param folders: the incarnations by which the sender knows each of C{members}; empty where it does not.
        @param configuration: that of its log; C{None} if it has none in which data folders are named.
        @param index: up to here it knows that.
        @param newest: the newest version that it speaks; C{None} if it speaks one only.
        @param past: what else the hello has: see L{recognize}.
        @return: the version in which it is to be talked with.
        @raise Refused: if it is not from a server of this cluster, or not for this one.
        """
        if newest is None:
            newest = version
        self._common(sender, Versions(version, newest))
        if cluster != self._cluster:
            raise Refused(f"server {self.serverId} belongs to cluster {self._cluster!r}, not {cluster!r:.100}")
        if recipient != self.serverId:
            raise Refused(f"this is server {self.serverId}, not {recipient}")
        self._compareFiles(members, upTo=index or 0)
        if len(folders) != len(members):
            raise Refused(f"server {sender} does not say whom it has met")
        claim = Claim(sender, past["incarnation"], index or 0, dict(zip(members, folders, strict=True)))
        roll = self.rolls.inForce
        if sender == self.serverId or not (claim.upTo or roll.isNamed or roll.member(sender)):
            raise Refused(f"server {sender} is no other member of the cluster")
        isAhead = self._place(claim)
        if isAhead:
            self.rolls.hint(sender, configuration, claim.upTo)
        return await self._accept(sender, newest=newest, isAhead=isAhead, **past)

    async def recognize(
        self, peer: int, incarnation: str, starts: int, names: Sequence[str], newest: int | None = None
    ) -> int:
        """
        Judge a server that has let this one in.

        @param incarnation: the name of its data folder.
        @param starts: how often it was started.
        @param names: the names of its last starts, the latest first.
        @param newest: the newest version that it speaks; C{None} if it speaks no later one than the oldest of this
            server, without which it would not have let this one in.
        @return: the version in which it is to be talked with.
        @raise Refused: if what it answers would not count, or it is not what it was, or cannot be remembered.
        """
        isAhead = self.rolls.isMemberElsewhere(peer, incarnation)
        if not isAhead and (objection := self.rolls.replacement(peer, incarnation)) is not None:
            self.refused.add(peer)
            raise Refused(objection)
        newest = self.versions.own.oldest if newest is None else newest
        return await self._accept(peer, incarnation, starts, names, newest, isAhead)

    def condemn(self, peer: int) -> Deferred[None]:
        """
        Server C{peer} has turned out to lack what it had acknowledged: let it in no more.

        @return: fires when that is remembered on the disk.
        """
        self.refused.add(peer)
        return self.acquaintances.condemn(peer, self._worthKnowing)

    async def _accept(
        self, peer: int, incarnation: str, starts: int, names: Sequence[str], newest: int, isAhead: bool
    ) -> int:
        """
        Make sure that a member has forgotten nothing since it was met before, and remember this start of it.

        @param isAhead: whether it, or another one, knows better than this server who is a member.
        @return: the version in which it is to be talked with.
        @raise Refused: if it is not what it was, or cannot be remembered.
        """
        version = self._common(peer, Versions(self.versions.own.oldest, newest))
        if (
            not 0 < len(names) <= min(starts, NAMES)
            or starts > MAX_STARTS
            or max(map(len, [incarnation, *names])) > MAX_NAME
        ):
            raise Refused(f"server {peer} does not say which of its starts this is")
        past = Past(incarnation, starts, tuple(names))
        life = past.life._replace(version=newest)
        roll = self.rolls.judging(peer, incarnation)
        if roll.isNamed and not roll.incarnation(peer) and newest < self.versions.lowest:
            raise Refused(
                f"the members speak protocol version {self.versions.lowest}, and server {peer} no later one than "
                f"{newest}: upgrade server {peer}"
            )
        # One whose folder is replaced by what may yet be cut off comes until the next one does.
        isLast = roll is not self.rolls.inForce
        isBound = not isAhead and (isLast or roll.binds(peer) or not roll.isNamed)
        self._refuse(peer, past, isBound, roll)
        try:
            await self.acquaintances.meet(peer, past, life, isBound, self._worthKnowing)
        except OSError as error:
            raise Refused(f"server {self.serverId} cannot remember server {peer}: {error}") from None
        self._refuse(peer, past, isBound, roll)
        self.versions.told(peer, life.version)
        self.refused.discard(peer)
        return version

    def _common(self, peer: int, theirs: Versions) -> int:
        """
        The version in which this server and server C{peer} talk to each other.

        @raise Refused: if there is none.
        """
        common = self.versions.own.common(theirs)
        if common is None:
            raise Refused(self.versions.own.mismatch(self.serverId, peer, theirs))
        return common

    def _compareFiles(self, members: Sequence[int], upTo: int) -> None:
        """
        Make sure that two servers of a cluster that begins count the same majorities.

        @param upTo: see L{Claim}.
        @raise Refused: if they do not.
        """
        own = list(self.rolls.inForce.configuration.ids)
        if not upTo and not self.rolls.inForce.isNamed and sorted(members) != own:
            raise Refused(f"server {self.serverId} has the members {own} in its file, not {sorted(members)!r:.100}")

    def _place(self, claim: Claim) -> bool:
        """
        Make sure that a server is a member, as far as it or this one can know.

        @return: whether it knows better than this one who is.
        @raise Refused: if it is not.
        """
        sender, known = claim.sender, self._folders(claim.sender)
        isOfThisCluster = claim.shares(known)
        # One that is behind may not have learnt yet that this one was replaced.
        isBehind = isOfThisCluster and claim.upTo < self.rolls.settled.upTo
        if claim.folders.get(self.serverId, "") not in ("", self.life.incarnation) and not isBehind:
            raise Refused(
                f"server {sender} knows server {self.serverId} by another data folder than it has: server "
                f"{self.serverId} was wiped (then replkv member replace --id {self.serverId} lets it in again), or "
                f"{_TWO_CLUSTERS}"
            )
        if self.rolls.settled.isBehind(claim, known):
            return True
        objection = self.rolls.objection(sender, claim.incarnation, wasMember=claim.upTo > 0)
        if objection is not None:
            if self.rolls.inForce.member(sender) is not None:
                self.refused.add(sender)
            raise NotMember(objection)
        if claim.upTo and not isOfThisCluster:
            raise Refused(
                f"server {sender} knows no member by the data folder by which server {self.serverId} knows it: "
                f"{_TWO_CLUSTERS}"
            )
        if not self.rolls.inForce.isNamed:
            self._compare(claim)
        return False

    def _folders(self, sender: int) -> dict[int, str]:
        """
        The names of the data folders of all but one server, as far as they bind this one to its cluster: none, as long
        as there is nothing in its log.
        """
        if not self.rolls.inForce.isNamed and not self.hasLog:
            return {}
        known = {server: self._incarnation(server) for server in self.rolls.inForce.configuration.ids}
        known[self.serverId] = self.life.incarnation
        return {server: name for server, name in known.items() if name and server != sender}

    def _compare(self, claim: Claim) -> None:
        """
        Make sure that a server that is not known, or not by this folder, has met the same servers as this one.

        Clusters of the same name and ids differ in all folders. A server that was wiped differs in its own only:
        those that know the others by their folders would not have let it in.

        @raise Refused: if it has met others.
        """
        sender, theirs = claim.sender, claim.folders
        before = self._incarnation(sender)
        if before == claim.incarnation:
            return
        met = {server: name for server, name in self._met().items() if theirs.get(server) and server != sender}
        for member, name in met.items():
            if theirs[member] != name:
                raise Refused(
                    f"server {sender} knows server {member} by another data folder than server {self.serverId} does: "
                    f"{_TWO_CLUSTERS}; or server {member} was wiped or replaced before all had met it"
                )
        if before and not met:
            self.refused.add(sender)
            raise NotMember(
                f"server {sender} comes with another data folder than before: the old one was wiped or replaced, or "
                f"{_TWO_CLUSTERS}"
            )

    def _refuse(self, peer: int, past: Past, isBound: bool, roll: Roll) -> None:
        """
        @param isBound: whether it must have the folder that it had.
        @param roll: by which it is a member.
        @raise Refused: if server C{peer} is not what it was.
        """
        objection = self.acquaintances.objection(peer, past, isBound, roll.life(peer))
        if objection is not None:
            self.refused.add(peer)
            raise NotMember(objection)

    @property
    def _worthKnowing(self) -> set[int]:
        """
        The ids of those who are members by what this server knows.
        """
        return {*self.rolls.inForce.configuration.ids, *self.rolls.elsewhere.configuration.ids}

    @property
    def _least(self) -> int:
        """
        What all members speak at least, since they can read the log.
        """
        return MEMBERS if self.rolls.inForce.isNamed else 0

    def _met(self) -> dict[int, str]:
        """
        The names of the data folders of those who were met, or are named.
        """
        ids = self.rolls.inForce.configuration.ids
        return {server: name for server in ids if server != self.serverId and (name := self._incarnation(server))}

    def _newest(self, peer: int) -> int:
        """
        The newest version that a member is known to speak. One that is yet to come is only let in if it speaks what the
        others do.
        """
        roll = self.rolls.inForce
        if roll.isNamed and not roll.incarnation(peer) and not roll.binds(peer):
            return self._own.newest
        life = self.acquaintances.life(peer)
        return 0 if life is None else life.version

    def _incarnation(self, server: int) -> str:
        """
        The name of a server's data folder, as far as it is known.
        """
        life, roll = self.acquaintances.life(server), self.rolls.inForce
        return life.incarnation if life is not None and roll.binds(server) else roll.incarnation(server)
