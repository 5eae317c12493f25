"""
What C{replkv sim} does once its command line is understood.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from twisted.python.usage import UsageError

from replkv.testing.history import History
from replkv.testing.jsonlines import jsonLines
from replkv.testing.required import REQUIRED
from replkv.testing.sim.campaign import Campaign
from replkv.testing.sim.case import Case
from replkv.testing.sim.exits import INTERRUPTED, VIOLATED
from replkv.testing.sim.progress import progress
from replkv.testing.sim.single import tellRun
from replkv.testing.sim.workers import Workers, cores, discardLogs
from replkv.testing.tiers import Tier


def runOne(case: Case, say: Callable[[str], None], verbose: bool, history: str | None) -> int:
    """
    Run one seed.

    @param say: is given each line.
    @param verbose: whether to tell the story.
    @param history: the file for the history; C{None} for no file.
    @return: the exit status.
    @raise UsageError: the seed has no such fault or client, or the file cannot be written.
    """
    discardLogs()
    # Raised within a callback of a simulated server, KeyboardInterrupt would be taken for an error of that server.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if history is not None:
        # Whether it can be written is found out now, and not when the run is over.
        _writeHistory(History(), history)
    outcome = tellRun(case, say, verbose)
    if history is not None:
        _writeHistory(outcome.history, history)
    return 0 if outcome.violation is None else VIOLATED


def runMany(
    tier: Tier, seeds: range, say: Callable[[str], None], jobs: int | None, folder: str, requireRare: bool
) -> int:
    """
    Run many seeds.

    @param say: is given each line.
    @param jobs: in how many processes; C{None} for one on each core.
    @param folder: where stories and histories of runs that failed are written.
    @param requireRare: whether all rare things have to happen.
    @return: the exit status.
    @raise UsageError: the folder cannot be written to.
    """
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {folder}: {error.strerror}") from error
    for number in (signal.SIGTERM, signal.SIGHUP):
        # Under nohup the latter is ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    campaign = Campaign(tier, seeds, REQUIRED[tier.name] if requireRare else (), folder, say)
    shown = progress(len(seeds), sys.stderr, say)
    with suppress(KeyboardInterrupt), Workers(jobs or cores()) as workers:
        return campaign.run(workers.map, shown, time.monotonic)
    return INTERRUPTED


def _writeHistory(history: History, path: str) -> None:
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in jsonLines(history))
    except OSError as error:
        raise UsageError(f"--history {path}: {error.strerror}") from error
