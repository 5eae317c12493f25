"""
Tests for L{Intake}: which connections' commands are taken, when, and which are refused.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from replkv.frontends.intake import Intake
from replkv.frontends.limits import IntakeLimits
from replkv.frontends.outbox import Outbox
from tests.frontends.text.session import Served
from tests.patience import patiently

TIMEOUT = 10.0
LIMITS = IntakeLimits(turnCommands=4, patienceDivisor=5, takenPerRefusal=2)
PATIENCE = 2.0
TURN = 0.001
REFUSAL = b"ERR_INTERNAL\r\n"
NOT_FOUND = b"ERRNOTFOUND\r\n"


class Reactor(Clock):
    """
    A clock on which what is put off to the next turn comes in the next turn, and not at once.
    """

    def callLater(self, delay: float, callable: Callable[..., object], *args: object, **kw: object) -> IDelayedCall:  # noqa: A002
        """
        See L{Clock.callLater}.
        """
        return super().callLater(delay + TURN, callable, *args, **kw)

    def turn(self, seconds: float = TURN) -> None:
        """
        Let the next turn come, after so many seconds.
        """
        self.advance(seconds)


class Client:
    """
    A connection.

    @ivar arrived: how many commands it has that were not taken.
    @ivar taken: how many were carried out.
    @ivar refused: how many were not.
    """

    def __init__(self, intake: Intake, arrived: int) -> None:
        self._intake = intake
        self.arrived = arrived
        self.taken = 0
        self.refused = 0
        self.takeTurn()

    def abort(self) -> None:
        """
        See L{replkv.frontends.intake.Taker.abort}.
        """

    def takeTurn(self) -> None:
        """
        Take what may be taken, and wait with the rest.
        """
        while self.arrived:
            if not self._intake.left:
                self._intake.wait(self)
                return
            self.arrived -= 1
            if self._intake.refuses:
                self.refused += 1
                self._intake.refused()
            else:
                self.taken += 1
                self._intake.took()


class Broken:
    """
    A connection with which something is wrong.
    """

    isAborted = False

    def takeTurn(self) -> None:
        """
        Fail.
        """
        raise ZeroDivisionError

    def abort(self) -> None:
        """
        Take note of it.
        """
        self.isAborted = True


class Writer:
    """
    A connection that has something to write.
    """

    written = False

    def writeReplies(self) -> None:
        """
        Take note of it.
        """
        self.written = True


class IntakeTests(SynchronousTestCase):
    """
    Tests for the turns.
    """

    def setUp(self) -> None:
        """
        Four commands are taken in a turn, and none is to wait for longer than two seconds.
        """
        self.clock = Reactor()
        self.outbox = Outbox()
        self.intake = Intake(self.clock, self.outbox, TIMEOUT, LIMITS)

    def test_shortTurns(self) -> None:
        """
        No more than so many are taken in one turn, whoever has them; and in the end all are.
        """
        clients = [Client(self.intake, 3) for _ in range(5)]
        taken = []
        for _ in patiently("all are taken"):
            if not any(client.arrived for client in clients):
                break
            taken.append(sum(client.taken for client in clients))
            self.clock.turn()
        self.assertEqual(taken, [4, 8, 12])
        self.assertEqual([client.taken for client in clients], [3] * 5)

    def test_places(self) -> None:
        """
        One that takes the time of many counts as many, and there is one turn after it, as after any other.
        """
        self.intake.took(100)
        self.assertEqual((self.intake.left, len(self.clock.getDelayedCalls())), (0, 1))
        client = Client(self.intake, 3)
        self.assertEqual(client.taken, 0)
        self.clock.turn()
        self.assertEqual(client.taken, 3)

    def test_inTurn(self) -> None:
        """
        Whoever came first is first, and whoever has more waits again, behind the others.
        """
        greedy = Client(self.intake, 100)
        others = [Client(self.intake, 1) for _ in range(3)]
        self.clock.turn()
        self.assertEqual((greedy.taken, [client.taken for client in others]), (8, [0, 0, 0]))
        self.clock.turn()
        self.assertEqual((greedy.taken, [client.taken for client in others]), (9, [1, 1, 1]))

    def test_broken(self) -> None:
        """
        A connection that fails is closed, and the others have their turns all the same.
        """
        Client(self.intake, 4)
        broken = Broken()
        self.intake.wait(broken)
        client = Client(self.intake, 2)
        self.clock.turn()
        self.assertTrue(broken.isAborted)
        self.assertEqual(client.taken, 2)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_nobodyWaits(self) -> None:
        """
        Where little is asked, nothing waits for a turn.
        """
        for _ in range(10):
            client = Client(self.intake, 3)
            self.clock.turn()
            self.assertEqual(client.arrived, 0)

    def test_tooLong(self) -> None:
        """
        What has waited for too long is refused, but for each that is, so many are taken; and the longest that they may
        wait is still in time.
        """
        Client(self.intake, 4)
        clients = [Client(self.intake, 1) for _ in range(20)]
        self.clock.turn(PATIENCE)
        self.assertEqual([client.taken for client in clients[:4]], [1] * 4)
        self.clock.turn(0.1)
        self.assertEqual(sum(client.taken for client in clients), 8)
        self.assertEqual(sum(client.refused for client in clients), 2)

    def test_late(self) -> None:
        """
        Those that came later, and have not waited for too long, are taken as ever.
        """
        Client(self.intake, 4)
        early, late = Client(self.intake, 1), None
        self.clock.rightNow += PATIENCE + 0.1
        late = Client(self.intake, 1)
        self.clock.turn()
        self.assertEqual((early.refused, late.taken), (1, 1))

    def test_flushes(self) -> None:
        """
        What is answered in a turn is written at its end.
        """
        Client(self.intake, 4)
        writer = Writer()
        self.outbox.add(writer)
        self.clock.turn()
        self.assertTrue(writer.written)


class ConnectionTests(SynchronousTestCase):
    """
    Tests for connections that wait for their turns.
    """

    def setUp(self) -> None:
        """
        A client has used up this turn.
        """
        self.clock = Reactor()
        self.served = Served(limits=LIMITS, turns=self.clock)
        self.served.connect().send(b"get k\r\n" * 4)
        self.client = self.served.connect()

    def turn(self, seconds: float = TURN) -> None:
        """
        Let so much time pass until the next turn.
        """
        self.clock.turn(seconds)
        self.served.network.settle()

    def test_waits(self) -> None:
        """
        A client waits for its turn, and meanwhile no more is read from it than the system hands over at once.
        """
        self.client.send(b"get k\r\n")
        self.assertEqual(len(self.served.backend.seen), 4)
        self.client.send(b"get k\r\n")
        self.client.send(b"get k\r\n" * 20)
        self.assertEqual(self.client.transport.backlog, 20 * 7)
        self.turn()
        self.assertEqual(len(self.served.backend.seen), 8)
        while self.clock.getDelayedCalls():
            self.turn()
        self.assertEqual(self.client.taken(), NOT_FOUND * 22)

    def test_bounded(self) -> None:
        """
        While a client waits for turn after turn, no more is read from it than once.
        """
        self.client.send(b"get k\r\n" * 16)
        for _ in range(3):
            self.client.send(b"get k\r\n")
            self.turn()
        self.assertEqual(self.client.transport.backlog, 2 * 7)
        while self.clock.getDelayedCalls():
            self.turn()
        self.assertEqual(self.client.taken(), NOT_FOUND * 19)

    def test_refused(self) -> None:
        """
        Commands that have waited for too long are not carried out. They are answered in their places, and what needs no
        leader is answered as ever.
        """
        self.client.send(b"get k\r\nset k 0 1 noreply\r\nx\r\nbad\r\nhelp me\r\nversion\r\n")
        self.turn(PATIENCE + 0.1)
        replies = self.client.taken()
        self.assertTrue(replies.startswith(REFUSAL * 2 + b"ERRCMDERR\r\nERRCMDERR\r\nVERSION "), replies)
        self.assertEqual(len(self.served.backend.seen), 4)
        self.assertEqual((self.served.budget.reserved, self.served.budget.unread), (0, 0))
        self.client.send(b"get k\r\n")
        self.turn()
        self.assertEqual(self.client.taken(), NOT_FOUND)

    def test_endsWhileItWaits(self) -> None:
        """
        A client that sends nothing more gets the answers to what it has sent; then the connection is closed.
        """
        self.client.send(b"get k\r\n" * 6)
        self.client.endWriting()
        self.assertTrue(self.client.isUp)
        self.turn()
        self.turn()
        self.assertEqual(self.client.taken(), NOT_FOUND * 6)
        self.assertFalse(self.client.isUp)

    def test_goesWhileItWaits(self) -> None:
        """
        Of one that goes, nothing is taken any more.
        """
        self.client.send(b"get k\r\n")
        self.client.abort()
        self.turn()
        self.assertEqual(len(self.served.backend.seen), 4)
        self.assertEqual((self.served.budget.reserved, self.served.budget.unread), (0, 0))
