"""
What both ends of a connection between servers have in common.
"""

from __future__ import annotations

from typing import Final, NoReturn

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import ITCPTransport
from twisted.protocols import amp
from twisted.python.failure import Failure

from replkv.peers.argument import MAX_BYTES, MAX_PARTS
from replkv.peers.boxes import BoxCutter
from replkv.peers.quiet import QuietAMP
from replkv.raft.validity import Impossible

MAX_HELLO_BYTES: Final = 64 * 1024
"""
What a box may have before the other side has said who it is.
"""

MAX_BOX_BYTES: Final = MAX_BYTES + MAX_HELLO_BYTES
"""
What a box may have after that.
"""

MAX_HELLO_KEYS: Final = 32
"""
How many keys a box may have before the other side has said who it is: more than a hello has.
"""

MAX_BOX_KEYS: Final = MAX_PARTS + MAX_HELLO_KEYS
"""
And after that. Each costs time and memory, however short it is.
"""


class PeerConnection(QuietAMP):
    """
    AMP, with a bound to the memory that the other side can make this one use.

    @ivar version: the version that counts on it, see L{replkv.versions}; C{None} until each side has told the other who
        it is.
    @ivar cutter: cuts what comes into boxes.
    @ivar isGivenUp: whether it is about to be closed: nothing that comes by it counts any more.
    """

    transport: ITCPTransport

    def __init__(self) -> None:
        super().__init__()
        self.version: int | None = None
        self.cutter = BoxCutter()
        self.isGivenUp = False

    def connectionMade(self) -> None:
        """
        Send small boxes at once, and find out when the other host is gone for good.
        """
        super().connectionMade()
        self.transport.setTcpNoDelay(True)
        self.transport.setTcpKeepAlive(True)

    def dataReceived(self, data: bytes) -> None:
        """
        Cut what comes into boxes, as far as they are wanted now. Close the connection where it is not AMP.
        """
        cutter = self.cutter
        cutter.add(data)
        try:
            while not (self.paused or self.isGivenUp):
                if self.version is None:
                    box = cutter.cut(MAX_HELLO_BYTES, MAX_HELLO_KEYS)
                else:
                    box = cutter.cut(MAX_BOX_BYTES, MAX_BOX_KEYS)
                if box is None:
                    return
                self.boxReceived(box)
        except (amp.AmpError, KeyError, ValueError) as error:
            self.giveUp(f"what comes is not replkv's server protocol: {error!r:.200}")

    def boxReceived(self, box: dict[bytes, bytes]) -> None:
        """
        A box is whole.
        """
        self.ampBoxReceived(amp.AmpBox(box))

    def dispatchCommand(self, box: amp.AmpBox) -> Deferred[amp.AmpBox]:
        """
        Answer a request. One that makes no sense is the other side's mistake: that is a line in the log and not a
        traceback, and the end of the connection.
        """
        answer: Deferred[amp.AmpBox] = super().dispatchCommand(box)
        return answer.addErrback(self._malformed)

    def _malformed(self, failure: Failure) -> NoReturn:
        raise amp.RemoteAmpError(amp.UNKNOWN_ERROR_CODE, self.giveUpFor(failure))

    def giveUpFor(self, failure: Failure) -> str:
        """
        Close the connection, since a request makes no sense.

        @return: why it makes none. Where C{failure} is another one, it is raised.
        """
        failure.trap(ValueError, KeyError, TypeError)
        error = failure.value
        reason = str(error) if isinstance(error, Impossible) else f"{error!r:.200}"
        self.giveUp(f"a request makes no sense: {reason}")
        return reason

    def unhandledError(self, failure: Failure) -> None:
        """
        Something that no declared error tells of: this connection is of no more use.
        """
        self.giveUp(f"{failure.value!r:.200}")

    def giveUp(self, reason: str) -> None:
        """
        Close the connection at once, and tell the operator why, if that was not done already.
        """
        if not self.isGivenUp:
            self.isGivenUp = True
            self.report(f"closed the connection with {self.peerAddress}: {reason}")
            self.transport.abortConnection()

    def report(self, what: str) -> None:
        """
        Tell the operator something that the other side has done.
        """
        raise NotImplementedError

    @property
    def peerAddress(self) -> str:
        """
        Where the other side is.
        """
        address = self.transport.getPeer()
        return f"{address.host}:{address.port}" if isinstance(address, IPv4Address | IPv6Address) else str(address)
