"""
A client that types the protocol by hand.
"""

from __future__ import annotations

import socket
import ssl
from typing import Final

from tests.processes.cluster import HOST, PATIENCE


class Conversation:
    """
    A blocking connection to one server. It blocks the reactor of the tests too, so it is not for use beside a load.
    """

    _PIECE: Final = 65536

    def __init__(self, port: int, receiveBytes: int | None = None, tls: ssl.SSLContext | None = None) -> None:
        """
        @param receiveBytes: how much the system takes in before it is read; C{None} is as much as it likes.
        @param tls: by what it makes sure who the server is; C{None} is without TLS.
        """
        self._socket = socket.socket()
        if receiveBytes is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receiveBytes)
        self._socket.settimeout(PATIENCE)
        self._socket.connect((HOST, port))
        if tls is not None:
            self._socket = tls.wrap_socket(self._socket, server_hostname=HOST)
        self._arrived = b""

    def __enter__(self) -> Conversation:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """
        Close the connection.
        """
        self._socket.close()

    def send(self, data: bytes) -> None:
        """
        Send all of C{data}.
        """
        self._socket.sendall(data)

    def flood(self, data: bytes, most: int) -> int:
        """
        Send C{data} again and again, up to C{most} bytes, until the server takes no more for a second.

        @return: how many bytes it took.
        """
        taken = 0
        self._socket.settimeout(1.0)
        try:
            while taken < most:
                taken += self._socket.send(data[taken % len(data) :])
        except TimeoutError:
            pass
        self._socket.settimeout(PATIENCE)
        return taken

    def begins(self) -> bytes:
        """
        Wait until something has arrived, and do not take it.

        @return: some bytes of it.
        """
        return self._socket.recv(16, socket.MSG_PEEK)

    def line(self) -> bytes:
        """
        Read a line, without its end.
        """
        while b"\r\n" not in self._arrived:
            self._receive()
        line, _, self._arrived = self._arrived.partition(b"\r\n")
        return line

    def reply(self) -> bytes:
        """
        Read a reply, with its value and its line ends.
        """
        line = self.line() + b"\r\n"
        if not line.startswith(b"VALUE "):
            return line
        size = int(line.split()[-1]) + 2
        while len(self._arrived) < size:
            self._receive()
        value, self._arrived = self._arrived[:size], self._arrived[size:]
        return line + value

    def ask(self, command: bytes) -> bytes:
        """
        Send a command and read its reply.
        """
        self.send(command)
        return self.reply()

    def rest(self) -> bytes:
        """
        Read until the server closes the connection.
        """
        try:
            while True:
                self._receive()
        except EOFError:
            return self._arrived

    def _receive(self) -> None:
        piece = self._socket.recv(self._PIECE)
        if not piece:
            raise EOFError(f"the server has closed the connection, after {self._arrived[-80:]!r}")
        self._arrived += piece
