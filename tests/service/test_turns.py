"""
Tests for whose turn it is in the reactor.
"""

from __future__ import annotations

import os
import select
from collections import Counter
from collections.abc import Callable
from typing import Any
from unittest import skipUnless

from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
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

    def test_afterEventsOfAnother(self) -> None:
        """
        With any other reactor, what is to be called after the events is called in the next turn.
        """
        clock = Clock()
        called: list[str] = []
        Turns(clock).afterEvents(lambda: called.append("it"))
        self.assertEqual(called, [])
        clock.advance(0)
        self.assertEqual(called, ["it"])


class Pipe:
    """
    Something that Twisted's reactor reads from.
    """

    def __init__(self, reactor: Any, act: Callable[[], Exception | None]) -> None:
        self.lost: list[Failure] = []
        self._act = act
        self._reading, self._writing = os.pipe()
        self._reactor = reactor
        reactor.addReader(self)

    def fill(self) -> None:
        """
        Have something to be read.
        """
        os.write(self._writing, b"x")

    def end(self) -> None:
        """
        Have nothing any more.
        """
        os.close(self._writing)
        self._writing = -1

    def close(self) -> None:
        """
        Give back its descriptors.
        """
        for descriptor in {self._reading, self._writing} - {-1}:
            os.close(descriptor)

    def fileno(self) -> int:
        """
        See L{twisted.internet.interfaces.IFileDescriptor.fileno}.
        """
        return self._reading

    def doRead(self) -> Exception | None:
        """
        See L{twisted.internet.interfaces.IReadDescriptor.doRead}.
        """
        os.read(self._reading, 1)
        return self._act()

    def connectionLost(self, reason: Failure) -> None:
        """
        See L{twisted.internet.interfaces.IFileDescriptor.connectionLost}.
        """
        self._reactor.removeReader(self)
        self.lost.append(reason)

    def logPrefix(self) -> str:
        """
        See L{twisted.internet.interfaces.ILoggingContext.logPrefix}.
        """
        return "pipe"


@skipUnless(hasattr(select, "epoll"), "this system has no epoll")
class TurnTests(SynchronousTestCase):
    """
    Tests for one turn of a reactor of Twisted's.
    """

    def setUp(self) -> None:
        """
        There is a reactor, which nobody else knows.
        """
        from twisted.internet.epollreactor import EPollReactor

        self.reactor = EPollReactor()
        self.turns = Turns(self.reactor)
        self.addCleanup(self.reactor._poller.close)
        self.done: list[str] = []

    def pipe(self, act: Callable[[], Exception | None]) -> Pipe:
        """
        Something to read from.
        """
        pipe = Pipe(self.reactor, act)
        self.addCleanup(pipe.close)
        return pipe

    def note(self, what: str) -> Callable[[], None]:
        """
        Something to do.
        """
        return lambda: self.done.append(what)

    def test_afterEvents(self) -> None:
        """
        What is to be called after the events is called once, when all is done that has happened.
        """
        pipes = [self.pipe(lambda: self.turns.afterEvents(self.note("call")))]
        pipes += [self.pipe(self.note("read")) for _ in range(3)]
        for pipe in pipes:
            pipe.fill()
        self.reactor.doIteration(0)
        self.assertEqual((sorted(self.done[:-1]), self.done[-1]), (["read"] * 3, "call"))
        self.reactor.doIteration(0)
        self.assertEqual(len(self.done), 4)

    def test_meanwhile(self) -> None:
        """
        What happens while something is done belongs to the same turn, if something is to be called after that.
        """
        second = self.pipe(self.note("read"))

        def act() -> None:
            self.turns.afterEvents(self.note("call"))
            second.fill()

        self.pipe(act).fill()
        self.reactor.doIteration(0)
        self.assertEqual(self.done, ["read", "call"])

    def test_turnsEnd(self) -> None:
        """
        However much goes on happening, a turn comes to its end.
        """

        def act() -> None:
            self.done.append("read")
            endless.fill()

        endless = self.pipe(act)
        endless.fill()
        self.turns.afterEvents(self.note("call"))
        self.reactor.doIteration(0)
        self.assertEqual(self.done, ["read"] * TURN_EVENTS + ["call"])

    def test_calledAgain(self) -> None:
        """
        What is to be called, as it turns out in a call, is called in the next turn, which does not wait for anything.
        """
        self.turns.afterEvents(lambda: self.turns.afterEvents(self.note("call")))
        self.reactor.doIteration(None)
        self.assertEqual(self.done, [])
        self.reactor.doIteration(None)
        self.assertEqual(self.done, ["call"])

    def test_fails(self) -> None:
        """
        What fails is logged, and closed; the others go on.
        """

        def fail() -> None:
            raise ValueError("a mistake")

        pipes = [self.pipe(fail), self.pipe(self.note("read"))]
        for pipe in pipes:
            pipe.fill()
        self.reactor.doIteration(0)
        self.assertEqual(self.done, ["read"])
        self.assertEqual([str(failure.value) for failure in self.flushLoggedErrors(ValueError)], ["a mistake"])
        self.assertEqual([len(pipe.lost) for pipe in pipes], [1, 0])

    def test_ends(self) -> None:
        """
        What says that it is over is closed, as is what the system says so of.
        """
        pipes = [self.pipe(ConnectionDone), self.pipe(self.note("read"))]
        pipes[0].fill()
        pipes[1].end()
        self.reactor.doIteration(0)
        self.assertEqual([failure.type for pipe in pipes for failure in pipe.lost], [ConnectionDone] * 2)
        self.assertEqual(self.done, [])

    def test_closedByAnother(self) -> None:
        """
        What one thing that happens has closed is not read from any more.
        """

        def closeBoth() -> None:
            self.done.append("close")
            for pipe in pipes:
                self.reactor.removeReader(pipe)

        pipes = [self.pipe(closeBoth), self.pipe(closeBoth)]
        for pipe in pipes:
            pipe.fill()
        self.reactor.doIteration(0)
        self.assertEqual(self.done, ["close"])
