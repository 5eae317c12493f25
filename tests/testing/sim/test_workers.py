"""
Tests for L{replkv.testing.sim.workers}, with real processes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import cast
from unittest.mock import patch

import pytest

import tests
from replkv.testing.sim.workers import Death, Workers, cores


def square(number: int) -> int:
    """
    A function that works.
    """
    return number * number


def sometimes(number: int) -> int:
    """
    A function that ends its process over some numbers.
    """
    if number == 3:
        os._exit(9)
    if number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def processId(number: int) -> int:
    """
    Who does it.
    """
    return os.getpid()


def hashes(number: int) -> int:
    """
    What depends on PYTHONHASHSEED.
    """
    return hash("a text")


def blocked(number: int) -> list[int]:
    """
    Which signals do nothing.
    """
    return sorted(int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, []))


def endless(number: int) -> int:
    """
    A function that never ends, but for some numbers.
    """
    if number == 0:
        threading.Event().wait()
    return number


def test_map() -> None:
    """
    All is done, over and over, by so many processes.
    """
    with Workers(2) as workers:
        assert dict(workers.map(square, range(50))) == {number: number * number for number in range(50)}
        assert list(workers.map(square, [])) == []
        ids = {result for _, result in workers.map(processId, range(50))}
    assert len(ids) == 2
    assert os.getpid() not in ids


def test_noMoreThanNeeded() -> None:
    """
    No process is started that has nothing to do.
    """
    with Workers(2) as workers:
        [(_, first)] = workers.map(processId, [0])
        assert {result for _, result in workers.map(processId, [0])} == {first}


def test_deaths() -> None:
    """
    What kills its process is named, and how; everything else is done all the same.
    """
    with Workers(2) as workers:
        results = dict(workers.map(sometimes, range(8)))
        again = dict(workers.map(sometimes, [5, 6]))
    assert results.pop(3) == Death("exited with status 9")
    assert results.pop(5) == Death("was killed by signal 9")
    assert results == {number: number for number in (0, 1, 2, 4, 6, 7)}
    assert again == {5: Death("was killed by signal 9"), 6: 6}


def test_killed() -> None:
    """
    A process that dies while it has nothing to do is noticed when it is given something.
    """
    with Workers(1) as workers:
        [(_, identity)] = workers.map(processId, [0])
        assert isinstance(identity, int)
        os.kill(identity, signal.SIGKILL)
        os.waitid(os.P_PID, identity, os.WEXITED | os.WNOWAIT)
        assert dict(workers.map(square, [2, 3])) == {2: Death("was killed by signal 9"), 3: 9}


def test_end() -> None:
    """
    At the end there is no process left, even if it would never have ended.
    """
    with Workers(2) as workers:
        ids = {cast(int, result) for _, result in workers.map(processId, range(2))}
        assert next(workers.map(endless, range(10))) == (1, 1)
    assert len(ids) == 2
    for identity in ids:
        with pytest.raises(ProcessLookupError):
            os.kill(identity, 0)


def test_hashSeeds() -> None:
    """
    Each process has another PYTHONHASHSEED, unless it was set for all.
    """
    with patch.dict(os.environ), Workers(2) as workers:
        os.environ.pop("PYTHONHASHSEED", None)
        assert len({result for _, result in workers.map(hashes, range(2))}) == 2


def test_signals() -> None:
    """
    What stops this process does not stop the others: they are ended by it.
    """
    # In a new interpreter, since Python unblocks signals when the first process of all is started.
    code = (
        "from replkv.testing.sim.workers import Workers\n"
        "from tests.testing.sim.test_workers import blocked\n"
        "with Workers(2) as workers: print([*(result for _, result in workers.map(blocked, range(2))), blocked(0)])"
    )
    command = [sys.executable, "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(Path(tests.__file__).parents[1])}
    done = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
    stopping = [1, 2, 15]
    assert done.stdout == f"{[stopping, stopping, []]}\n"


def test_cores() -> None:
    """
    There is one core at least.
    """
    assert cores() >= 1
