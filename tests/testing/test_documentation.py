"""
What C{docs/testing.md} says is true.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from twisted.trial.unittest import SynchronousTestCase

from replkv.cli.console import ReplkvOptions
from replkv.testing import KINDS
from replkv.testing.jsonlines import jsonLines, readJsonLines

ROOT: Final = Path(__file__).parents[2]
DOCUMENT: Final = ROOT / "docs" / "testing.md"
EXAMPLE: Final = ROOT / "tests" / "example"


class DocumentationTests(SynchronousTestCase):
    """
    Tests for the document.
    """

    def setUp(self) -> None:
        """
        Read it.
        """
        self.text = DOCUMENT.read_text(encoding="utf-8")

    def blocks(self, language: str) -> list[str]:
        """
        The code in one language.
        """
        blocks = re.findall(rf"^```{language}\n(.*?)^```$", self.text, re.DOTALL | re.MULTILINE)
        self.assertTrue(blocks)
        return blocks

    def section(self, title: str) -> str:
        """
        What stands under a title.
        """
        [section] = re.findall(rf"^#+ {title}\n(.*?)(?=^#)", self.text, re.DOTALL | re.MULTILINE)
        return str(section)

    def test_example(self) -> None:
        """
        The code that is shown is the example's, of which all of the application is shown; or it runs as it stands.
        """
        files = {path.name: path.read_text(encoding="utf-8") for path in EXAMPLE.glob("*.py")}
        quoted = 0
        for block in self.blocks("python"):
            # Whole lines, from a line's beginning on.
            if any(f"\n{block}" in f"\n{content}" for content in files.values()):
                quoted += 1
            else:
                exec(block, {})
        self.assertGreater(quoted, 1)
        self.assertIn(files["worker.py"], self.blocks("python"))

    def test_kinds(self) -> None:
        """
        The table has all that can go wrong, in the order of L{KINDS}, and nothing else.
        """
        rows = re.findall(r"^\| `(.+?)` \| .+ \|$", self.section("What can go wrong"), re.MULTILINE)
        self.assertEqual(rows, list(KINDS))

    def test_commands(self) -> None:
        """
        The commands are understood.
        """
        commands = [line.partition("#")[0].split() for block in self.blocks("sh") for line in block.splitlines()]
        simulations = [words[1:] for words in commands if words[0] == "replkv"]
        self.assertTrue(simulations)
        for words in simulations:
            ReplkvOptions().parseOptions(words)

    def test_make(self) -> None:
        """
        What is to be made can be made.
        """
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        targets = set(re.findall(r"(?:^|`)make ([a-z][a-z-]*)", self.text, re.MULTILINE))
        self.assertTrue(targets)
        for target in sorted(targets):
            self.assertRegex(makefile, rf"(?m)^{target}:")

    def test_history(self) -> None:
        """
        The lines of a history are such.
        """
        [lines] = self.blocks("json")
        self.assertEqual(list(jsonLines(readJsonLines(lines.splitlines()))), lines.splitlines())

    def test_links(self) -> None:
        """
        What is linked to is there.
        """
        titles = re.findall(r"^#+ (.+)$", self.text, re.MULTILINE)
        anchors = [re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles]
        for target in re.findall(r"\]\((.+?)\)", self.text):
            path, _, anchor = target.partition("#")
            if path:
                self.assertTrue((DOCUMENT.parent / path).exists(), target)
            else:
                self.assertIn(anchor, anchors)
