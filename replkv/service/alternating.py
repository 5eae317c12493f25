"""
A server that is at one of two places.
"""

from __future__ import annotations

from itertools import cycle

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from zope.interface import implementer


@implementer(IStreamClientEndpoint)
class AlternatingEndpoint:
    """
    Connects to one place after the other, in turn: where the members of a cluster say that a server is, and where the
    servers file says it. All servers may have moved at once, and then nobody could write down where they are now.
    """

    def __init__(self, *endpoints: IStreamClientEndpoint) -> None:
        self._turns = cycle(endpoints)

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        See L{IStreamClientEndpoint.connect}.
        """
        return next(self._turns).connect(protocolFactory)
