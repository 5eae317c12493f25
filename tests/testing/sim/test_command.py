"""
Tests for C{replkv sim}, the command: its command line here, and the whole in processes of its own.
"""

from __future__ import annotations

import io
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from replkv.cli.console import ReplkvOptions, main
from replkv.cli.statuses import MISTAKE
from replkv.testing.sim.exits import NEVER_SEEN, VIOLATED
from replkv.testing.tiers import TIERS


class CommandLineTests(SynchronousTestCase):
    """
    What is understood.
    """

    def options(self, *arguments: str) -> dict[str, object]:
        """
        Read a command line.
        """
        options = ReplkvOptions()
        options.parseOptions(["sim", *arguments])
        return dict(options.subOptions)

    def test_defaults(self) -> None:
        """
        What is not said is left to the command, but for the tier.
        """
        options = self.options()
        self.assertEqual(options.pop("tier"), TIERS["cluster"])
        self.assertFalse(any(options.values()), options)

    def test_numbers(self) -> None:
        """
        Numbers are read.
        """
        options = self.options("--tier", "core", "--seeds", "5:9", "--jobs", "3", "--require-rare", "--out", "folder")
        self.assertEqual((options["tier"], options["seeds"]), (TIERS["core"], range(5, 9)))
        self.assertEqual((options["jobs"], options["require-rare"], options["out"]), (3, True, "folder"))
        options = self.options("--seed", "0", "--faults", "3,5", "--clients", "none", "-v", "--history", "file")
        self.assertEqual((options["seed"], options["faults"], options["clients"]), (0, (3, 5), ()))
        self.assertEqual((options["verbose"], options["history"]), (True, "file"))

    def test_mistakes(self) -> None:
        """
        A mistake is one line.
        """
        for arguments, line in [
            (["--tier", "raft"], "--tier must be core or cluster, not 'raft'"),
            (["--seeds", "5"], "--seeds must be FIRST:END with FIRST below END, as in 0:1000, not '5'"),
            (["--seed", "-1"], "--seed must be a whole number, not '-1'"),
            (["--jobs", "0"], "--jobs must be a whole number above 0, not '0'"),
            (["--seed", "1", "--seeds", "0:9"], "--seeds does not go with --seed"),
            (["--seed", "0", "--require-rare"], "--require-rare does not go with --seed"),
            (["--faults", "1"], "--faults needs --seed"),
            (["-v"], "--verbose needs --seed"),
            (["--config", "file"], "option --config not recognized"),
            (["17"], "'17' is one word too many"),
        ]:
            errors = io.StringIO()
            self.patch(sys, "stderr", errors)
            status = main(["sim", *arguments])
            self.assertEqual((status, errors.getvalue()), (MISTAKE, f"replkv: {line}; see replkv sim --help\n"))

    def test_help(self) -> None:
        """
        The help names the exit statuses and the defaults.
        """
        output = io.StringIO()
        self.patch(sys, "stdout", output)
        self.assertEqual(main(["sim", "--help"]), 0)
        text = " ".join(output.getvalue().split())
        self.assertIn("Usage: replkv sim [--seeds FIRST:END] [OPTIONS] replkv sim --seed N [OPTIONS]", text)
        self.assertIn(f"The exit status is {VIOLATED} if a seed failed, and {NEVER_SEEN} if something rare", text)
        self.assertIn("[default: 0:100]", text)

    def test_lazy(self) -> None:
        """
        No other command imports what simulates.
        """
        code = (
            "import sys, replkv.cli.console; print([name for name in sys.modules if name.startswith('replkv.testing')])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
        self.assertEqual(done.stdout, "[]\n")
