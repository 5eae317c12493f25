"""
Tests for L{replkv.service.account}.
"""

from __future__ import annotations

import os
import shutil
import tempfile

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from replkv.config import ConfigError
from replkv.service.account import Account
from replkv.storage.files import OSFiles

NOBODY = Account(65534, 65534)


class AccountTests(SynchronousTestCase):
    """
    Tests for L{Account}.
    """

    def test_present(self) -> None:
        """
        Where twistd changes to no other account, it is the one that there is.
        """
        present = Account(os.geteuid(), os.getegid())
        self.assertEqual(Account.of(None), present)
        self.assertEqual(Account.of({"uid": None, "gid": None}), present)
        self.assertEqual(present.run(os.getegid), present.gid)

    def test_named(self) -> None:
        """
        It is the one that is named, with its own group or the one that is named.
        """
        self.assertEqual(Account.of({"uid": 0, "gid": None}), Account(0, 0))
        self.assertEqual(Account.of({"uid": 0, "gid": 7}), Account(0, 7))
        self.assertEqual(Account.of({"uid": 4_000_000, "gid": 7}), Account(4_000_000, 7))

    def test_unknown(self) -> None:
        """
        An account that the system does not know has no group of its own.
        """
        error = self.assertRaises(ConfigError, Account.of, {"uid": 4_000_000, "gid": None})
        self.assertIn("no account has the number 4000000", str(error))

    def test_makeFolder(self) -> None:
        """
        Folders that are missing are made, and given to the account; those that are there stay whose they are.
        """
        given: list[tuple[str, int, int]] = []
        self.patch(os, "chown", lambda *arguments, **options: given.append(arguments))
        synced: list[str] = []
        self.patch(OSFiles, "syncFolder", lambda files, path: synced.append(path))
        top = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, top)
        path = os.path.join(top, "some", "where")
        NOBODY.makeFolder(path)
        self.assertTrue(os.path.isdir(path))
        self.assertEqual(given, [(os.path.dirname(path), *NOBODY), (path, *NOBODY)])
        self.assertEqual(synced, [top, os.path.dirname(path)])
        NOBODY.makeFolder(path)
        self.assertEqual(len(given), 2)

    def test_run(self) -> None:
        """
        What root does for the account is done as that, and after that it is root again.
        """
        if os.geteuid():
            raise SkipTest("only root can be another account")
        groups = os.getgroups()
        os.setgroups([*groups, 4_000_000])
        self.addCleanup(os.setgroups, groups)
        self.assertEqual(NOBODY.run(lambda: (os.geteuid(), os.getegid())), NOBODY)
        self.assertNotIn(4_000_000, NOBODY.run(os.getgroups))
        self.assertEqual(os.geteuid(), 0)
        self.assertIn(4_000_000, os.getgroups())
