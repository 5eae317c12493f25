"""
Tests for L{replkv.cli.bench}: the options. The whole is tried on real servers.
"""

from __future__ import annotations

from collections import Counter

from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from replkv.bench.load import Load, Mix
from replkv.bench.tally import Tally
from replkv.cli.bench import BenchCommand, require
from replkv.config import ConfigError


class OptionsTests(SynchronousTestCase):
    """
    Tests for the options.
    """

    def parsed(self, *arguments: str) -> BenchCommand:
        """
        A command line that was read.
        """
        command = BenchCommand()
        command.parseOptions(list(arguments))
        return command

    def test_defaults(self) -> None:
        """
        Without options, clients wait for each answer, for some seconds.
        """
        command = self.parsed()
        self.assertEqual(command.load, Load(50, 1, None, 10.0, 1.0, 10.0))
        self.assertEqual((command.mix, command.processes), (Mix(10_000, 128, 0.0, 0.0, b"bench/"), 1))

    def test_given(self) -> None:
        """
        What is given counts.
        """
        command = self.parsed(
            *("--clients", "7", "--depth", "3", "--rate", "2500.5", "--reads", "75", "--value-bytes", "9"),
            *("--keys", "11", "--distribution", "zipf", "--prefix", "app/", "--seconds", "0.5", "--warm-up", "0"),
            *("--processes", "2", "--timeout", "3"),
        )
        self.assertEqual(command.load, Load(7, 3, 2500.5, 0.5, 0.0, 3.0))
        self.assertEqual((command.mix, command.processes), (Mix(11, 9, 0.75, 0.99, b"app/"), 2))

    def test_refused(self) -> None:
        """
        A mistake is told with the option that it is in.
        """
        for name, value in (
            ("clients", "0"),
            ("clients", "1.5"),
            ("depth", "-1"),
            ("rate", "0"),
            ("rate", "nan"),
            ("reads", "101"),
            ("value-bytes", "many"),
            ("keys", ""),
            ("distribution", "normal"),
            ("write", "get"),
            ("read", "set"),
            ("protocol", "http"),
            ("prefix", "x" * 250),
            ("seconds", "inf"),
            ("warm-up", "-1"),
            ("processes", "51"),
            ("timeout", "0"),
        ):
            error = self.assertRaises(UsageError, self.parsed, f"--{name}", value)
            self.assertIn(f"--{name}", str(error))

    def test_require(self) -> None:
        """
        Who lacks what only this command needs is told how to get it.
        """
        require("json")
        error = self.assertRaises(ConfigError, require, "json", "no_such_module")
        self.assertIn("no_such_module is not installed: pip install 'replkv[bench]'", str(error))

    def test_plot(self) -> None:
        """
        For a plot, the load is measured in ten steps up to the rate that was given, or else to what the clients get
        without.
        """
        measured: list[float | None] = []

        def measure(load: Load) -> Tally:
            measured.append(load.rate)
            return Tally({1000: 400}, {}, Counter(), 2.0)

        steps = list(self.parsed("--plot", "plot.png", "--rate", "50").steps(measure))
        self.assertEqual([step.load.rate for step in steps], measured)
        self.assertEqual((len(measured), measured[0], measured[-1]), (10, 5.0, 50.0))
        measured.clear()
        steps = list(self.parsed("--plot", "plot.png").steps(measure))
        self.assertEqual((len(steps), measured[:2], measured[-1]), (10, [None, 20.0], 200.0))
        measured.clear()
        [step] = self.parsed("--rate", "50").steps(measure)
        self.assertEqual((step.load.rate, measured), (50.0, [50.0]))
