"""
Properties of the order in which calls are carried out.
"""

from __future__ import annotations

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from replkv.client.address import Address
from replkv.client.dispatcher import Dispatcher
from replkv.client.limits import ClientLimits
from tests.client.connected import SEARCH, searched
from tests.client.network import Network
from tests.network import FarEnd

PORTS = (1, 2, 3)


class Servers:
    """
    Servers, of which one leads at a time. A server decides what to do with a command when the command arrives, and
    answers later.

    @ivar leader: the port of the one that leads.
    @ivar done: what was carried out, in order.
    """

    def __init__(self, network: Network) -> None:
        self.leader = 1
        self.done: list[int] = []
        self._network = network
        self._wires: dict[int, FarEnd] = {}
        self._replies: dict[int, deque[bytes]] = {port: deque() for port in PORTS}

    @property
    def redirecting(self) -> bool:
        """
        Whether a command is still to be told to go elsewhere.
        """
        return any(reply.startswith(b"ERR") for replies in self._replies.values() for reply in replies)

    def take(self) -> None:
        """
        Let everything arrive.
        """
        while ports := self._network.asked():
            for port in ports:
                self._wires[port] = self._network.accept(port)
            if self._wires[self.leader].value() == SEARCH:
                self._wires[self.leader].send(searched("leader"))
        for port, wire in self._wires.items():
            for line in wire.taken().split(b"\r\n"):
                if not line.startswith(b"delete"):
                    continue
                if port == self.leader:
                    self.done.append(int(line.split(b" ")[1]))
                    self._replies[port].append(b"DELETED\r\n")
                else:
                    self._replies[port].append(b"ERR_REDIRECT db %d\r\n" % self.leader)

    def answer(self, port: int, count: int) -> None:
        """
        Let one of them answer the oldest commands that it has, so many at the most.
        """
        replies = self._replies[port]
        self._wires[port].send(b"".join(replies.popleft() for _ in range(min(count, len(replies)))))

    @property
    def waiting(self) -> list[int]:
        """
        Those that have something to answer.
        """
        return [port for port in PORTS if self._replies[port]]


class OrderProperties(SynchronousTestCase):
    """
    Many calls at once, while leaders change.
    """

    @settings(derandomize=True, deadline=None)
    @given(st.data())
    def test_order(self, data: st.DataObject) -> None:
        """
        As long as no server fails, calls are carried out once each, in the order in which they were made, though any
        number of them is redirected and they are answered in any pieces.
        """
        network = Network()
        addresses = [Address("db", port) for port in PORTS]
        dispatcher = Dispatcher(network.reactor, addresses, 2.0, ClientLimits(sent=8))
        servers = Servers(network)
        made, settled = 0, 0

        def settle(result: object) -> None:
            nonlocal settled
            settled += 1

        for _ in range(data.draw(st.integers(1, 12))):
            for _ in range(data.draw(st.sampled_from([0, 1, 3, 20]))):
                dispatcher.call(b"delete %d\r\n" % made, True, 10.0).addBoth(settle)
                made += 1
            servers.take()
            if not servers.redirecting:
                servers.leader = data.draw(st.sampled_from(PORTS))
            for port in servers.waiting:
                servers.answer(port, data.draw(st.sampled_from([0, 1, 2, 5, 1000])))
        for _ in range(1000):
            if settled == made:
                break
            servers.take()
            for port in servers.waiting:
                servers.answer(port, 1000)
            network.advance(0.1 if not servers.waiting else 0)
        self.assertEqual(servers.done, list(range(made)))
        dispatcher.close()
