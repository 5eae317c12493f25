"""
Who may talk to whom.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from replkv.peers.commands import PROTOCOL_VERSION, Refused


class Memory(Protocol):
    """
    Where the incarnations of the other servers are remembered, on the disk: the data folder.
    """

    incarnation: str

    def peerIncarnation(self, serverId: int) -> str | None:
        """
        What server C{serverId} was known by when it was first met.
        """

    def rememberPeer(self, serverId: int, incarnation: str) -> None:
        """
        Remember a server for good; when this returns, it is on the disk.
        """


class Identity:
    """
    A server's place in its cluster, and its judgement of those who say that they have one too.

    A server whose data folder was wiped no longer knows how it voted, and would vote again. So servers remember each
    other's incarnation, a random name that a folder gets when it is made, and a server that comes with another one is
    refused.

    @ivar serverId: this server's id.
    """

    def __init__(
        self,
        serverId: int,
        cluster: str,
        members: Sequence[int],
        memory: Memory,
        runOnDisk: Callable[[Callable[[], None]], Deferred[None]],
    ) -> None:
        """
        @param runOnDisk: calls a function that blocks, off the reactor's thread.
        """
        self.serverId = serverId
        self._cluster = cluster
        self._members = sorted(members)
        self._memory = memory
        self._runOnDisk = runOnDisk

    @property
    def incarnation(self) -> str:
        """
        What this server is to be known by.
        """
        return self._memory.incarnation

    def hello(self, recipient: int) -> dict[str, Any]:
        """
        The arguments of the L{Hello<replkv.peers.commands.Hello>} to server C{recipient}.
        """
        return {
            "version": PROTOCOL_VERSION,
            "cluster": self._cluster,
            "members": self._members,
            "sender": self.serverId,
            "recipient": recipient,
            "incarnation": self.incarnation,
        }

    async def admit(
        self, version: int, cluster: str, members: Sequence[int], sender: int, recipient: int, incarnation: str
    ) -> None:
        """
        Judge a hello.

        @raise Refused: if it is not from a server of this cluster, or not for this one.
        """
        if version != PROTOCOL_VERSION:
            raise Refused(f"server {self.serverId} speaks protocol version {PROTOCOL_VERSION}, not {version}")
        if cluster != self._cluster:
            raise Refused(f"server {self.serverId} belongs to cluster {self._cluster!r}, not {cluster!r:.100}")
        if sorted(members) != self._members:
            others = f"{sorted(members)!r:.100}"
            raise Refused(f"server {self.serverId} has the members {self._members} in its file, not {others}")
        if recipient != self.serverId:
            raise Refused(f"this is server {self.serverId}, not {recipient}")
        if sender == self.serverId or sender not in self._members:
            raise Refused(f"server {sender} is no other member of the cluster")
        await self.recognize(sender, incarnation)

    async def recognize(self, peer: int, incarnation: str) -> None:
        """
        Make sure that server C{peer} still has the data folder that it had when it was first met.

        @raise Refused: if it has another one, or cannot be remembered.
        """
        if self._memory.peerIncarnation(peer) is None:
            try:
                await self._runOnDisk(lambda: self._meet(peer, incarnation))
            except OSError as error:
                raise Refused(f"server {self.serverId} cannot remember server {peer}: {error}") from None
        if self._memory.peerIncarnation(peer) != incarnation:
            raise Refused(
                f"server {peer} comes with another data folder than before: the old one was wiped or replaced, "
                f"so it may have forgotten what it voted and acknowledged; server {self.serverId} does not let it in"
            )

    def _meet(self, peer: int, incarnation: str) -> None:
        """
        Remember server C{peer}. Calls are made one after the other: of two servers that come with one id at once, only
        the first is remembered.
        """
        if self._memory.peerIncarnation(peer) is None:
            self._memory.rememberPeer(peer, incarnation)
