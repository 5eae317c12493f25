"""
C{make bench-check}: whether the working tree needs more processor time for a command than a commit.

Processor time is what a busy machine changes least; what it changes all the same, the two share, since they take turns.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.alone import aCluster
from benchmarks.measuring import prepared
from benchmarks.processes import endWhenTold
from benchmarks.verdict import Pair, Verdict, judge
from replkv.bench.load import Load, Mix

ROOT: Final = Path(__file__).parents[1]
SLOWER: Final = 1
"""
The exit status where something has got slower.
"""

_CASES: Final = {
    "writes, 50 clients": (50, 1, 0.0),
    "reads, 50 clients": (50, 1, 1.0),
    "writes, 50 clients, 16 in flight": (50, 16, 0.0),
}
"""
By name: how many clients, how many commands of each under way, and which share of these reads.
"""

_SITTING: Final = 5
"""
After so many rounds, servers are started anew: two processes with the same code are not quite as fast as each other.
"""

_PATIENCE: Final = 30.0


def extract(commit: str, folder: Path) -> str:
    """
    Put the sources of a commit into a folder.

    @return: the commit's subject.
    """
    # The tree that is compared may be a copy within the checkout, with what was compiled.
    found = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--show-toplevel"], check=True, capture_output=True)
    git = ["git", "-C", os.fsdecode(found.stdout.strip())]
    archive = subprocess.run([*git, "archive", commit, "replkv", "twisted"], check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    told = subprocess.run([*git, "log", "-1", "--format=%h %s", commit], check=True, capture_output=True, text=True)
    return told.stdout.strip()


def sitting(base: Path, rounds: int, seconds: float, pairs: dict[str, list[Pair]]) -> None:
    """
    Have fresh servers of both trees take turns.

    @param base: the folder with the sources to compare with.
    @param pairs: is given what each round has measured.
    """
    with ExitStack() as stack:
        loads = {}
        for tree in (base, ROOT):
            cluster = stack.enter_context(aCluster(3, tree))
            for name, (clients, depth, reads) in _CASES.items():
                load = Load(clients, depth, None, seconds, 0.0, _PATIENCE)
                loads[tree, name] = stack.enter_context(prepared(cluster, load, Mix(reads=reads)))
        for turn in range(rounds):
            for name in _CASES:
                # Whatever gets slower or faster on the machine meanwhile is not to be always the same one's luck.
                trees = (base, ROOT) if turn % 2 == 0 else (ROOT, base)
                outcomes = {tree: loads[tree, name]() for tree in trees}
                before, now = outcomes[base], outcomes[ROOT]
                pairs[f"leader, {name}"].append(Pair(before.leaderCost, now.leaderCost))
                pairs[f"follower, {name}"].append(Pair(before.followerCost, now.followerCost))


def tableOf(pairs: Mapping[str, Sequence[Pair]], verdicts: Mapping[str, Verdict]) -> list[str]:
    """
    What was measured, and what comes of it, in Markdown.
    """
    lines = ["| µs for each command | before | now | ratio | from - to | chance | |", "| --- " * 7 + "|"]
    for name, each in pairs.items():
        before, now = (f"{median(values):.1f}" for values in zip(*each, strict=True))
        ratio, least, most, chance = verdicts[name]
        cells = [name, before, now, f"{ratio:.2f}", f"{least:.2f} - {most:.2f}", f"{chance:.3f}", verdicts[name].word]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def main(arguments: argparse.Namespace) -> int:
    """
    Compare.

    @return: the exit status.
    """
    endWhenTold()
    pairs: dict[str, list[Pair]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="replkv-base.") as folder:
        base = Path(folder)
        print(f"The working tree, beside {extract(arguments.base, base)}", flush=True)
        left = arguments.rounds
        while left:
            print(f"{left} of {arguments.rounds} rounds are to come", file=sys.stderr, flush=True)
            rounds = min(left, _SITTING)
            sitting(base, rounds, arguments.seconds, pairs)
            left -= rounds
    verdicts = {name: judge(each) for name, each in pairs.items()}
    for line in tableOf(pairs, verdicts):
        print(line)
    return SLOWER if any(verdict.isSlower for verdict in verdicts.values()) else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.check", description=__doc__)
    parser.add_argument("--base", default="HEAD~", help="the commit to compare with")
    parser.add_argument("--seconds", type=float, default=1.0, help="for how long each load goes on")
    # With fewer than six, chance alone could have done anything; and all combinations of more are too many to look at.
    parser.add_argument("--rounds", type=int, choices=range(6, 19), default=15, help="how often both take their turns")
    sys.exit(main(parser.parse_args()))
