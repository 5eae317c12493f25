"""
The other servers that were met: a server that has forgotten something is not what it was when it was met last.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

from twisted.internet.defer import Deferred, succeed

from replkv.lives import Life, Past, contradiction


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

    def rememberPeer(self, serverId: int, life: Life, among: Collection[int]) -> None:
        """
        Remember a server, and forget all that are not among these; when this returns, that is on the disk.
        """


class Acquaintances:
    """
    Remembers the last start of each.

    @ivar condemned: the data folders that have turned out to lack what was acknowledged with them, by the ids of their
        servers. One that is replaced is another one.
    """

    def __init__(self, memory: Memory, runOnDisk: Callable[[Callable[[], None]], Deferred[None]]) -> None:
        """
        @param runOnDisk: calls a function that blocks, off the reactor's thread.
        """
        self.condemned: dict[int, str] = {}
        self._memory = memory
        self._runOnDisk = runOnDisk

    @property
    def past(self) -> Past:
        """
        What this server itself is known by.
        """
        return self._memory.past

    def life(self, peer: int) -> Life | None:
        """
        The last start of a server that was met; C{None} if it never was.
        """
        return self._memory.peer(peer)

    def objection(self, peer: int, past: Past, isBound: bool, written: Life | None) -> str | None:
        """
        Say why a server is not what it was.

        @param isBound: whether it must have the folder that it had.
        @param written: which start of it is written into the log; C{None} if none is.
        @return: C{None} if it may be.
        """
        objection = contradiction(peer, self._known(peer, past, isBound), past)
        if objection is None and written is not None and written.incarnation == past.incarnation:
            objection = contradiction(peer, written, past)
        return objection

    def meet(self, peer: int, past: Past, life: Life, isBound: bool, among: Collection[int]) -> Deferred[None]:
        """
        Remember a server, unless it is not what it was by then: of two that come with one id at once, only the first is
        remembered.

        @param among: those who are remembered: who says to be a member has its own word for that, and could be many.
        @return: fires when that is on the disk; fails with C{OSError}.
        """
        if self._memory.peer(peer) == life:
            return succeed(None)

        def remember() -> None:
            if contradiction(peer, self._known(peer, past, isBound), past) is None:
                self._memory.rememberPeer(peer, life, among)

        return self._runOnDisk(remember)

    def condemn(self, peer: int, among: Collection[int]) -> Deferred[None]:
        """
        Let a server in no more with the folder that it has.

        @param among: as above.
        @return: fires when that is on the disk; fails with C{OSError}.
        """
        life = self._memory.peer(peer)
        incarnation = "" if life is None else life.incarnation
        self.condemned[peer] = incarnation

        def remember() -> None:
            life = self._memory.peer(peer)
            # Another one may have come meanwhile.
            if life is not None and life.incarnation == incarnation:
                self._memory.rememberPeer(peer, life._replace(hasForgotten=True), among)

        return self._runOnDisk(remember)

    def _known(self, peer: int, past: Past, isBound: bool) -> Life | None:
        """
        What is remembered of a server, as far as that is of account.
        """
        known = self._memory.peer(peer)
        if known is None or (known.incarnation != past.incarnation and not isBound):
            return None
        # The disk may not know it yet, or refuse to.
        isCondemned = self.condemned.get(peer) == known.incarnation
        return known._replace(hasForgotten=True) if isCondemned else known
