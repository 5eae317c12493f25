"""
Tests for L{tests.compat.settings}, as far as they need no programs of others.
"""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.compat import document
from tests.compat.settings import (
    celeryresults,
    djangocaches,
    dogpileregion,
    flasksessions,
    limitsstorage,
    made,
    toozlocks,
)

MODULES = (celeryresults, djangocaches, dogpileregion, flasksessions, limitsstorage, toozlocks)
DOCUMENT = Path(__file__).parents[2] / "docs" / "compatibility.md"


class SettingsTests(SynchronousTestCase):
    """
    Tests for the settings.
    """

    def test_documented(self) -> None:
        """
        What is tried is what docs/compatibility.md says.
        """
        text = DOCUMENT.read_text(encoding="utf-8")
        for module in MODULES:
            self.assertIn(f"```python{module.SETTINGS}```", text, module.__name__)

    def test_ownModules(self) -> None:
        """
        Each program's module is among those that are tried.
        """
        folder = Path(djangocaches.__file__).parent
        names = {path.stem for path in folder.glob("*.py") if not path.stem.startswith("__")}
        self.assertEqual(names, {module.__name__.rpartition(".")[2] for module in MODULES})

    def test_port(self) -> None:
        """
        The port that is written there stands for another one.
        """
        settings = made(djangocaches.SETTINGS, 4711)
        self.assertEqual(settings["CACHES"]["default"]["LOCATION"], "127.0.0.1:4711")
        self.assertEqual(set(settings), {"CACHES", "SESSION_ENGINE"})

    def test_marks(self) -> None:
        """
        The document has a place for the table.
        """
        document.withTable(DOCUMENT.read_text(encoding="utf-8"), [])
