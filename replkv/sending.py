"""
Sending at once.

Twisted's C{write} keeps what it is given until the next turn of the reactor, and tells C{epoll} twice, for a socket
that nearly always takes it all. A server spends more on that than on the command that it answers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

from twisted.internet.tcp import Connection


class Transport(Protocol):
    """
    What something is written to.
    """

    def write(self, data: bytes) -> None:
        """
        Send C{data}, after all that was written before.
        """


class DirectTransport(ABC):
    """
    A transport with a way of its own. It is a class, and nothing that is looked for by its name: what stands between a
    protocol and its connection, such as TLS, has all the names that the connection has.
    """

    @abstractmethod
    def send(self, data: bytes) -> bool:
        """
        See L{send}.
        """


def send(transport: Transport, data: bytes) -> bool:
    """
    Send C{data}, after all that was written before: at once, where nothing waits.

    @param transport: sends at once if it is a TCP connection of Twisted's, or a L{DirectTransport}.
    @return: whether the system has all of it now. Otherwise the transport has the rest, and tells its producer of it.
    """
    if isinstance(transport, Connection):
        if not transport.connected or transport.dataBuffer or transport._tempDataLen:
            transport.write(data)
            return False
        sent = transport.writeSomeData(data)
        if sent == len(data):
            return True
        # A connection that is lost is found to be so where Twisted looks for it: in its own attempt to send.
        transport.write(data[sent:] if isinstance(sent, int) else data)
        return False
    if isinstance(transport, DirectTransport):
        return transport.send(data)
    transport.write(data)
    return False
