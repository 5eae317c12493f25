"""
Five servers under load, while all that can go wrong does.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Final

import pytest

from tests.faults.conftest import MakeCluster
from tests.faults.nemesis import Nemesis, draw
from tests.faults.run import SETTINGS, SLACK, SLOW_SLACK, Run
from tests.faults.workload import Load
from tests.processes.cluster import onReactor

SIZE: Final = 5

SECONDS: Final = float(os.environ.get("NEMESIS_SECONDS", "8"))
"""
For how long things go wrong, in each run.
"""

_FIRST, _, _LAST = os.environ.get("NEMESIS_SEEDS", "1:3").partition(":")
SEEDS: Final = range(int(_FIRST), int(_LAST))


@pytest.mark.parametrize("seed", SEEDS)
@onReactor
async def test_nemesis(makeCluster: MakeCluster, seed: int) -> None:
    """
    Whatever is done to servers, to the network between them and to a minority of their disks: what clients see is what
    one single store could have answered; and when it is over, the cluster comes to rest with the same everywhere.
    """
    from twisted.internet import reactor

    cluster = makeCluster(SIZE, **SETTINGS)
    schedule = draw(seed, SIZE, SECONDS)
    isSlow = any(fault.kind == "slow" for fault in schedule.network)
    load = Load(operations=int(100 * SECONDS), large=0.04)
    run = Run(reactor, cluster, seed, load, SLOW_SLACK if isSlow else SLACK)
    await run.go(Nemesis(reactor, cluster, schedule, run.tell).run)
    faults = Counter(fault.kind for fault in schedule.processes + schedule.network)
    words = ", ".join(f"{count} x {kind}" for kind, count in sorted(faults.items()))
    print(f"seed {seed}: {len(run.workload.history.operations)} operations, {words}")
