"""
What both ends of a connection between servers have in common.
"""

from __future__ import annotations

from typing import Final, NoReturn

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import ITCPTransport, ITransport
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

    @ivar version: the version that counts on it, see L{replkv.versions}; C{None} until each side has told the other who
        it is.
    """

    transport: ITCPTransport

    def __init__(self) -> None:
        super().__init__()
        self.version: int | None = None
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
        if self._boxBytes > (MAX_HELLO_BYTES if self.version is None else MAX_BOX_BYTES):
            raise ValueError("a box that is too long")
        super().stringReceived(string)

    def lengthLimitExceeded(self, length: int) -> None:
        """
        Refuse a key that no box can have; AMP itself would close the connection without a word.
        """
        raise ValueError(f"a key of {length} bytes")

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
            self.giveUp(f"what comes is not replkv's server protocol: {error!r:.200}")

    def dispatchCommand(self, box: amp.AmpBox) -> Deferred[amp.AmpBox]:
        """
        Answer a request. One that is not what this version knows is the other side's mistake: that is a line in the
        log and not a traceback, and the other side is told.
        """
        answer: Deferred[amp.AmpBox] = super().dispatchCommand(box)
        return answer.addErrback(self._malformed)

    def _malformed(self, failure: Failure) -> NoReturn:
        failure.trap(ValueError, KeyError, TypeError)
        reason = f"{failure.value!r:.200}"
        self.report(f"closed the connection with {self.peerAddress}: a request makes no sense: {reason}")
        raise amp.RemoteAmpError(amp.UNKNOWN_ERROR_CODE, reason, fatal=True)

    def unhandledError(self, failure: Failure) -> None:
        """
        Something that no declared error tells of: this connection is of no more use.
        """
        self.giveUp(f"{failure.value!r:.200}")

    def giveUp(self, reason: str) -> None:
        """
        Close the connection at once, and tell the operator why.
        """
        self.report(f"closed the connection with {self.peerAddress}: {reason}")
        self.transport.abortConnection()

    def report(self, what: str) -> None:
        """
        Tell the operator something that the other side has done.
        """
        raise NotImplementedError

    @property
    def peerAddress(self) -> object:
        """
        Where the other side is.
        """
        address = self.transport.getPeer()
        return f"{address.host}:{address.port}" if isinstance(address, IPv4Address | IPv6Address) else address
