"""
Who may talk to whom.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from twisted.internet.defer import Deferred

from replkv.lives import MAX_NAME, MAX_STARTS, MAX_VERSION, NAMES, Life, Past, contradiction
from replkv.peers.commands import Refused
from replkv.versions import VERSIONS, MemberVersions, Versions

_TWO_CLUSTERS: Final = (
    "the two are of different clusters with the same name and ids (then correct the addresses in their files, and give "
    "each cluster a name of its own)"
)


class Memory(Protocol):
    """
    Where the other servers are remembered, on the disk: the data folder.

    @ivar past: what this server is known by.
    """

    past: Past

    def peer(self, serverId: int) -> Life | None:
        """
        The last life of server C{serverId} that was met.
        """

    def rememberPeer(self, serverId: int, life: Life) -> None:
        """
        Remember a server; when this returns, it is on the disk.
        """


class Identity:
    """
    A server's place in its cluster, and its judgement of those who say that they have one too.

    A server that has lost its data folder, or part of it, no longer knows how it voted, and would vote again. So
    servers remember each other, and one that is not what it was is refused: see L{replkv.lives}.

    @ivar serverId: this server's id.
    @ivar condemned: the servers that have turned out to lack what they had acknowledged.
    @ivar refused: these, and all others that were not what they had been when they came last.
    @ivar versions: the versions that this server speaks, and what the others have said when they came last.
    """

    def __init__(
        self,
        serverId: int,
        cluster: str,
        members: Sequence[int],
        memory: Memory,
        runOnDisk: Callable[[Callable[[], None]], Deferred[None]],
        versions: Versions = VERSIONS,
    ) -> None:
        """
        @param runOnDisk: calls a function that blocks, off the reactor's thread.
        @param versions: those that this server speaks.
        """
        self.serverId = serverId
        self.condemned: set[int] = set()
        self.refused: set[int] = set()
        self._cluster = cluster
        self._members = sorted(members)
        self._memory = memory
        self._runOnDisk = runOnDisk
        self.versions = MemberVersions(
            versions, {peer: self._newest(peer) for peer in self._members if peer != serverId}
        )

    def introduction(self) -> dict[str, Any]:
        """
        What this server is to be known by, as arguments of a L{Hello<replkv.peers.commands.Hello>} and of its response.
        """
        return {**self._memory.past._asdict(), "newest": self.versions.own.newest}

    def hello(self, recipient: int) -> dict[str, Any]:
        """
        The arguments of the L{Hello<replkv.peers.commands.Hello>} to server C{recipient}.
        """
        return {
            "version": self.versions.own.oldest,
            "cluster": self._cluster,
            "members": self._members,
            "sender": self.serverId,
            "recipient": recipient,
            "folders": self._folders(),
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
        newest: int | None = None,
        **past: Any,
    ) -> int:
        """
        Judge a hello.

        @param version: the oldest version that the sender speaks.
        @param folders: the incarnations by which the sender has met each of C{members}; empty where it never did.
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
        if sorted(members) != self._members:
            others = f"{sorted(members)!r:.100}"
            raise Refused(f"server {self.serverId} has the members {self._members} in its file, not {others}")
        if recipient != self.serverId:
            raise Refused(f"this is server {self.serverId}, not {recipient}")
        if sender == self.serverId or sender not in self._members:
            raise Refused(f"server {sender} is no other member of the cluster")
        if len(folders) != len(members):
            raise Refused(f"server {sender} does not say whom it has met")
        self._compare(sender, past["incarnation"], dict(zip(members, folders, strict=True)))
        return await self.recognize(sender, newest=newest, **past)

    async def recognize(
        self, peer: int, incarnation: str, starts: int, names: Sequence[str], newest: int | None = None
    ) -> int:
        """
        Make sure that server C{peer} has forgotten nothing since it was met before, and remember this start of it.

        @param incarnation: the name of its data folder.
        @param starts: how often it was started.
        @param names: the names of its last starts, the latest first.
        @param newest: the newest version that it speaks; C{None} if it speaks no later one than the oldest of this
            server, without which it would not have let this one in.
        @return: the version in which it is to be talked with.
        @raise Refused: if it is not what it was, or cannot be remembered.
        """
        oldest = self.versions.own.oldest
        version = self._common(peer, Versions(oldest, oldest if newest is None else newest))
        if (
            not 0 < len(names) <= min(starts, NAMES)
            or starts > MAX_STARTS
            or max(map(len, [incarnation, *names])) > MAX_NAME
        ):
            raise Refused(f"server {peer} does not say which of its starts this is")
        past = Past(incarnation, starts, tuple(names))
        life = past.life._replace(version=oldest if newest is None else newest)
        self._refuse(peer, past)
        if self._memory.peer(peer) != life:
            try:
                await self._runOnDisk(lambda: self._meet(peer, past, life))
            except OSError as error:
                raise Refused(f"server {self.serverId} cannot remember server {peer}: {error}") from None
            self._refuse(peer, past)
        self.versions.told(peer, life.version)
        self.refused.discard(peer)
        return version

    def condemn(self, peer: int) -> Deferred[None]:
        """
        Server C{peer} has turned out to lack what it had acknowledged: let it in no more.

        @return: fires when that is remembered on the disk.
        """
        self.condemned.add(peer)
        self.refused.add(peer)
        return self._runOnDisk(lambda: self._condemn(peer))

    def _common(self, peer: int, theirs: Versions) -> int:
        """
        The version in which this server and server C{peer} talk to each other.

        @raise Refused: if there is none.
        """
        if not 0 < theirs.oldest <= theirs.newest <= MAX_VERSION:
            raise Refused(f"server {peer} does not say which protocol versions it speaks")
        mine = self.versions.own
        common = mine.common(theirs)
        if common is None:
            older = peer if theirs.newest < mine.oldest else self.serverId
            raise Refused(
                f"server {self.serverId} speaks protocol {mine}, and server {peer} {theirs}: upgrade server "
                f"{older}, by one release after the other if there are several in between"
            )
        return common

    def _compare(self, sender: int, incarnation: str, theirs: Mapping[int, str]) -> None:
        """
        Make sure that a server that is not known, or not by this folder, has met the same servers as this one.

        Clusters of the same name and ids differ in all folders. A server that was wiped differs in its own only:
        those that know the others by their folders would not have let it in.

        @param incarnation: the name of C{sender}'s folder.
        @param theirs: the name of each member's folder as C{sender} knows it; empty where it has not met it.
        @raise Refused: if it has met others.
        """
        mine = self._memory.past.incarnation
        if theirs[self.serverId] not in ("", mine):
            raise Refused(
                f"server {sender} knows server {self.serverId} by another data folder than it has: server "
                f"{self.serverId} was wiped or replaced, or {_TWO_CLUSTERS}"
            )
        known = self._incarnation(sender)
        if known == incarnation:
            return
        others = [member for member in self._members if member not in (sender, self.serverId)]
        for member in others:
            if _differ(theirs[member], self._incarnation(member)):
                raise Refused(
                    f"server {sender} knows server {member} by another data folder than server {self.serverId} does: "
                    f"{_TWO_CLUSTERS}; or server {member} was wiped or replaced before all had met it"
                )
        if known and not any(theirs[member] and self._incarnation(member) for member in others):
            self.refused.add(sender)
            raise Refused(
                f"server {sender} comes with another data folder than before: the old one was wiped or replaced, or "
                f"{_TWO_CLUSTERS}"
            )

    def _refuse(self, peer: int, past: Past) -> None:
        """
        @raise Refused: if server C{peer} is not what it was.
        """
        known = self._memory.peer(peer)
        if known is not None and peer in self.condemned:
            # The disk may not know it yet, or refuse to.
            known = known._replace(hasForgotten=True)
        reason = contradiction(peer, known, past)
        if reason is not None:
            self.refused.add(peer)
            raise Refused(f"{reason}; server {self.serverId} does not let it in")

    def _meet(self, peer: int, past: Past, life: Life) -> None:
        """
        Remember server C{peer}. Calls are made one after the other: of two servers that come with one id at once, only
        the first is remembered.
        """
        if contradiction(peer, self._memory.peer(peer), past) is None:
            self._memory.rememberPeer(peer, life)

    def _condemn(self, peer: int) -> None:
        life = self._memory.peer(peer)
        if life is not None:
            self._memory.rememberPeer(peer, life._replace(hasForgotten=True))

    def _folders(self) -> list[str]:
        return [self._incarnation(member) for member in self._members]

    def _newest(self, peer: int) -> int:
        life = self._memory.peer(peer)
        return 0 if life is None else life.version

    def _incarnation(self, peer: int) -> str:
        life = self._memory.peer(peer)
        return "" if life is None else life.incarnation


def _differ(one: str, another: str) -> bool:
    """
    Whether two names are of different folders; an empty one is none.
    """
    return one != another and "" not in (one, another)
