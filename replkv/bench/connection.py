"""
One connection of a load.

There is no Twisted here, nor in what uses it: a transport costs more than all of this, and on the machine that is
measured the generator is not to be what is measured.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Sequence
from typing import Final

from replkv.bench.dialect import Dialect
from replkv.client.address import Address

# Python allocates as many before it asks for them. With 256 KiB, that alone costs more than all the rest of a call.
_RECEIVE_BYTES: Final = 1 << 16


class Connection:
    """
    A socket that never blocks. Whoever has it waits until there is something to be done, and then has it done.

    @ivar address: where it goes.
    @ivar isOpen: whether commands can be sent.
    """

    def __init__(self, address: Address, dialect: Dialect) -> None:
        """
        Begin to connect.

        @raise OSError: if that cannot be.
        """
        self.address = address
        self.isOpen = False
        self._waitsToRead = False
        self._dialect = dialect
        self._rest = b""
        self._unsent = b""
        family, kind, protocol, _, resolved = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0]
        self._socket = socket.socket(family, kind, protocol)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.connect_ex(resolved)

    def fileno(self) -> int:
        """
        The number of its descriptor.
        """
        return self._socket.fileno()

    @property
    def wantsToWrite(self) -> bool:
        """
        Whether there is something to be done as soon as it takes bytes.
        """
        return bool(self._unsent) if self.isOpen else not self._waitsToRead

    def advance(self) -> None:
        """
        Do what is to be done when it takes bytes, or, as long as it is not open, when something has come.

        @raise OSError: if the connection is lost, or never came.
        """
        if not self.isOpen:
            if error := self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(error, os.strerror(error))
            self.isOpen = self._isEstablished()
        if self.isOpen and self._unsent:
            data, self._unsent = self._unsent, b""
            self.send(data)

    def send(self, data: bytes) -> None:
        """
        Send bytes, or keep what is not taken yet.

        @raise OSError: if the connection is lost.
        """
        if self._unsent or not self.isOpen:
            self._unsent += data
            return
        try:
            sent = self._socket.send(data)
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            sent = 0
        if sent < len(data):
            self._unsent = data[sent:]

    def receive(self) -> Sequence[bytes]:
        """
        Take what has come.

        @return: the replies, see L{Dialect.cut}.
        @raise OSError: if the connection is lost.
        @raise NotUnderstood: if it is no reply.
        """
        data = self._receive()
        if data is None:
            return ()
        if not data:
            raise ConnectionResetError("closed by the server")
        replies, self._rest = self._dialect.cut(self._rest + data if self._rest else data)
        return replies

    def close(self) -> None:
        """
        Close it.
        """
        self._socket.close()

    def _isEstablished(self) -> bool:
        """
        Go on with what comes before the first command.

        @return: whether that is over.
        """
        return True

    def _receive(self) -> bytes | None:
        """
        @return: what has come; C{None} if that is nothing yet, and no bytes at the end.
        """
        return self._socket.recv(_RECEIVE_BYTES)


class TlsConnection(Connection):
    """
    The same, over TLS.
    """

    def __init__(self, address: Address, dialect: Dialect, context: ssl.SSLContext) -> None:
        super().__init__(address, dialect)
        self._context = context
        self._tls: ssl.SSLSocket | None = None

    def _isEstablished(self) -> bool:
        if self._tls is None:
            self._tls = self._context.wrap_socket(
                self._socket, server_hostname=self.address.host, do_handshake_on_connect=False
            )
            self._socket = self._tls
        try:
            self._tls.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
            self._waitsToRead = isinstance(error, ssl.SSLWantReadError)
            return False
        return True

    def _receive(self) -> bytes | None:
        # All that TLS has: what it has read from the socket already is not announced once more.
        pieces = []
        try:
            while piece := self._socket.recv(_RECEIVE_BYTES):
                pieces.append(piece)
        except ssl.SSLWantReadError:
            return b"".join(pieces) or None
        return b"".join(pieces)
