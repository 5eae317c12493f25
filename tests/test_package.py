"""
Tests for L{replkv} as a program that uses it sees it.
"""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import replkv
from replkv.client import client, errors, replies

ROOT = Path(replkv.__file__).parents[1]


def importedBy(code: str) -> set[str]:
    """
    The modules that a process has imported when it has run this code.
    """
    command = [sys.executable, "-c", f"{code}\nimport json, sys; print(json.dumps(list(sys.modules)))"]
    return set(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))


class PackageTests(SynchronousTestCase):
    """
    Tests for the package.
    """

    def test_names(self) -> None:
        """
        The client, what it gives and all errors that it fails with are there by name, and nothing else is.
        """
        self.assertIs(replkv.Client, client.Client)
        self.assertIs(replkv.Found, replies.Found)
        self.assertIs(replkv.Item, replies.Item)
        failures = {name for name, value in vars(errors).items() if inspect.isclass(value)} - {"ProtocolError"}
        for name in failures:
            self.assertIs(getattr(replkv, name), getattr(errors, name))
        given = {"Client", "Found", "Grant", "Item", "Member", "Right", "Tls", "Transaction", "UserRights"}
        given |= {"__version__"}
        self.assertEqual({*replkv.__all__}, given | failures)
        self.assertEqual({name for name in given if not hasattr(replkv, name)}, set())
        self.assertEqual({*replkv.__all__} - {*dir(replkv)}, set())
        for name in ("Clinet", "ProtocolError", "annotations_"):
            self.assertFalse(hasattr(replkv, name))

    def test_cheap(self) -> None:
        """
        To import the package imports nothing of size: a server's process is prepared before that.
        """
        imported = importedBy("import replkv")
        self.assertEqual({name for name in imported if name.startswith("replkv.")}, set())
        self.assertNotIn("twisted", imported)

    def test_noReactor(self) -> None:
        """
        To import what it offers chooses no reactor.
        """
        imported = importedBy("from replkv import *\nClient, Found, NotFound")
        self.assertIn("twisted", imported)
        self.assertNotIn("twisted.internet.reactor", imported)

    def test_example(self) -> None:
        """
        The package's help has the README's example.
        """
        readme = ROOT.joinpath("README.md").read_text(encoding="utf-8")
        example = readme.partition("```python\n")[2].partition("```")[0]
        self.assertIn("from replkv import Client", example)
        self.assertIn(example, (inspect.getdoc(replkv) or "").replace("\n    ", "\n"))
