"""
Tests for what the connections have in common: their number, the extras, and the server's end.
"""

from __future__ import annotations

from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from replkv import __version__
from replkv.commands.catalog import COMMANDS
from replkv.frontends.clients import MAX_REFUSALS
from replkv.frontends.connection import LINGER_SECONDS
from replkv.frontends.limits import CONNECTION_LIMITS
from replkv.outside import INTERVAL_SECONDS
from tests.frontends.text.session import Served, talk

NOT_FOUND = b"ERRNOTFOUND\r\n"


class ExtrasTests(SynchronousTestCase):
    """
    Tests for the commands for people at a terminal.
    """

    def test_help(self) -> None:
        """
        C{help} has one line for each command.
        """
        lines = talk(b"help\r\n").split(b"\r\n")
        self.assertEqual(lines.pop(), b"")
        words = [line.split(b" ")[0].rstrip(b":") for line in lines]
        self.assertEqual(words, [kind.WORD for kind in COMMANDS])

    def test_version(self) -> None:
        """
        C{version} says which replkv this is.
        """
        self.assertEqual(talk(b"version\r\n"), f"VERSION {__version__}\r\n".encode())

    def test_stats(self) -> None:
        """
        C{stats} has what the backend says and what the client port knows itself.
        """
        served = Served()
        client = served.connect()
        served.connect()
        served.connect().close()
        client.send(b"stats\r\n")
        expected = f"STAT keys 0\r\nSTAT connections 2\r\nSTAT version {__version__}\r\nEND\r\n"
        self.assertEqual(client.taken(), expected.encode())

    def test_withoutTheBackend(self) -> None:
        """
        The extras work though the backend answers nothing.
        """
        served = Served()
        served.backend.holding = True
        client = served.connect()
        client.send(b"version\r\nstats\r\nhelp\r\n")
        self.assertEqual(client.taken().count(b"\r\n"), 1 + 4 + len(COMMANDS))


class MaxConnectionsTests(SynchronousTestCase):
    """
    Tests for the limit on connections.
    """

    def assertRefused(self, served: Served) -> None:
        """
        Assert that one more client is told that there is no service, and is closed.
        """
        refused = served.connect()
        self.assertEqual(refused.taken(), b"ERR_INTERNAL\r\n")
        self.assertFalse(refused.isUp)

    def test_oneTooMany(self) -> None:
        """
        One client more than allowed is refused, while the others are served; where one leaves, another may come.
        """
        served = Served(maxConnections=2)
        first, second = served.connect(), served.connect()
        self.assertRefused(served)
        first.send(b"get k\r\n")
        self.assertEqual(first.taken(), NOT_FOUND)
        second.close()
        third = served.connect()
        third.send(b"get k\r\n")
        self.assertEqual(third.taken(), NOT_FOUND)
        self.assertRefused(served)

    def test_loggedOnce(self) -> None:
        """
        It is logged once, and again only when the number has been well below the limit.
        """
        served = Served(maxConnections=10)
        clients = [served.connect() for _ in range(10)]
        with capturedLogs() as events:
            for _ in range(3):
                self.assertRefused(served)
            self.assertEqual(len(events), 1)
            served.network.advance(INTERVAL_SECONDS)
            clients.pop().close()
            served.network.advance(INTERVAL_SECONDS)
            served.connect()
            self.assertRefused(served)
        self.assertEqual(
            [event["line"] for event in events],
            [
                "10 clients are connected, and no more are taken (MaxConnections)",
                "9 clients are connected, and more are taken again",
                "10 clients are connected, and no more are taken (MaxConnections)",
            ],
        )

    def test_crowdsThatComeAndGo(self) -> None:
        """
        Whoever fills all places and leaves them again and again cannot fill the log: the operator is told at once, and
        then how things are every few seconds.
        """
        served = Served(maxConnections=10)
        clients = [served.connect() for _ in range(10)]
        with capturedLogs() as events:
            for _ in range(100):
                self.assertRefused(served)
                clients.pop().close()
                clients.append(served.connect())
            self.assertEqual(len(events), 1)
            served.network.advance(INTERVAL_SECONDS)
        first, last = (event["line"] for event in events)
        self.assertEqual(first, "10 clients are connected, and no more are taken (MaxConnections)")
        self.assertEqual(
            last, "199 more of such lines in 10 s; the last: 9 clients are connected, and more are taken again"
        )

    def test_backAtOnce(self) -> None:
        """
        Where another client takes the place of each that goes, it is not logged again and again.
        """
        served = Served(maxConnections=100)
        clients = [served.connect() for _ in range(100)]
        with capturedLogs() as events:
            for client in clients:
                self.assertRefused(served)
                client.close()
                served.connect()
        self.assertEqual(len(events), 1)

    def test_refusalsAreBounded(self) -> None:
        """
        Those who are only there to be told that there is no room take up descriptors too. There are never many of
        them: one more is closed without a word, until one of them is gone.
        """
        served = Served(maxConnections=1)
        served.connect()
        refused = [served.begin() for _ in range(MAX_REFUSALS + 1)]
        self.assertEqual([client.taken() for client in refused], [b"ERR_INTERNAL\r\n"] * MAX_REFUSALS + [b""])
        self.assertFalse(any(client.isUp for client in refused))
        self.assertRefused(served)


class DrainTests(SynchronousTestCase):
    """
    Tests for stopping.
    """

    def test_noConnections(self) -> None:
        """
        Without connections, the server has stopped at once.
        """
        self.assertIsNone(self.successResultOf(Served().clients.drain()))

    def test_whatWasTakenIsAnswered(self) -> None:
        """
        What was taken is answered, no more is taken, and then the connections are closed.
        """
        served = Served()
        served.backend.holding = True
        busy, idle = served.connect(), served.connect()
        busy.send(b"delete k\r\n" * (CONNECTION_LIMITS.pendingCommands + 10))
        drained = served.clients.drain()
        self.assertTrue(idle.hasEnded)
        self.assertFalse(busy.hasEnded)
        busy.send(b"get k\r\n")
        served.answer()
        self.assertEqual(busy.taken(), NOT_FOUND * CONNECTION_LIMITS.pendingCommands)
        self.assertEqual(len(served.backend.seen), CONNECTION_LIMITS.pendingCommands)
        self.assertTrue(busy.hasEnded)
        busy.endWriting()
        self.assertNoResult(drained)
        idle.endWriting()
        self.successResultOf(drained)

    def test_clientsThatDoNotClose(self) -> None:
        """
        A client that does not close its side is not waited for any longer than a closing connection lingers.
        """
        served = Served()
        served.connect()
        drained = served.clients.drain()
        self.assertNoResult(drained)
        served.network.advance(LINGER_SECONDS)
        self.successResultOf(drained)

    def test_aNewConnectionIsRefused(self) -> None:
        """
        Whoever comes while the server stops is told that there is no service.
        """
        served = Served()
        served.connect()
        served.clients.drain()
        refused = served.connect()
        self.assertEqual(refused.taken(), b"ERR_INTERNAL\r\n")
        self.assertFalse(refused.isUp)

    def test_abortAll(self) -> None:
        """
        Clients whose commands are not answered in time are cut off, and that ends it.
        """
        served = Served()
        served.backend.holding = True
        clients = [served.connect(), served.connect()]
        for client in clients:
            client.send(b"get k\r\n")
        drained = served.clients.drain()
        self.assertNoResult(drained)
        served.clients.abortAll()
        served.network.settle()
        self.successResultOf(drained)
        for client in clients:
            self.assertTrue(client.isReset)
