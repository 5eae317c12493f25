"""
C{make flame}: where the leader's time goes, as a flame graph.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from benchmarks.alone import aCluster
from benchmarks.processes import endWhenTold
from replkv.bench.load import Load, Mix

_RATE: Final = 200


def main(arguments: argparse.Namespace) -> None:
    """
    Have py-spy look at the leader while it is under load.
    """
    endWhenTold()
    load = Load(arguments.clients, arguments.depth, None, arguments.seconds + 2, 0.0)
    with aCluster(3) as cluster:
        leader = cluster.processes[cluster.leader()].pid
        with cluster.loader(load, Mix(reads=arguments.reads / 100)) as loader:
            loader.prepare()
            if arguments.reads:
                loader.fill()
            spy = ["py-spy", "record", "--pid", str(leader), "--output", str(arguments.out), "--threads", "--function"]
            # If it stopped the server to look, threads that wait would look busy.
            spy += ["--duration", str(arguments.seconds), "--rate", str(_RATE), "--nonblocking"]
            # The picture shows the command: by its name, wherever it may be.
            path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
            with subprocess.Popen(spy, stdout=subprocess.DEVNULL, env={**os.environ, "PATH": path}) as looking:
                loader.measure(load)
                looking.wait()
    if looking.returncode:
        sys.exit(looking.returncode)
    print(arguments.out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flame", description=__doc__)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--depth", type=int, default=1, help="commands that each has under way")
    parser.add_argument("--reads", type=float, default=0, help="what percentage of them reads")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path("docs/leader.svg"))
    main(parser.parse_args())
