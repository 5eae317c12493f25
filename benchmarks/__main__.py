"""
C{make bench}: replkv and its peers side by side, in one run, on this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Final

from benchmarks.alone import ROWS, alone
from benchmarks.compared import compare, rows
from benchmarks.processes import NotReady, end, endWhenTold
from benchmarks.systems.etcd import Etcd
from benchmarks.systems.pysyncobj import PySyncObj
from benchmarks.systems.redis import Redis
from benchmarks.systems.replkv import Replkv
from benchmarks.systems.system import System
from benchmarks.systems.zookeeper import ZooKeeper
from benchmarks.table import tableOf
from replkv.bench.descriptors import allowFiles
from replkv.bench.dialect import Hopeless

_SYSTEMS: Final[tuple[System, ...]] = (Replkv(), Etcd(), Redis(), ZooKeeper(), PySyncObj())
_SERVERS: Final = 3
_FILES: Final = 30_000


def say(line: str) -> None:
    """
    Tell how far it is.
    """
    print(line, file=sys.stderr, flush=True)


def present(names: list[str]) -> list[System]:
    """
    The systems that were asked for, as far as they are there.
    """
    found = []
    for system in _SYSTEMS:
        if system.name in names:
            lacking = system.missing()
            if lacking is None:
                found.append(system)
            else:
                say(f"{system.name} is left out: {lacking}")
    return found


def main(arguments: argparse.Namespace) -> None:
    """
    Measure, and print a table.
    """
    endWhenTold()
    allowFiles(_FILES)
    systems = present(arguments.systems.split(","))
    found: dict[str, dict[str, list[float]]] = {system.name: defaultdict(list) for system in systems}
    for turn in range(arguments.rounds):
        # Whatever gets slower or faster on the machine meanwhile is not to be always the same one's luck.
        for system in systems if turn % 2 == 0 else systems[::-1]:
            say(f"round {turn + 1} of {arguments.rounds}: {system.name}")
            with tempfile.TemporaryDirectory(prefix="replkv-bench.") as folder:
                cluster = system.start(Path(folder), _SERVERS)
                try:
                    figures = compare(system, cluster, arguments.seconds, say)
                except (NotReady, Hopeless) as error:
                    say(f"{system.name}: {error}")
                    figures = {}
                finally:
                    end(cluster.processes)
            for name, value in figures.items():
                found[system.name][name].append(value)
    if arguments.alone:
        for name, value in alone(arguments.seconds, arguments.keys, say).items():
            found["replkv"][name].append(value)
    heads = [f"{system.name} {system.version()}" for system in systems]
    told = {"machine": f"{os.cpu_count()} cores, {platform.platform()}", "systems": heads, "figures": found}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(told, indent=1) + "\n")
    for line in tableOf([*rows(), *ROWS], found, "replkv"):
        print(line)
    print(f"\nMedians of {arguments.rounds} rounds of {arguments.seconds:g} s; in brackets, replkv's by the other's.")
    print(f"{', '.join(heads)}; {told['machine']}, which servers and load shared.")
    for system in systems:
        if system.remark:
            print(f"{system.name}: {system.remark}.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    everything = ",".join(system.name for system in _SYSTEMS)
    parser.add_argument("--systems", default=everything, help=f"which ones, of {everything}")
    parser.add_argument("--seconds", type=float, default=5, help="for how long each load goes on")
    parser.add_argument("--rounds", type=int, default=3, help="how often all of them take their turns")
    parser.add_argument("--keys", type=int, default=1_000_000, help="how many keys are very many")
    parser.add_argument("--no-alone", dest="alone", action="store_false", help="leave out what has no peer")
    parser.add_argument("--out", type=Path, default=Path("build/bench/bench.json"), help="for every figure, as JSON")
    main(parser.parse_args())
