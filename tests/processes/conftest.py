"""
What the tests on real processes are given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.processes.cluster import Cluster

MakeCluster = Callable[..., Cluster]
"""
Makes a cluster of so many servers, with settings for its servers file. Its processes end with the test, and none may
have logged a traceback, whatever was done to it.
"""


@pytest.fixture
def makeCluster(tmp_path: Path) -> Iterator[MakeCluster]:
    """
    See L{MakeCluster}.
    """
    made: list[Cluster] = []

    def make(size: int, **settings: int) -> Cluster:
        made.append(Cluster(tmp_path / f"cluster{len(made)}", size, **settings))
        return made[-1]

    yield make
    for cluster in made:
        cluster.close()
    assert [log for cluster in made for log in cluster.tracebacks()] == []
