"""
AMP as Twisted has it, but for what it logs.
"""

from __future__ import annotations

from twisted.internet.interfaces import ITransport
from twisted.protocols import amp
from twisted.python.failure import Failure


class QuietAMP(amp.AMP):
    """
    An end of a connection that logs nothing by itself.
    """

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
