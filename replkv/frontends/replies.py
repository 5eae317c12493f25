"""
What a connection owes its client: the commands that it has taken, in their order, and the replies to them, until the
system has those.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from replkv.commands.command import ReadCommand
from replkv.frontends.asked import Asked
from replkv.frontends.budget import Budget
from replkv.frontends.limits import CONNECTION_LIMITS, ConnectionLimits
from replkv.frontends.watch import Watch
from replkv.sending import Transport, send

# A read takes up the room that its reply may need. That is not known before, so it is as much as the last ones needed:
# at once more where one was larger, less by an eighth with each that was smaller. With the least of it, there is room
# for as many reads as for other commands.
FIRST_READ_BYTES: Final = 256 * 1024
_LEAST_READ_BYTES: Final = CONNECTION_LIMITS.pendingBytes // CONNECTION_LIMITS.pendingCommands


class Replies:
    """
    The replies of one connection.

    They count in the budget until the system has them. Mostly it takes them at once. What it does not take, the
    transport has in memory, for as long as the client reads nothing. That is given more when it has passed on all that
    it was given, and says so (L{taken}); so it has one piece at a time.

    @ivar asked: the commands whose replies the transport was not given, in the order in which they came.
    @ivar pendingBytes: the bytes of the values that those hold, or are expected to be answered with.
    @ivar readBytes: the bytes with which the next read is expected to be answered.
    @ivar isBehind: whether the transport has so much that it is given no more.
    @ivar _budget: what all connections have in memory.
    @ivar _held: what of that is this one's, in replies.
    @ivar _given: how much of it the transport was given.
    @ivar _large: a reply that is given to the transport in pieces; C{None} where there is none.
    @ivar _offset: how much of that was given.
    @ivar _since: since which look of the watch nothing of them has gone: to the system, or to the transport before.
    """

    __slots__ = (
        "_budget",
        "_given",
        "_held",
        "_large",
        "_offset",
        "_pieceBytes",
        "_since",
        "_watch",
        "asked",
        "isBehind",
        "pendingBytes",
        "readBytes",
    )

    def __init__(self, budget: Budget, watch: Watch, limits: ConnectionLimits) -> None:
        self.asked: Final[deque[Asked]] = deque()
        self.pendingBytes = 0
        self.readBytes = FIRST_READ_BYTES
        self.isBehind = False
        self._budget: Final = budget
        self._watch: Final = watch
        self._pieceBytes: Final = limits.pieceBytes
        self._held = 0
        self._given = 0
        self._large: bytes | None = None
        self._offset = 0
        self._since = 0

    @property
    def isOver(self) -> bool:
        """
        Whether everything was answered, and the system has it.
        """
        return not self.asked and not self._given

    def isUnread(self, looks: int) -> bool:
        """
        Whether the client has not taken what the transport was given, for so many looks of the watch.
        """
        return self._given > 0 and self._watch.now - self._since > looks

    @property
    def stuckBytes(self) -> int:
        """
        The bytes of them, if none has gone for a second or two: be it that the client reads nothing, or that they wait
        behind a command which is not answered.
        """
        return self._held if self._watch.now - self._since > self._watch.stuckLooks else 0

    @property
    def delay(self) -> str:
        """
        Why they do not go, in a few words about the client.
        """
        return "does not read its replies" if self._given else "has replies behind one that is yet to come"

    def hold(self, reply: bytes) -> None:
        """
        There is a reply to one of the commands.
        """
        if not self._held:
            self._since = self._watch.now
        size = len(reply)
        self._held += size
        self._budget.hold(size)

    def giveTo(self, transport: Transport) -> None:
        """
        Give the transport the replies whose turn it is, as much of them as it may have.
        """
        while not self.isBehind and (piece := self._joined() if self._large is None else self._cut()):
            size = len(piece)
            if send(transport, piece):
                self._since = self._watch.now
                self._drop(size)
                continue
            if not self._given:
                self._since = self._watch.now
            self._given += size
            self.isBehind = 2 * self._given >= self._pieceBytes or self._budget.isFull

    def taken(self) -> None:
        """
        The system has all that the transport was given.
        """
        given = self._given
        self._held -= given
        self._budget.drop(given)
        self._given = 0
        self._since = self._watch.now
        self.isBehind = False

    def forget(self) -> None:
        """
        The client is gone, and nothing is owed to anyone.
        """
        self._drop(self._held)
        self._budget.release(self.pendingBytes)
        self.pendingBytes = self._given = 0
        self._large = None
        self.asked.clear()

    def _joined(self) -> bytes:
        """
        Take small replies, or one that is large.

        @return: the next piece; it is empty where there is none.
        """
        asked = self.asked
        replies: list[bytes] = []
        size = room = 0
        while asked and size < self._pieceBytes:
            request = asked[0]
            reply = request.reply
            if reply is None:
                break
            asked.popleft()
            room += request.room
            if isinstance(request.command, ReadCommand):
                self.readBytes = max(len(reply), self.readBytes - self.readBytes // 8, _LEAST_READ_BYTES)
            size += len(reply)
            replies.append(reply)
        if not replies:
            return b""
        self.pendingBytes -= room
        self._budget.release(room)
        joined = b"".join(replies)
        if size <= 2 * self._pieceBytes:
            return joined
        self._large = joined
        return self._cut()

    def _cut(self) -> bytes:
        """
        Cut the next piece off the large reply. That stays in memory, and is counted, as long as there is more of it.
        """
        assert self._large is not None
        piece = self._large[self._offset : self._offset + self._pieceBytes]
        self.hold(piece)
        self._offset += self._pieceBytes
        if self._offset >= len(self._large):
            self._drop(len(self._large))
            self._large = None
            self._offset = 0
        return piece

    def _drop(self, size: int) -> None:
        self._held -= size
        self._budget.drop(size)
