"""
Tests for C{replkv sim}, the command: its command line here, and the whole in processes of its own.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from unittest.mock import patch

from twisted.trial.unittest import SynchronousTestCase

import tests
from replkv.client.statuses import MISTAKE
from replkv.console import ReplkvOptions, main
from replkv.testing.sim.exits import INTERRUPTED, NEVER_SEEN, VIOLATED
from replkv.testing.tiers import TIERS

PROGRAM = """
import sys
from replkv.console import main
from replkv.testing.rare import REQUIRED
from replkv.testing.tiers import TIERS
from tests.testing.sim.fake import FAKE, ODD
TIERS.update(fake=FAKE, odd=ODD)
REQUIRED.update(fake=frozenset(["a rare thing"]))
sys.exit(main())
"""
"""
The command, with more tiers.
"""


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
        code = "import sys, replkv.console; print([name for name in sys.modules if name.startswith('replkv.testing')])"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
        self.assertEqual(done.stdout, "[]\n")


class ProcessTests(SynchronousTestCase):
    """
    The whole command, over tiers that simulate nothing.
    """

    def setUp(self) -> None:
        """
        Make a folder to run it in.
        """
        self.timedOut = False
        for number in (signal.SIGINT, signal.SIGHUP):
            # Who runs the tests in the background, as with nohup, has these ignored, and the command would inherit it.
            if signal.getsignal(number) is signal.SIG_IGN:
                self.addCleanup(signal.signal, number, signal.signal(number, signal.SIG_DFL))
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def start(self, *arguments: str, output: int = subprocess.PIPE) -> subprocess.Popen[str]:
        """
        Start the command, in a process group of its own.

        @param output: its standard output.
        """
        environment = {**os.environ, "PYTHONPATH": str(Path(tests.__file__).parents[1])}
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "sim", *arguments],
            cwd=self.folder,
            env=environment,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        # Whatever goes wrong, no test waits for ever, and none leaves a process.
        timer = threading.Timer(60, self.late, [process])
        timer.start()
        self.addCleanup(self.end, process)
        self.addCleanup(timer.cancel)
        return process

    def late(self, process: subprocess.Popen[str]) -> None:
        """
        Kill the command and all that it started, for having run too long.
        """
        self.timedOut = True
        os.killpg(process.pid, signal.SIGKILL)

    def end(self, process: subprocess.Popen[str]) -> None:
        """
        Kill the command and all that it started, unless it has ended.
        """
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def outcome(self, process: subprocess.Popen[str]) -> tuple[int, list[str], str]:
        """
        Wait until it has ended, and all processes that it started: they have its standard error too.

        @return: its exit status, and what it wrote to its standard output and its standard error.
        """
        output, errors = process.communicate()
        self.assertFalse(self.timedOut)
        return process.returncode, output.splitlines(), errors

    def test_passed(self) -> None:
        """
        All seeds are run, and nothing rare is missed.
        """
        status, output, errors = self.outcome(self.start("--tier", "fake", "--seeds", "0:7", "--require-rare"))
        self.assertEqual((status, output[-1]), (0, "failed               0"), errors)
        self.assertEqual(output[0], "7 runs of the fake tier, seeds 0:7")
        self.assertEqual(errors.splitlines()[-1], "7 of 7 runs, 0 failed")

    def test_neverSeen(self) -> None:
        """
        That something rare never happened has an exit status of its own.
        """
        arguments = ["--tier", "fake", "--seeds", "0:5", "--jobs", "1", "--require-rare"]
        status, output, errors = self.outcome(self.start(*arguments))
        self.assertEqual((status, output[-1]), (NEVER_SEEN, "never happened, but has to: a rare thing"), errors)

    def test_failed(self) -> None:
        """
        The command that is shown for a run that failed, however it failed, repeats it; the story is what it tells.
        """
        status, output, errors = self.outcome(
            self.start("--tier", "fake", "--seeds", "10:20", "--jobs", "2", "--out", "a/b")
        )
        self.assertEqual((status, "Traceback" in errors), (VIOLATED, False), errors)
        command = output[-1].split()
        self.assertEqual(command[:2], ["replkv", "sim"])
        status, told, _ = self.outcome(self.start(*command[2:]))
        self.assertEqual((status, told[-3:-1]), (VIOLATED, ["failed: seed 17 broke a promise", "in detail"]))
        story = Path(self.folder, "a", "b", "replkv-sim-fake-17.story.txt").read_text()
        self.assertEqual(story.splitlines(), [output[-1], *told])

    def test_deaths(self) -> None:
        """
        Runs that raise, and runs that end their process, are runs that failed. What is logged in a run is not shown.
        """
        status, output, errors = self.outcome(self.start("--tier", "odd", "--seeds", "0:4"))
        self.assertEqual(status, VIOLATED)
        self.assertRegex(errors, r"^(\d of 4 runs, \d failed\n){4}$")
        for line in (
            "seed 1 failed: the simulation raised SystemExit('a server wanted to go')",
            "seed 2 failed: the process that simulated it exited with status 9",
            "seed 3 failed: the process that simulated it was killed by signal 9",
            "failed, and not made smaller: seeds 2, 3",
        ):
            self.assertIn(line, output)

    def test_interrupted(self) -> None:
        """
        Ctrl-C, which the terminal sends to all processes, and SIGTERM end it cleanly, with what is known by then. No
        process is left, not even one that would never end.
        """
        for number, everyone in ((signal.SIGINT, True), (signal.SIGTERM, False), (signal.SIGHUP, True)):
            process = self.start("--tier", "odd", "--seeds", "4:30", "--jobs", "2")
            assert process.stdout is not None
            self.assertEqual(process.stdout.readline(), "seed 7 failed: seed 7 broke a promise\n")
            os.kill(-process.pid if everyone else process.pid, number)
            status, output, errors = self.outcome(process)
            self.assertEqual((status, "Traceback" in errors), (INTERRUPTED, False), errors)
            self.assertIn("interrupted", output)
            self.assertRegex("\n".join(output), r"\d+ of 26 runs of the odd tier, seeds 4:30\n")
            self.assertEqual(output[-1], "replkv sim --tier odd --seed 7 -v")

    def test_listenerGone(self) -> None:
        """
        When nobody reads what it says, it ends, without complaint.
        """
        for arguments in (["--tier", "odd", "--seeds", "4:1000"], ["--tier", "fake", "--seed", "17", "-v"]):
            reading, writing = os.pipe()
            os.close(reading)
            process = self.start(*arguments, output=writing)
            os.close(writing)
            _, errors = process.communicate()
            self.assertEqual((process.returncode, "Traceback" in errors), (128 + signal.SIGPIPE, False), errors)

    def test_one(self) -> None:
        """
        One seed is run alone. It has the same digest in each process. What is logged is not shown.
        """
        history = os.path.join(self.folder, "history.jsonl")
        arguments = ["--tier", "fake", "--seed", "16", "--faults", "3,5", "--clients", "none"]
        status, output, errors = self.outcome(self.start(*arguments, "--history", history))
        self.assertEqual((status, output[-2], errors), (0, "passed", ""))
        self.assertEqual(self.outcome(self.start(*arguments))[1], output)
        self.assertEqual(Path(history).read_text(), "")
        _, _, errors = self.outcome(self.start("--tier", "odd", "--seed", "0", "--history", history))
        self.assertEqual(errors, "")
        self.assertEqual(len([json.loads(line) for line in Path(history).read_text().splitlines()]), 6)

    def test_tiers(self) -> None:
        """
        Both real tiers are run. Whatever PYTHONHASHSEED is, a seed has the same digest.
        """
        for name in TIERS:
            status, output, errors = self.outcome(self.start("--tier", name, "--seeds", "0:3", "--jobs", "1"))
            self.assertEqual((status, output[-2:]), (0, ["passed               3", "failed               0"]), errors)
            with patch.dict(os.environ, PYTHONHASHSEED="1"):
                _, first, _ = self.outcome(self.start("--tier", name, "--seed", "1", "-v"))
            with patch.dict(os.environ, PYTHONHASHSEED="2"):
                _, second, _ = self.outcome(self.start("--tier", name, "--seed", "1"))
            self.assertRegex(first[-1], "^digest [0-9a-f]{32}$")
            self.assertEqual((first[-1], first[-len(second) :]), (second[-1], second))

    def test_lateMistakes(self) -> None:
        """
        A mistake that comes to light later is one line as well.
        """
        nowhere = os.path.join(self.folder, "file", "nowhere")
        Path(self.folder, "file").touch()
        for arguments, option in (["--seed", "16", "--history"], "history"), (["--seeds", "0:7", "--out"], "out"):
            status, _, errors = self.outcome(self.start("--tier", "fake", *arguments, nowhere))
            line = f"replkv: --{option} {nowhere}: Not a directory\n"
            self.assertEqual((status, errors), (MISTAKE, line))

    def test_killed(self) -> None:
        """
        If the command is killed, no process that it has started is left, not even one that would never end.
        """
        process = self.start("--tier", "odd", "--seeds", "4:30", "--jobs", "2")
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
        self.assertEqual(self.outcome(process)[0], -signal.SIGKILL)

    def test_interruptedOne(self) -> None:
        """
        Ctrl-C ends a single run as well, without complaint.
        """
        process = self.start("--tier", "odd", "--seed", "4", "-v")
        assert process.stdout is not None
        self.assertEqual(process.stdout.readline(), "this will never end\n")
        os.killpg(process.pid, signal.SIGINT)
        status, _, errors = self.outcome(process)
        self.assertEqual((status, errors), (-signal.SIGINT, ""))
