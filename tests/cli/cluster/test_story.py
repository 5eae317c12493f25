"""
Tests for L{replkv.cli.cluster.story}.
"""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from replkv import __version__
from replkv.cli.cluster.story import Story
from replkv.config import BUILT_IN_FILE
from replkv.exits import CONFIGURATION, DISK, NOT_YET
from replkv.tlsfiles import ClientTlsFiles, TlsFiles
from tests.cli.test_status import CONFIG

FOLLOWER = {"role": "follower", "term": "1"}


class StoryTests(SynchronousTestCase):
    """
    Tests for L{Story}: what is told, of servers 10, 20 and 30.
    """

    def setUp(self) -> None:
        """
        Begin a story.
        """
        self.lines: list[str] = []
        self.story = Story(CONFIG, "servers.json", self.lines.append)

    def told(self) -> list[str]:
        """
        What was told since this was last asked.
        """
        lines = list(self.lines)
        self.lines.clear()
        return lines

    def up(self, *serverIds: int) -> None:
        """
        Let these servers start and answer; forget what is told of it.
        """
        for serverId in serverIds:
            self.story.started(serverId, serverId * 100)
            self.story.answered(serverId, FOLLOWER)
        self.told()

    def leads(self, serverId: int, term: int) -> None:
        """
        Let a server say that it leads.
        """
        self.story.answered(serverId, {"role": "leader", "term": str(term)})

    def test_opening(self) -> None:
        """
        The story begins with what is started, and how to end it.
        """
        self.story.opening()
        opening = f"replkv {__version__}: 3 servers from servers.json, data and logs in var"
        self.assertEqual(self.told(), [opening, "Ctrl-C stops all"])

    def test_withTls(self) -> None:
        """
        Nobody is told to telnet where that is of no use.
        """
        files = TlsFiles("c", "k", "a")
        for isRequired, way in ((True, "replkv client"), (False, "telnet db 1")):
            config = replace(CONFIG, clientTls=ClientTlsFiles(files, False, isRequired))
            self.story = Story(config, "servers.json", self.lines.append)
            self.up(10)
            self.leads(10, 3)
            self.assertEqual(self.told(), [f"server 10 leads (term 3): {way}"])

    def test_builtIn(self) -> None:
        """
        Where no servers file was found, that is said with what is started instead.
        """
        Story(CONFIG, BUILT_IN_FILE, self.lines.append).opening()
        opening = f"replkv {__version__}: 3 servers on localhost, as no servers file was found, data and logs in var"
        self.assertEqual(self.told(), [opening, "Ctrl-C stops all"])

    def test_up(self) -> None:
        """
        A server is up when it answers, which is told once.
        """
        self.story.started(10, 1000)
        self.story.silent(10)
        self.assertEqual(self.told(), [])
        self.story.answered(10, FOLLOWER)
        self.story.answered(10, FOLLOWER)
        self.assertEqual(self.told(), ["server 10 is up (pid 1000)"])

    def test_leader(self) -> None:
        """
        A new leader, or a new term of the old one, is told with how to talk to it.
        """
        self.up(10, 20, 30)
        self.leads(20, 3)
        self.leads(20, 3)
        self.assertEqual(self.told(), ["server 20 leads (term 3): telnet db 2"])
        self.leads(20, 4)
        self.assertEqual(self.told(), ["server 20 leads (term 4): telnet db 2"])

    def test_deposed(self) -> None:
        """
        Of two that take themselves for the leader, the one with the higher term is.
        """
        self.up(10, 20, 30)
        self.leads(10, 3)
        self.leads(20, 4)
        self.leads(10, 3)
        self.story.answered(10, FOLLOWER)
        self.assertEqual(
            self.told(), ["server 10 leads (term 3): telnet db 1", "server 20 leads (term 4): telnet db 2"]
        )

    def test_election(self) -> None:
        """
        When the leader leads no longer, an election is on: told once, however many follow.
        """
        self.up(10, 20, 30)
        self.leads(10, 3)
        self.told()
        for serverId in (10, 20, 30):
            self.story.answered(serverId, FOLLOWER)
        self.assertEqual(self.told(), ["no server leads: an election is on"])

    def test_lostAndFound(self) -> None:
        """
        A leader that dies is told of, with its last words, and so is its return.
        """
        self.up(10, 20, 30)
        self.leads(10, 3)
        self.told()
        self.story.ended(10, "was killed by signal 9", None, "replkv: ouch")
        self.assertEqual(
            self.told(),
            [
                "server 10 (pid 1000) was killed by signal 9, starting it again: ouch",
                "no server leads: an election is on",
            ],
        )
        self.story.silent(10)
        self.story.started(10, 1001)
        self.story.silent(10)
        self.story.answered(10, FOLLOWER)
        self.assertEqual(self.told(), ["server 10 is up again (pid 1001)"])

    def test_silent(self) -> None:
        """
        A server that runs and does not answer is told of once, and so is that it does again.
        """
        self.up(10)
        self.leads(10, 3)
        self.told()
        self.story.silent(10)
        self.story.silent(10)
        self.assertEqual(self.told(), ["server 10 (pid 1000) does not answer", "no server leads: an election is on"])
        self.leads(10, 3)
        self.assertEqual(self.told(), ["server 10 (pid 1000) answers again", "server 10 leads (term 3): telnet db 1"])

    def test_refused(self) -> None:
        """
        A server that stopped by its own decision is told of with its reason, and with its log where the reason is
        there.
        """
        self.up(10, 20)
        self.story.ended(10, "failed", CONFIGURATION, "the port is taken")
        self.story.ended(20, "failed", DISK, "")
        self.assertEqual(
            self.told(),
            [
                "server 10 was refused and is not started again: the port is taken",
                "server 20 stopped itself over its disk and is not started again; see var/20/server.log",
            ],
        )

    def test_somebodyElse(self) -> None:
        """
        What answers on the port of a server that does not run is not that server.
        """
        self.leads(10, 3)
        self.assertEqual(self.told(), [])

    def test_stopping(self) -> None:
        """
        It is told how many are being stopped.
        """
        self.up(10)
        self.story.stopping()
        self.up(20)
        self.story.stopping()
        self.story.stopped()
        self.assertEqual(self.told(), ["stopping 2 servers", "no server runs any more"])

    def test_notYet(self) -> None:
        """
        What keeps a server from starting is told when it changes, and not at each try; when it is over, the server is
        up.
        """
        for line in ("no such name", "no such name", "port in use", "port in use"):
            self.story.started(10, 1000)
            self.story.ended(10, "failed with exit status 75", NOT_YET, f"replkv: server 10: {line}")
        self.assertEqual(
            self.told(),
            [
                "server 10 cannot start yet, and is started again until it can: server 10: no such name",
                "server 10 cannot start yet, and is started again until it can: server 10: port in use",
            ],
        )
        self.story.started(10, 1000)
        self.story.answered(10, FOLLOWER)
        self.assertEqual(self.told(), ["server 10 is up again (pid 1000)"])
        self.story.ended(10, "failed with exit status 75", NOT_YET, "replkv: server 10: port in use")
        self.assertEqual(len(self.told()), 1)
