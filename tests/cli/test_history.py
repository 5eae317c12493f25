"""
Tests for L{replkv.cli.history}.
"""

from __future__ import annotations

import os
import readline
import shutil
import stat
import tempfile

from twisted.trial.unittest import SynchronousTestCase

from replkv.cli.history import History, historyFile


class HistoryTests(SynchronousTestCase):
    """
    Tests for L{History}.
    """

    def setUp(self) -> None:
        """
        Have a folder for the file, and nothing in readline.
        """
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        self.path = os.path.join(folder, "state", "replkv", "history")
        readline.clear_history()
        self.addCleanup(readline.clear_history)
        self.addCleanup(readline.set_auto_history, True)

    def begun(self, path: str | None = None) -> History:
        """
        A history that has begun.
        """
        readline.clear_history()
        history = History(path or self.path)
        history.begin()
        return history

    def remembered(self) -> list[str]:
        """
        The lines that readline shows.
        """
        return [readline.get_history_item(number + 1) for number in range(readline.get_current_history_length())]

    def test_nextRun(self) -> None:
        """
        The next run begins with the lines of this one, without what nobody goes back to and what begins with a space.
        """
        history = self.begun()
        for line in ("get a", "get a", "", " set secret 1", "  ", "get b", "get a", "set k " + "v" * 5000):
            history.add(line)
        self.assertEqual(self.remembered(), ["get a", "get b", "get a"])
        self.begun()
        self.assertEqual(self.remembered(), ["get a", "get b", "get a"])

    def test_login(self) -> None:
        """
        A line that may have a token in it is not kept, neither for this run nor in the file.
        """
        history = self.begun()
        for line in ("auth alice s3cret", "AUTH alice s3cret", "\tauth alice s3cret", "'auth' alice s3cret", "auth"):
            history.add(line)
        history.add("authors")
        self.assertEqual(self.remembered(), ["authors"])
        with open(self.path) as file:
            self.assertNotIn("s3cret", file.read())

    def test_atOnce(self) -> None:
        """
        Two runs at a time both keep their lines.
        """
        one, other = self.begun(), History(self.path)
        one.add("get a")
        other.add("get b")
        self.begun()
        self.assertEqual(self.remembered(), ["get a", "get b"])

    def test_ownersOnly(self) -> None:
        """
        Nobody else can read the file, whatever the umask, and also if it could be read before.
        """
        self.addCleanup(os.umask, os.umask(0))
        self.begun()
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(self.path)).st_mode), 0o700)
        os.chmod(self.path, 0o644)
        self.begun()
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)

    def test_bound(self) -> None:
        """
        A file that has grown long is cut to its last lines, and stays the owner's.
        """
        history = self.begun()
        for number in range(2 * History.MAX_LINES + 1):
            history.add(f"get {number}")
        self.begun()
        with open(self.path) as file:
            lines = file.read().splitlines()
        self.assertEqual(len(lines), History.MAX_LINES)
        self.assertEqual(lines[-1], f"get {2 * History.MAX_LINES}")
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)

    def test_noPlace(self) -> None:
        """
        Where the file cannot be, the lines last for this run.
        """
        history = self.begun("/dev/null/history")
        history.add("get a")
        self.assertEqual(self.remembered(), ["get a"])

    def test_place(self) -> None:
        """
        The file is where the XDG specification has it.
        """
        self.patch(os, "environ", {"HOME": "/home/me"})
        self.assertEqual(historyFile(), "/home/me/.local/state/replkv/history")
        os.environ["XDG_STATE_HOME"] = "relative"
        self.assertEqual(historyFile(), "/home/me/.local/state/replkv/history")
        os.environ["XDG_STATE_HOME"] = "/state"
        self.assertEqual(historyFile(), "/state/replkv/history")
