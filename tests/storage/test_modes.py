"""
Tests for who may read the data.
"""

from __future__ import annotations

import os
import stat

from twisted.trial.unittest import SynchronousTestCase

from replkv.storage.modes import tighten
from tests.storage.model import newFolder


class TightenTests(SynchronousTestCase):
    """
    Tests for L{tighten}.
    """

    def setUp(self) -> None:
        """
        A folder to which everybody has access.
        """
        self.path = newFolder(self)
        os.mkdir(os.path.join(self.path, "log"))
        self.file = os.path.join(self.path, "log", "segment")
        with open(self.file, "w"):
            pass
        for path, mode in ((self.path, 0o755), (os.path.dirname(self.file), 0o755), (self.file, 0o664)):
            os.chmod(path, mode)

    def mode(self, path: str) -> int:
        """
        What may be done with a file, and by whom.
        """
        return stat.S_IMODE(os.lstat(path).st_mode)

    def test_all(self) -> None:
        """
        All of it is the owner's alone; what the owner may do stays. A second time there is nothing to do.
        """
        self.assertEqual(tighten(self.path), 3)
        self.assertEqual(self.mode(self.path), 0o700)
        self.assertEqual(self.mode(os.path.dirname(self.file)), 0o700)
        self.assertEqual(self.mode(self.file), 0o600)
        self.assertEqual(tighten(self.path), 0)

    def test_links(self) -> None:
        """
        What a link leads to is left alone.
        """
        other = os.path.join(newFolder(self), "other")
        with open(other, "w"):
            pass
        os.chmod(other, 0o644)
        os.symlink(other, os.path.join(self.path, "link"))
        tighten(self.path)
        self.assertEqual(self.mode(other), 0o644)
