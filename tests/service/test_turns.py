"""
Tests for whose turn it is in the reactor.
"""

from __future__ import annotations

import os
import select
from collections import Counter
from unittest import skipUnless

from twisted.trial.unittest import SynchronousTestCase

from replkv.service.turns import TURN_EVENTS, Turns


class OtherReactor:
    """
    A reactor that uses no C{epoll}.
    """


class EpollReactor:
    """
    What Twisted's has.
    """

    def __init__(self) -> None:
        self._poller = select.epoll()


@skipUnless(hasattr(select, "epoll"), "this system has no epoll")
class TurnsTests(SynchronousTestCase):
    """
    Tests for L{Turns}.
    """

    def setUp(self) -> None:
        """
        There is a reactor.
        """
        reactor = EpollReactor()
        Turns(reactor)
        self.poller = reactor._poller
        self.addCleanup(self.poller.close)

    def readable(self, isClient: bool) -> int:
        """
        Make a descriptor that has something to be read.
        """
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        os.write(writing, b"x")
        os.close(writing)
        if isClient:
            self.poller.clients.add(reading)  # type: ignore[attr-defined]
        self.poller.register(reading, select.EPOLLIN)
        return reading

    def test_inTurn(self) -> None:
        """
        However many clients are ready, what else there is, is told of in each turn; and each client has its turn.
        """
        clients = [self.readable(True) for _ in range(3 * TURN_EVENTS)]
        other = self.readable(False)
        told: Counter[int] = Counter()
        for _ in range(6):
            found = [descriptor for descriptor, _ in self.poller.poll(0, 1000)]
            self.assertEqual(found[0], other)
            self.assertEqual(len(found), 1 + TURN_EVENTS)
            told.update(found[1:])
        self.assertEqual(told, dict.fromkeys(clients, 2))

    def test_registered(self) -> None:
        """
        A client's connection can be told to be silent, and to tell of something else.
        """
        client = self.readable(True)
        self.poller.modify(client, select.EPOLLOUT)
        self.poller.unregister(client)
        self.assertEqual(self.poller.poll(0, 10), [])
        self.poller.register(client, select.EPOLLIN)
        self.assertEqual([descriptor for descriptor, _ in self.poller.poll(0, 10)], [client])

    def test_otherReactor(self) -> None:
        """
        Any other reactor is left as it is.
        """
        reactor = OtherReactor()
        Turns(reactor)
        self.assertEqual(vars(reactor), {})
