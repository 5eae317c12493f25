"""
Tests for the source of randomness.
"""

from __future__ import annotations

import os
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from replkv.testing.chance import chance


class ChanceTests(SynchronousTestCase):
    """
    Tests for L{chance}.
    """

    def test_same(self) -> None:
        """
        The same part of the same simulation draws the same.
        """
        first, second = chance(7, "server", 2), chance(7, "server", 2)
        self.assertEqual([first.random() for _ in range(10)], [second.random() for _ in range(10)])

    def test_differs(self) -> None:
        """
        Other seeds and other parts draw something else, and none of them what the whole draws.
        """
        sources: list[tuple[int, *tuple[object, ...]]] = [
            (7,),
            (8,),
            (-7,),
            (7, "server"),
            (7, "client"),
            (7, "server", 1),
            (7, "server", 11),
            (77, "server", 1),
        ]
        self.assertEqual(len({chance(*source).random() for source in sources}), len(sources))

    def test_apart(self) -> None:
        """
        What one part draws changes nothing of what another one draws.
        """
        alone = chance(7, "b").random()
        one, other = chance(7, "a"), chance(7, "b")
        one.random()
        self.assertEqual(other.random(), alone)

    def test_everywhere(self) -> None:
        """
        Another process, with other hashes, draws the same.
        """
        code = "from replkv.testing.chance import chance; print(chance(7, 'server', 2).getrandbits(64))"
        numbers = []
        for hashSeed in ("1", "2"):
            environment = {**os.environ, "PYTHONHASHSEED": hashSeed}
            found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
            numbers.append(int(found.stdout))
        self.assertEqual(numbers, [chance(7, "server", 2).getrandbits(64)] * 2)
