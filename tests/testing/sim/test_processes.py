"""
Tests for C{replkv sim}, the command, in processes of its own.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from unittest.mock import patch

import pytest

import tests
from replkv.cli.statuses import MISTAKE
from replkv.testing.sim.exits import INTERRUPTED, NEVER_SEEN, VIOLATED
from replkv.testing.tiers import TIERS

PROGRAM = """
import sys
from replkv.cli.console import main
from replkv.testing.required import REQUIRED
from replkv.testing.tiers import TIERS
from tests.testing.sim.fake import FAKE, ODD
TIERS.update(fake=FAKE, odd=ODD)
REQUIRED.update(fake=frozenset(["a rare thing"]))
sys.exit(main())
"""
"""
The command, with more tiers.
"""

_PATIENCE: Final = 120.0
"""
For how many seconds a command may run: far longer than any does.
"""


class Command:
    """
    The whole command, over tiers that simulate nothing.

    @ivar folder: the folder that it is run in.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: dict[subprocess.Popen[str], threading.Timer] = {}
        self._isLate = False

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
        timer = self._started[process] = threading.Timer(_PATIENCE, self._late, [process])
        timer.start()
        return process

    def outcome(self, process: subprocess.Popen[str]) -> tuple[int, list[str], str]:
        """
        Wait until it has ended, and all processes that it started: they have its standard error too.

        @return: its exit status, and what it wrote to its standard output and its standard error.
        """
        output, errors = process.communicate()
        self._started[process].cancel()
        assert not self._isLate
        return process.returncode, output.splitlines(), errors

    def end(self) -> None:
        """
        Kill all that still runs.
        """
        for process, timer in self._started.items():
            timer.cancel()
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _late(self, process: subprocess.Popen[str]) -> None:
        self._isLate = True
        os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    """
    The command, in a folder of its own.
    """
    # Who runs the tests in the background, as with nohup, has these ignored, and the command would inherit it.
    ignored = [number for number in (signal.SIGINT, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    made = Command(tmp_path)
    yield made
    made.end()
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


def test_passed(command: Command) -> None:
    """
    All seeds are run, and nothing rare is missed.
    """
    status, output, errors = command.outcome(command.start("--tier", "fake", "--seeds", "0:7", "--require-rare"))
    assert (status, output[-1]) == (0, "failed               0"), errors
    assert output[0] == "7 runs of the fake tier, seeds 0:7"
    assert errors.splitlines()[-1] == "7 of 7 runs, 0 failed"


def test_neverSeen(command: Command) -> None:
    """
    That something rare never happened has an exit status of its own.
    """
    arguments = ["--tier", "fake", "--seeds", "0:5", "--jobs", "1", "--require-rare"]
    status, output, errors = command.outcome(command.start(*arguments))
    assert (status, output[-1]) == (NEVER_SEEN, "never happened, but has to: a rare thing"), errors


def test_failed(command: Command) -> None:
    """
    The command that is shown for a run that failed, however it failed, repeats it; the story is what it tells.
    """
    status, output, errors = command.outcome(
        command.start("--tier", "fake", "--seeds", "10:20", "--jobs", "2", "--out", "a/b")
    )
    assert (status, "Traceback" in errors) == (VIOLATED, False), errors
    shown = output[-1].split()
    assert shown[:2] == ["replkv", "sim"]
    status, told, _ = command.outcome(command.start(*shown[2:]))
    assert (status, told[-3:-1]) == (VIOLATED, ["failed: seed 17 broke a promise", "in detail"])
    story = Path(command.folder, "a", "b", "replkv-sim-fake-17.story.txt").read_text()
    assert story.splitlines() == [output[-1], *told]


def test_deaths(command: Command) -> None:
    """
    Runs that raise, and runs that end their process, are runs that failed. What is logged in a run is not shown.
    """
    status, output, errors = command.outcome(command.start("--tier", "odd", "--seeds", "0:4"))
    assert status == VIOLATED
    assert re.search(r"^(\d of 4 runs, \d failed\n){4}$", errors)
    for line in (
        "seed 1 failed: the simulation raised SystemExit('a server wanted to go')",
        "seed 2 failed: the process that simulated it exited with status 9",
        "seed 3 failed: the process that simulated it was killed by signal 9",
        "failed, and not made smaller: seeds 2, 3",
    ):
        assert line in output


def test_interrupted(command: Command) -> None:
    """
    Ctrl-C, which the terminal sends to all processes, and SIGTERM end it cleanly, with what is known by then. No
    process is left, not even one that would never end.
    """
    for number, everyone in ((signal.SIGINT, True), (signal.SIGTERM, False), (signal.SIGHUP, True)):
        process = command.start("--tier", "odd", "--seeds", "4:30", "--jobs", "2")
        assert process.stdout is not None
        assert process.stdout.readline() == "seed 7 failed: seed 7 broke a promise\n"
        os.kill(-process.pid if everyone else process.pid, number)
        status, output, errors = command.outcome(process)
        assert (status, "Traceback" in errors) == (INTERRUPTED, False), errors
        assert "interrupted" in output
        assert re.search(r"\d+ of 26 runs of the odd tier, seeds 4:30\n", "\n".join(output))
        assert output[-1] == "replkv sim --tier odd --seed 7 -v"


def test_listenerGone(command: Command) -> None:
    """
    When nobody reads what it says, it ends, without complaint.
    """
    for arguments in (["--tier", "odd", "--seeds", "4:1000"], ["--tier", "fake", "--seed", "17", "-v"]):
        reading, writing = os.pipe()
        os.close(reading)
        process = command.start(*arguments, output=writing)
        os.close(writing)
        _, errors = process.communicate()
        assert (process.returncode, "Traceback" in errors) == (128 + signal.SIGPIPE, False), errors


def test_one(command: Command) -> None:
    """
    One seed is run alone. It has the same digest in each process. What is logged is not shown.
    """
    history = os.path.join(command.folder, "history.jsonl")
    arguments = ["--tier", "fake", "--seed", "16", "--faults", "3,5", "--clients", "none"]
    status, output, errors = command.outcome(command.start(*arguments, "--history", history))
    assert (status, output[-2], errors) == (0, "passed", "")
    assert command.outcome(command.start(*arguments))[1] == output
    assert Path(history).read_text() == ""
    _, _, errors = command.outcome(command.start("--tier", "odd", "--seed", "0", "--history", history))
    assert errors == ""
    assert len([json.loads(line) for line in Path(history).read_text().splitlines()]) == 6


def test_tiers(command: Command) -> None:
    """
    Both real tiers are run. Whatever PYTHONHASHSEED is, a seed has the same digest.
    """
    for name in TIERS:
        # Of both tiers it is a short run.
        status, output, errors = command.outcome(command.start("--tier", name, "--seeds", "3:4", "--jobs", "1"))
        assert (status, output[-2:]) == (0, ["passed               1", "failed               0"]), errors
        with patch.dict(os.environ, PYTHONHASHSEED="1"):
            _, first, _ = command.outcome(command.start("--tier", name, "--seed", "3", "-v"))
        with patch.dict(os.environ, PYTHONHASHSEED="2"):
            _, second, _ = command.outcome(command.start("--tier", name, "--seed", "3"))
        assert re.search("^digest [0-9a-f]{32}$", first[-1])
        assert (first[-1], first[-len(second) :]) == (second[-1], second)


def test_lateMistakes(command: Command) -> None:
    """
    A mistake that comes to light later is one line as well.
    """
    nowhere = os.path.join(command.folder, "file", "nowhere")
    Path(command.folder, "file").touch()
    for arguments, option in (["--seed", "16", "--history"], "history"), (["--seeds", "0:7", "--out"], "out"):
        status, _, errors = command.outcome(command.start("--tier", "fake", *arguments, nowhere))
        line = f"replkv: --{option} {nowhere}: Not a directory\n"
        assert (status, errors) == (MISTAKE, line)


def test_killed(command: Command) -> None:
    """
    If the command is killed, no process that it has started is left, not even one that would never end.
    """
    process = command.start("--tier", "odd", "--seeds", "4:30", "--jobs", "2")
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    assert command.outcome(process)[0] == -signal.SIGKILL


def test_interruptedOne(command: Command) -> None:
    """
    Ctrl-C ends a single run as well, without complaint.
    """
    process = command.start("--tier", "odd", "--seed", "4", "-v")
    assert process.stdout is not None
    assert process.stdout.readline() == "this will never end\n"
    os.killpg(process.pid, signal.SIGINT)
    status, _, errors = command.outcome(process)
    assert (status, errors) == (-signal.SIGINT, "")
