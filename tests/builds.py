"""
Whether simulations go the same way on both builds, step by step: C{python -m tests.builds TREE}, where a folder has the
compiled one. The pure one is where this is.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

SIMULATIONS: Final = (("core", "0:60"), ("cluster", "0:8"))
"""
Tiers, and the seeds that are compared of each.
"""


def run(tree: Path, *arguments: str) -> list[str]:
    """
    Have C{replkv} do something.

    @param tree: the folder from which it is imported.
    @return: the lines that it has told.
    @raise SystemExit: if it fails.
    """
    command = [sys.executable, "-m", "replkv", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    done = subprocess.run(command, cwd=tree, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{done.stdout}{tree}: replkv {' '.join(arguments)} has failed")
    return done.stdout.splitlines()


def main(compiled: Path) -> None:
    """
    Compare them.

    @raise SystemExit: if they differ, or are the same build.
    """
    pure = Path(__file__).parents[1]
    builds = [run(tree, "--version")[0].endswith("(compiled)") for tree in (pure, compiled)]
    if builds != [False, True]:
        raise SystemExit(f"{pure} is to be the pure build, and {compiled} the compiled one")
    for tier, seeds in SIMULATIONS:
        print(f"the {tier} tier, seeds {seeds}, on both builds", flush=True)
        told = [run(tree, "sim", "--tier", tier, "--seeds", seeds) for tree in (pure, compiled)]
        ways = [[line for line in lines if not line.startswith("took")] for lines in told]
        if ways[0] != ways[1]:
            print("\n".join(line for lines in told for line in lines))
            raise SystemExit("what is compiled does something else")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
