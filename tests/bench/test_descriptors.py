"""
Tests for L{replkv.bench.descriptors}.
"""

from __future__ import annotations

import resource

from twisted.trial.unittest import SynchronousTestCase

from replkv.bench.descriptors import allowFiles

UNLIMITED = resource.RLIM_INFINITY


class AllowFilesTests(SynchronousTestCase):
    """
    Tests for L{allowFiles}.
    """

    def allowed(self, soft: int, hard: int, count: int) -> tuple[int, int]:
        """
        The limits that there are when so many files were asked for.
        """
        limits = [(soft, hard)]
        self.patch(resource, "getrlimit", lambda which: limits[-1])
        self.patch(resource, "setrlimit", lambda which, wanted: limits.append(wanted))
        allowFiles(count)
        return limits[-1]

    def test_raised(self) -> None:
        """
        The limit is raised as far as that is allowed, and never lowered.
        """
        self.assertEqual(self.allowed(1024, 4096, 2000), (2000, 4096))
        self.assertEqual(self.allowed(1024, 4096, 5000), (4096, 4096))
        self.assertEqual(self.allowed(1024, UNLIMITED, 5000), (5000, UNLIMITED))
        self.assertEqual(self.allowed(1024, 4096, 100), (1024, 4096))
        self.assertEqual(self.allowed(UNLIMITED, UNLIMITED, 100), (UNLIMITED, UNLIMITED))
