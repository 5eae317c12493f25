"""
What the connections between servers are protected by.
"""

from __future__ import annotations

from typing import Final, Protocol

from twisted.internet.interfaces import IStreamClientEndpoint, ITransport
from twisted.internet.protocol import ServerFactory


class PeerSecurity(Protocol):
    """
    How servers prove to each other who they are.
    """

    def serve(self, factory: ServerFactory) -> ServerFactory:
        """
        Protect the connections of a factory.
        """

    def connect(self, endpoint: IStreamClientEndpoint, server: int) -> IStreamClientEndpoint:
        """
        Protect the connections of an endpoint, which are to that server.
        """

    def mistake(self, transport: ITransport, server: int) -> str | None:
        """
        Tell why the other end of a connection is not that server, which it says it is; C{None} if nothing speaks
        against it.

        @return: words that follow "server N".
        """

    def refusal(self, exception: BaseException | None) -> str | None:
        """
        Tell why a connection did not come to be; C{None} if that has to do with something else.

        @param exception: with what it has ended.
        """


class _Unprotected:
    """
    L{PeerSecurity} where there is none: whoever says that it is a server is believed.
    """

    def serve(self, factory: ServerFactory) -> ServerFactory:
        """
        See L{PeerSecurity.serve}.
        """
        return factory

    def connect(self, endpoint: IStreamClientEndpoint, server: int) -> IStreamClientEndpoint:
        """
        See L{PeerSecurity.connect}.
        """
        return endpoint

    def mistake(self, transport: ITransport, server: int) -> str | None:
        """
        See L{PeerSecurity.mistake}.
        """
        return None

    def refusal(self, exception: BaseException | None) -> str | None:
        """
        See L{PeerSecurity.refusal}.
        """
        return None


UNPROTECTED: Final[PeerSecurity] = _Unprotected()
"""
There is no protection.
"""
