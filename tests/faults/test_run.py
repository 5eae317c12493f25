"""
Tests of what a run leaves behind.
"""

from __future__ import annotations

import pytest

from replkv.testing.jsonlines import readJsonLines
from replkv.testing.outcome import Violation
from tests.faults.conftest import MakeCluster
from tests.faults.run import SETTINGS, Run
from tests.faults.workload import Load
from tests.processes.cluster import onReactor, until


@onReactor
async def test_keepsEvidence(makeCluster: MakeCluster) -> None:
    """
    Whoever meets a failure is told the seed, and where to look for how it came to it.
    """
    from twisted.internet import reactor

    cluster = makeCluster(1, **SETTINGS)
    run = Run(reactor, cluster, 12345, Load(operations=100))
    history = run.workload.history

    async def disturb() -> None:
        await until(lambda: len(history.operations) > 10, "clients have asked for something")
        run.tell("the end is near")
        raise Violation("something is wrong")

    with pytest.raises(Violation) as failure:
        await run.go(disturb)
    [note] = failure.value.__notes__
    assert "seed 12345" in note
    assert str(cluster.folder) in note
    assert "the end is near" in (cluster.folder / "story.txt").read_text()
    kept = readJsonLines((cluster.folder / "history.jsonl").read_text().splitlines())
    assert len(kept.operations) > 10
    assert [operation.command for operation in kept.operations] == [
        operation.command for operation in history.operations[: len(kept.operations)]
    ]
