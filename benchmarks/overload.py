"""
What a cluster of three on this machine does when it is asked for many times more than it can serve:
C{python -m benchmarks.overload}.

It starts servers of its own, finds the best that they do for some clients which wait for their answers, and then offers
a multiple of that, from many more clients, which do not wait: the load is open. A client holds back what it would send
only while a number of its commands is unanswered. The two take turns, and each prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import select
import socket
import sys
import time
from collections import Counter, deque
from pathlib import Path
from typing import NamedTuple

from benchmarks.alone import aCluster
from benchmarks.processes import endWhenTold, memory, processorTime
from benchmarks.systems.replkv import ReplkvCluster
from replkv.bench.descriptors import allowFiles

KEYS = 10_000
VALUE = b"x" * 128


class Offer(NamedTuple):
    """
    A load.

    @ivar connections: how many clients there are.
    @ivar window: how many commands each may have unanswered.
    @ivar burst: how many it sends at once.
    @ivar rate: how many all of them want to send in a second; with 0, as many as the window allows.
    @ivar readsOf10: how many of ten bursts are gets.
    """

    connections: int
    window: int
    burst: int
    rate: float
    readsOf10: int


class Client:
    """
    One connection.

    @ivar sent: when the commands that are not answered were sent, and how many at that time.
    @ivar unanswered: how many they are.
    """

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.sent: deque[list[float]] = deque()
        self.unanswered = 0
        self._unsent = b""
        self._partial = b""

    def send(self, data: bytes, count: int, now: float) -> None:
        """
        Send so many commands.
        """
        self.sent.append([now, count])
        self.unanswered += count
        self._unsent += data
        self.flush()

    def flush(self) -> None:
        """
        Send what the system has not taken yet.
        """
        if self._unsent:
            try:
                self._unsent = self._unsent[self.socket.send(self._unsent) :]
            except BlockingIOError:
                return

    def receive(self, now: float, latencies: dict[bytes, list[float]]) -> int:
        """
        Take what has come.

        @param latencies: how long each kind of answer took, in seconds.
        @return: how many answers there were.
        """
        data = self.socket.recv(1 << 16)
        if not data:
            raise SystemExit("a server has closed a connection")
        *lines, self._partial = (self._partial + data).split(b"\r\n")
        answers = 0
        for line in lines:
            if line == VALUE:
                continue
            first = self.sent[0]
            latencies.setdefault(line.split(b" ", 1)[0], []).append(now - first[0])
            answers += 1
            first[1] -= 1
            if not first[1]:
                self.sent.popleft()
        self.unanswered -= answers
        return answers


def bursts(offer: Offer) -> list[bytes]:
    """
    What the clients send, in turn.
    """
    made = []
    for start in range(0, KEYS, offer.burst):
        keys = range(start, start + offer.burst)
        if start // offer.burst % 10 < offer.readsOf10:
            made.append(b"".join([b"get key%d\r\n" % key for key in keys]))
        else:
            made.append(b"".join([b"set key%d 0 %d\r\n%b\r\n" % (key, len(VALUE), VALUE) for key in keys]))
    return made


class Load:
    """
    A load that is under way.

    @ivar heldBack: how many commands were not sent, since too many were unanswered.
    @ivar latencies: how long each kind of answer took, in seconds.
    """

    def __init__(self, offer: Offer, port: int) -> None:
        self.heldBack = 0
        self.latencies: dict[bytes, list[float]] = {}
        self._offer = offer
        self._bursts = bursts(offer)
        self._next = 0
        self._clients = [Client(port) for _ in range(offer.connections)]
        self._byDescriptor = {client.socket.fileno(): client for client in self._clients}
        self._poll = select.epoll()
        for descriptor in self._byDescriptor:
            self._poll.register(descriptor, select.EPOLLIN)

    def run(self, seconds: float, patience: float) -> None:
        """
        Offer it.

        @param patience: how many seconds the last answers are waited for.
        """
        offer = self._offer
        began = time.monotonic()
        if not offer.rate:
            for _ in range(0, offer.window, offer.burst):
                for client in self._clients:
                    self._send(client, began)
        turn = 0
        offered = 0.0
        while (now := time.monotonic()) < began + seconds:
            due = (now - began) * offer.rate
            while offered < due:
                offered += offer.burst
                turn = (turn + 1) % len(self._clients)
                self._send(self._clients[turn], now)
            self._receive(0.002, goOn=not offer.rate)
        while time.monotonic() < began + seconds + patience and any(client.unanswered for client in self._clients):
            self._receive(0.1, goOn=False)

    def close(self) -> int:
        """
        Close all connections.

        @return: how many commands got no answer.
        """
        for client in self._clients:
            client.socket.close()
        return sum(client.unanswered for client in self._clients)

    def _send(self, client: Client, now: float) -> None:
        burst = self._offer.burst
        if client.unanswered + burst > self._offer.window:
            self.heldBack += burst
            client.flush()
            return
        self._next = (self._next + 1) % len(self._bursts)
        client.send(self._bursts[self._next], burst, now)

    def _receive(self, wait: float, goOn: bool) -> None:
        for descriptor, _ in self._poll.poll(wait):
            client = self._byDescriptor[descriptor]
            now = time.monotonic()
            client.receive(now, self.latencies)
            client.flush()
            while goOn and client.unanswered + self._offer.burst <= self._offer.window:
                self._send(client, now)


def highest(pid: int) -> int:
    """
    The most resident memory that a process has had since it was asked last, in MiB.
    """
    most = memory(pid, "VmHWM")
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return round(most)


def milliseconds(latencies: list[float], share: float) -> float:
    """
    Within how many milliseconds such a share of the answers came.
    """
    ordered = sorted(latencies)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000, 1)


def run(cluster: ReplkvCluster, offer: Offer, seconds: float) -> float:
    """
    Offer a load to the leader, and print what came of it.

    @return: how many commands were carried out in a second.
    """
    leader = cluster.leader()
    pid = cluster.processes[leader].pid
    before = cluster.stats(leader)["term"]
    load = Load(offer, cluster.ports[leader])
    highest(pid)
    spent = processorTime(pid)
    load.run(seconds, patience=10)
    spent = processorTime(pid) - spent
    memory = highest(pid)
    lost = load.close()
    counts = Counter({kind: len(times) for kind, times in load.latencies.items()})
    good = counts[b"OK"] + counts[b"VALUE"] + counts[b"ERRNOTFOUND"]
    found = [time for kind, times in load.latencies.items() if not kind.startswith(b"ERR_") for time in times]
    refused = load.latencies.get(b"ERR_INTERNAL", [])
    told = {
        **offer._asdict(),
        "sentPerSecond": round((sum(counts.values()) + lost) / seconds),
        "heldBackPerSecond": round(load.heldBack / seconds),
        "goodPerSecond": round(good / seconds),
        "goodPerProcessorSecond": round(good / spent),
        "leaderProcessor": round(spent / seconds, 2),
        "p50ms": milliseconds(found, 0.5) if found else None,
        "p99ms": milliseconds(found, 0.99) if found else None,
        "maxMs": milliseconds(found, 1) if found else None,
        "refusedPerSecond": round(len(refused) / seconds),
        "refusalP50ms": milliseconds(refused, 0.5) if refused else None,
        "refusalP99ms": milliseconds(refused, 0.99) if refused else None,
        "redirected": counts[b"ERR_REDIRECT"],
        "unanswered": lost,
        "leaderMiB": memory,
        "terms": [before, cluster.stats(cluster.leader())["term"]],
        "ledOn": cluster.leader() == leader,
    }
    json.dump(told, sys.stdout)
    print(flush=True)
    return good / seconds


def main(arguments: argparse.Namespace) -> None:
    """
    Let the best and the overload take turns.
    """
    endWhenTold()
    allowFiles(arguments.connections + 100)
    served = Offer(arguments.served, arguments.burst * 4, arguments.burst, 0, arguments.reads_of_10)
    with aCluster(3) as cluster:
        for _ in range(arguments.turns):
            best = run(cluster, served, arguments.seconds)
            rate = best * arguments.times
            flood = Offer(arguments.connections, arguments.window, arguments.burst, rate, arguments.reads_of_10)
            print(f"goodput: {run(cluster, flood, arguments.seconds) / best:.0%} of {best:.0f} per second", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--served", type=int, default=200, help="clients that wait for their answers")
    parser.add_argument("--connections", type=int, default=5000, help="clients that do not")
    parser.add_argument("--times", type=float, default=10, help="how many times as much is offered as was served")
    parser.add_argument("--window", type=int, default=4, help="commands that a client may have unanswered")
    parser.add_argument("--burst", type=int, default=4, help="commands that it sends at once")
    parser.add_argument("--reads-of-10", type=int, default=0, help="how many of ten bursts are gets")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--turns", type=int, default=3)
    main(parser.parse_args())
