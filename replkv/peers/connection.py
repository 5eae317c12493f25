"""
What both ends of a connection between servers have in common.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import ITCPTransport, ITransport
from twisted.logger import Logger
from twisted.protocols import amp
from twisted.python.failure import Failure

from replkv.peers.argument import MAX_BYTES

MAX_HELLO_BYTES: Final = 64 * 1024
"""
What a box may have before the other side has said who it is.
"""

MAX_BOX_BYTES: Final = MAX_BYTES + MAX_HELLO_BYTES
"""
What a box may have after that.
"""


class PeerConnection(amp.AMP):
    """
    AMP, with a bound to the memory that the other side can make this one use.

    @ivar introduced: whether each side has told the other who it is.
    """

    log = Logger()
    transport: ITCPTransport

    def __init__(self) -> None:
        super().__init__()
        self.introduced = False
        self._boxBytes = 0

    def makeConnection(self, transport: ITransport) -> None:
        """
        Begin. All that AMP's own method adds to its parents' is a line in the log for each connection.
        """
        super(amp.AMP, self).makeConnection(transport)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """
        End; without AMP's line in the log too, and without its forgetting the transport, which what fires now may
        still want to abort.
        """
        super(amp.AMP, self).connectionLost(reason)

    def connectionMade(self) -> None:
        """
        Send small boxes at once, and find out when the other host is gone for good.
        """
        super().connectionMade()
        self.transport.setTcpNoDelay(True)
        self.transport.setTcpKeepAlive(True)

    def stringReceived(self, string: bytes) -> None:
        """
        Count what the box under way already has.
        """
        self._boxBytes += len(string) + 2
        if self._boxBytes > (MAX_BOX_BYTES if self.introduced else MAX_HELLO_BYTES):
            self.log.warn("closed a connection from {peer}: it sent a box that is too long", peer=self.peerAddress)
            self.transport.abortConnection()
            return
        super().stringReceived(string)

    def ampBoxReceived(self, box: amp.AmpBox) -> None:
        """
        A box is whole.
        """
        self._boxBytes = 0
        super().ampBoxReceived(box)

    def dataReceived(self, data: bytes) -> None:
        """
        Close the connection where what comes is not AMP.
        """
        try:
            super().dataReceived(data)
        except (amp.AmpError, KeyError, ValueError) as error:
            self.log.warn(
                "closed a connection from {peer}: it does not speak replkv's server protocol ({error!r})",
                peer=self.peerAddress,
                error=error,
            )
            self.transport.abortConnection()

    def unhandledError(self, failure: Failure) -> None:
        """
        Something that no declared error tells of: this connection is of no more use.
        """
        self.log.warn("closed the connection with {peer}: {error!r}", peer=self.peerAddress, error=failure.value)
        self.transport.abortConnection()

    @property
    def peerAddress(self) -> object:
        """
        Where the other side is.
        """
        address = self.transport.getPeer()
        return f"{address.host}:{address.port}" if isinstance(address, IPv4Address | IPv6Address) else address
