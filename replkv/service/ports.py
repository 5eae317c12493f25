"""
The addresses on which a server listens.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import Final

from twisted.internet.endpoints import AdoptedStreamServerEndpoint
from twisted.internet.interfaces import IReactorSocket
from twisted.internet.tcp import Server

from replkv.service.accept import RestingSockets, Transport

_BACKLOG: Final = 1024


class PortError(Exception):
    """
    A port cannot be listened on. The message is one line that says why.
    """


class PortNotYet(PortError):
    """
    That may change by itself: when a host starts, names and addresses come later than the first programs.
    """


class PortInUse(PortNotYet):
    """
    Someone else listens on the port.
    """


def bind(hostname: str, port: int, key: str) -> list[socket.socket]:
    """
    Listen on C{port} of all addresses that C{hostname} has, and of no others.

    This is done before the process daemonizes, so that a port in use is told to whoever starts the server.

    @param key: what the servers file calls the port.
    @return: a listening socket for each address.
    @raise PortNotYet: if the name has no address on this host, or the port is in use.
    @raise PortError: if one of its addresses cannot be used.
    """
    try:
        found = socket.getaddrinfo(hostname, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise PortNotYet(f"{key}: the addresses of {hostname!r} cannot be found: {error.strerror}") from None
    sockets: list[socket.socket] = []
    reason = ""
    for family, kind, protocol, _, address in dict.fromkeys(found):
        try:
            sockets.append(_listen(family, kind, protocol, address))
        except OSError as error:
            # A name may well have an IPv6 address on a host that has no IPv6.
            if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                reason = os.strerror(error.errno)
                continue
            for bound in sockets:
                bound.close()
            what = f"{key}: port {port} of {address[0]} cannot be listened on"
            if error.errno == errno.EADDRINUSE:
                raise PortInUse(f"{what}: it is in use; is another server running?") from None
            raise PortError(f"{what}: {os.strerror(error.errno) if error.errno else error}") from None
    if not sockets:
        raise PortNotYet(f"{key}: none of the addresses of {hostname!r} is one of this host: {reason}")
    return sockets


def endpoint(
    reactor: IReactorSocket, listening: socket.socket, transport: Transport = Server
) -> AdoptedStreamServerEndpoint:
    """
    Hand a listening socket over to the reactor.

    @param transport: makes the transport of each connection.
    """
    return AdoptedStreamServerEndpoint(RestingSockets(reactor, transport), listening.detach(), listening.family)


def _listen(family: int, kind: int, protocol: int, address: tuple[object, ...]) -> socket.socket:
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening
