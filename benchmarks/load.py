"""
A load of one kind on the leader of a running cluster: C{python benchmarks/load.py --help}. It is that of the user whom
C{REPLKV_USER} and C{REPLKV_TOKEN} of the environment name, if they do.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import deque
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol
from twisted.internet.protocol import Protocol
from twisted.internet.task import react

KEYS = 10_000

LOGIN = f"auth {os.environ['REPLKV_USER']} {os.environ['REPLKV_TOKEN']}\r\n" if "REPLKV_USER" in os.environ else ""


class Client(Protocol):
    """
    Keeps a number of commands on their way, and takes the time of each.

    @ivar latencies: seconds.
    """

    def __init__(self, number: int, operation: str, inFlight: int, value: bytes) -> None:
        self.latencies: list[float] = []
        self.done: Deferred[None] = Deferred()
        self._operation = operation
        self._inFlight = inFlight
        self._value = value
        # A reply to a set is one line, and one to a get is two.
        self._linesPerReply = 1 if operation == "set" else 2
        # The first one may be that which answers the login.
        self._lines = -1 if LOGIN else 0
        self._sent: deque[float] = deque()
        self._key = number * 7919
        self._until = 0.0

    def connectionMade(self) -> None:
        """
        Log in, if there is a user.
        """
        self.transport.write(LOGIN.encode("ascii"))

    def start(self, seconds: float) -> None:
        """
        Begin.
        """
        self._until = time.monotonic() + seconds
        self._send(self._inFlight)

    def dataReceived(self, data: bytes) -> None:
        """
        Replies came: send as many commands again.
        """
        if b"ERR" in data:
            if not self.done.called:
                self.done.errback(RuntimeError(f"the cluster answered {data[data.index(b'ERR') :][:40]!r}"))
            self.transport.loseConnection()
            return
        self._lines += data.count(b"\r\n")
        if self._lines < self._linesPerReply:
            return
        replies, self._lines = divmod(self._lines, self._linesPerReply)
        now = time.monotonic()
        for _ in range(replies):
            self.latencies.append(now - self._sent.popleft())
        if now < self._until:
            self._send(replies)
        elif not self._sent:
            self.transport.loseConnection()
            self.done.callback(None)

    def _send(self, count: int) -> None:
        commands = []
        for _ in range(count):
            self._key = (self._key + 1) % KEYS
            if self._operation == "set":
                commands.append(b"set key%d 0 %d\r\n%b\r\n" % (self._key, len(self._value), self._value))
            else:
                commands.append(b"get key%d\r\n" % self._key)
        self._sent.extend([time.monotonic()] * count)
        self.transport.write(b"".join(commands))


def percentile(ordered: list[float], share: float) -> float:
    """
    The value below which C{share} of the values lie.
    """
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def fill(endpoint: HostnameEndpoint, value: bytes) -> None:
    """
    Give every key a value.
    """
    client = Client(0, "set", KEYS, value)
    await connectProtocol(endpoint, client)
    client.start(0)
    await client.done


async def main(reactor: Any, arguments: argparse.Namespace) -> None:
    """
    Run the load, and print one line of JSON.
    """
    clients = [
        Client(number, arguments.operation, arguments.in_flight, bytes(arguments.bytes))
        for number in range(arguments.clients)
    ]
    endpoint = HostnameEndpoint(reactor, arguments.host, arguments.port)
    for client in clients:
        await connectProtocol(endpoint, client)
    if arguments.operation == "get":
        await fill(endpoint, bytes(arguments.bytes))
    began = time.monotonic()
    for client in clients:
        client.start(arguments.seconds)
    await gatherResults([client.done for client in clients])
    took = time.monotonic() - began
    latencies = sorted(latency for client in clients for latency in client.latencies)
    json.dump(
        {
            "operation": arguments.operation,
            "clients": arguments.clients,
            "inFlight": arguments.in_flight,
            "perSecond": round(len(latencies) / took),
            "p50ms": round(percentile(latencies, 0.50) * 1000, 2),
            "p99ms": round(percentile(latencies, 0.99) * 1000, 2),
        },
        sys.stdout,
    )
    print()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("operation", choices=["set", "get"])
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, default=9000, help="the client port of the leader")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--in-flight", type=int, default=1, help="commands that each client sends without waiting")
    parser.add_argument("--bytes", type=int, default=32, help="length of the values")
    parser.add_argument("--seconds", type=float, default=5)
    chosen = parser.parse_args()
    react(lambda reactor: Deferred.fromCoroutine(main(reactor, chosen)))
