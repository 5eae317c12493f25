"""
Tests for L{replkv.cli.inspect}.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from replkv.cli.console import main
from replkv.cli.statuses import DAMAGED, DONE, MISTAKE
from replkv.storage.files import OSFiles
from replkv.storage.stamp import REPAIR, writeFile
from tests.service.datafolder import makeFolder
from tests.storage.model import newFolder


class InspectCommandTests(SynchronousTestCase):
    """
    Each test shows a folder.
    """

    def setUp(self) -> None:
        """
        Make the folder.
        """
        self.path = os.path.join(newFolder(self), "0")
        self.machine = makeFolder(self.path)

    def outcome(self, *arguments: str) -> tuple[int, list[str], list[str]]:
        """
        Run the command.

        @return: the exit status, and the lines on the standard output and on the standard error.
        """
        output, errors = io.StringIO(), io.StringIO()
        self.patch(sys, "stdout", output)
        self.patch(sys, "stderr", errors)
        status = main(["inspect", *arguments])
        return status, output.getvalue().splitlines(), errors.getvalue().splitlines()

    def test_sound(self) -> None:
        """
        What is there is told, and that nothing is wrong.
        """
        status, output, errors = self.outcome(self.path)
        self.assertEqual((status, errors), (DONE, []))
        self.assertEqual(output[0], "server 0 of the cluster 'replkv', whose servers are 0, 1, 2")
        self.assertIn("started once", output[1])
        self.assertIn("log          term 1, voted for server 0", output)
        self.assertIn("             entries 1 to 200", output)
        self.assertIn("store        applied entry 150 of term 1, clock 2023-11-14 22:13:20 UTC", output)
        self.assertIn(f"             {self.machine.keys} keys, hash {self.machine.hash:016x}", output)
        self.assertEqual(output[-1], "nothing is wrong with it; --verify reads all of the store")

    def test_repairing(self) -> None:
        """
        A log that lacks entries is told of.
        """
        writeFile(OSFiles(), self.path, REPAIR, {"LastIndex": 230, "LastTerm": 1})
        status, output, _ = self.outcome(self.path)
        self.assertEqual(status, DONE)
        self.assertIn("             lacks entries that it had, up to 230 at the most: the leader has them", output)

    def test_entries(self) -> None:
        """
        Entries are shown by index, term, what they are, key and size, as far as there are any.
        """
        status, output, _ = self.outcome(self.path, "--verify", "--entries", "199:300")
        self.assertEqual(status, DONE)
        self.assertEqual(
            output[-3:],
            ["       199  term 1  set key3  60 bytes", "       200  term 1  touch key4", "nothing is wrong with it"],
        )
        self.assertIn("the log has none of the entries 300 to 400", self.outcome(self.path, "--entries=300:400")[1])

    def test_damaged(self) -> None:
        """
        What is wrong is told in lines of its own, and by the exit status.
        """
        Path(self.path, "starts.json").write_text("[]")
        status, output, [line] = self.outcome(self.path)
        self.assertEqual(status, DAMAGED)
        self.assertTrue(line.startswith("replkv: damaged: "), line)
        self.assertNotIn("nothing is wrong", " ".join(output))

    def test_leftovers(self) -> None:
        """
        So is what is in the folder beside, which is no damage.
        """
        for name in ("store-1", "snapshots/a", "snapshots/b"):
            Path(self.path, name).mkdir(parents=True)
        status, output, errors = self.outcome(self.path)
        self.assertEqual((status, errors), (DONE, []))
        self.assertIn("store-1      not in use: ", output[-3])
        self.assertIn("snapshots    2 snapshots are being given to others, ", output[-2])

    def test_noFolder(self) -> None:
        """
        What is no data folder is another matter, and so is a mistake in the command.
        """
        for arguments in (["/"], [os.path.join(self.path, "log")], [], [""], [self.path, "--entries", "0:1"]):
            status, output, [_] = self.outcome(*arguments)
            self.assertEqual((status, output), (MISTAKE, []), arguments)
