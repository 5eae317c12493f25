"""
Real servers with a port for clients of memcached's, and a client.
"""

from __future__ import annotations

import json
import socket
from typing import Self

from tests.processes.cluster import HOST, PATIENCE, Cluster, freePorts


def withMemcached(cluster: Cluster) -> list[int]:
    """
    Have servers that are yet to start take clients of memcached's.

    @return: their ports for those.
    """
    content = json.loads(cluster.config.read_text())
    ports = freePorts(len(content["Servers"]))
    for row, port in zip(content["Servers"], ports, strict=True):
        row["MemcachedPort"] = port
    cluster.config.write_text(json.dumps(content))
    return ports


class MemcachedClient:
    """
    A client that blocks.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((HOST, port), timeout=PATIENCE)
        self._replies = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """
        Close the connection.
        """
        self._replies.close()
        self._socket.close()

    def send(self, data: bytes) -> None:
        """
        Send this, and do not wait for what comes of it.
        """
        self._socket.sendall(data)

    def rest(self) -> bytes:
        """
        What comes until the server closes.
        """
        return self._replies.read()

    def ask(self, data: bytes, lines: int = 1) -> bytes:
        """
        Send this.

        @param lines: how many lines of replies are waited for.
        @return: these.
        """
        self.send(data)
        return b"".join([self._replies.readline() for _ in range(lines)])
