"""
C{make bench-check}: whether the working tree needs more processor time for a command than a commit.

Processor time is what a busy machine changes least; what it changes all the same, the two share, since they take turns.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.alone import aCluster
from benchmarks.measuring import measure
from benchmarks.verdict import Pair, Verdict, judge
from replkv.bench.load import Load, Mix

ROOT: Final = Path(__file__).parents[1]
SLOWER: Final = 1
"""
The exit status where something has got slower.
"""

_CASES: Final = {
    "writes, 50 clients": (Load(50, 1), Mix()),
    "reads, 50 clients": (Load(50, 1), Mix(reads=1.0)),
    "writes, 50 clients, 16 in flight": (Load(50, 16), Mix()),
}


def extract(commit: str, folder: Path) -> str:
    """
    Put the sources of a commit into a folder.

    @return: the commit's subject.
    """
    git = ["git", "-C", str(ROOT)]
    archive = subprocess.run([*git, "archive", commit, "replkv", "twisted"], check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    told = subprocess.run([*git, "log", "-1", "--format=%h %s", commit], check=True, capture_output=True, text=True)
    return told.stdout.strip()


def costs(tree: Path, seconds: float) -> dict[str, float]:
    """
    The microseconds of processor time that a tree's servers need for each command.
    """
    found = {}
    with aCluster(3, tree) as cluster:
        for name, (load, mix) in _CASES.items():
            outcome = measure(cluster, Load(load.clients, load.depth, None, seconds, 0.0), mix)
            found[f"leader, {name}"] = outcome.leaderCost
            found[f"follower, {name}"] = outcome.followerCost
    return found


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
    pairs: dict[str, list[Pair]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="replkv-base.") as folder:
        base = Path(folder)
        print(f"The working tree, beside {extract(arguments.base, base)}", flush=True)
        for turn in range(arguments.rounds):
            print(f"round {turn + 1} of {arguments.rounds}", file=sys.stderr, flush=True)
            trees = (base, ROOT) if turn % 2 == 0 else (ROOT, base)
            found = {tree: costs(tree, arguments.seconds) for tree in trees}
            for name, before in found[base].items():
                pairs[name].append(Pair(before, found[ROOT][name]))
    verdicts = {name: judge(each) for name, each in pairs.items()}
    for line in tableOf(pairs, verdicts):
        print(line)
    return SLOWER if any(verdict.isSlower for verdict in verdicts.values()) else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.check", description=__doc__)
    parser.add_argument("--base", default="HEAD~", help="the commit to compare with")
    parser.add_argument("--seconds", type=float, default=1.5, help="for how long each load goes on")
    parser.add_argument("--rounds", type=int, default=7, help="how often both take their turns; six or more")
    sys.exit(main(parser.parse_args()))
