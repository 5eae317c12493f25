"""
The options of a simulated TCP socket.
"""

from __future__ import annotations


class SocketOptions:
    """
    What L{ITCPTransport<twisted.internet.interfaces.ITCPTransport>} has of them.
    """

    _noDelay = False
    _keepAlive = False

    def setTcpNoDelay(self, enabled: bool) -> None:
        """
        See L{ITCPTransport.setTcpNoDelay<twisted.internet.interfaces.ITCPTransport.setTcpNoDelay>}. Nothing is delayed
        anyway.
        """
        self._noDelay = enabled

    def getTcpNoDelay(self) -> bool:
        """
        See L{ITCPTransport.getTcpNoDelay<twisted.internet.interfaces.ITCPTransport.getTcpNoDelay>}.
        """
        return self._noDelay

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """
        See L{ITCPTransport.setTcpKeepAlive<twisted.internet.interfaces.ITCPTransport.setTcpKeepAlive>}. What it does
        comes after hours, which no simulation lasts.
        """
        self._keepAlive = enabled

    def getTcpKeepAlive(self) -> bool:
        """
        See L{ITCPTransport.getTcpKeepAlive<twisted.internet.interfaces.ITCPTransport.getTcpKeepAlive>}.
        """
        return self._keepAlive
