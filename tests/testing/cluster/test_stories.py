"""
Tests for what stories tell of clients that use the library.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.testing.chance import chance
from replkv.testing.cluster.cluster import SimulatedCluster
from replkv.testing.cluster.drawing import draw
from replkv.testing.cluster.kinds import KINDS
from replkv.testing.cluster.library import LibraryClient
from replkv.testing.history import History, Status


class LibraryStoryTests(SynchronousTestCase):
    """
    Tests for L{LibraryClient} and the story.
    """

    def setUp(self) -> None:
        """
        A client asks a cluster, which answers for as long as there is one.
        """
        self.story: list[str] = []
        self.history = History()
        self.cluster = SimulatedCluster(3, seed=5, tell=self.story.append)
        self.addCleanup(self.cluster.close)
        self.cluster.start()
        plan = next(client for seed in range(9) for client in draw(seed, list(KINDS)).clients if client.library)
        process = self.cluster.process("client7")
        self.client = LibraryClient(
            plan,
            process,
            self.cluster.client(process, 1.0),
            1.0,
            self.history,
            chance(5, "client"),
            self.cluster.fail,
            self.cluster.tell,
        )
        self.client.start()

    def told(self, words: str) -> list[str]:
        """
        What the story tells of the client, of lines that have these words.
        """
        return [line.split("client7", 1)[1].strip() for line in self.story if " client7 " in line and words in line]

    def test_asked(self) -> None:
        """
        Each command is told when it is asked, and what came of it, with its number in the history.
        """
        self.cluster.until(lambda: len(self.history.operations) > 30, "it has asked for much")
        asked, known = self.told("has the library ask for"), self.told("knows of operation")
        answered = [operation for operation in self.history.operations if operation.answer is not None]
        self.assertGreater(len(answered), 10)
        for operation in answered:
            name = type(operation.command).__name__.lower()
            self.assertRegex(
                asked[operation.number], f"^has the library ask for {name} .*, operation {operation.number}$"
            )
            assert operation.answer is not None
            line = f"knows of operation {operation.number}: {operation.answer.told.value}"
            self.assertTrue(any(told.startswith(line) for told in known), line)

    def test_failed(self) -> None:
        """
        So is it when nobody answers any more.
        """
        self.cluster.until(lambda: len(self.history.operations) > 5, "it has asked for something")
        for server in self.cluster.servers:
            server.kill()
        self.cluster.run(10.0)
        known = self.told("knows of operation")
        failed = [operation for operation in self.history.operations if operation.status is Status.FAILED]
        self.assertGreater(len(failed), 2)
        for operation in failed:
            self.assertIn(f"knows of operation {operation.number}: not carried out", known)
