"""
What the tests under faults are given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import pytest_twisted  # type: ignore[import-untyped]
from twisted.internet.defer import Deferred

from tests.faults.cluster import ProxiedCluster
from tests.faults.disk import SmallDisk

MakeCluster = Callable[..., ProxiedCluster]
"""
Makes a cluster of so many servers, with settings for its servers files. It ends with the test, and none of its servers
may have logged a traceback, whatever was done to it.
"""


MakeDisk = Callable[[Path, int], SmallDisk]
"""
Makes a disk of so many bytes in the place of a folder. It ends with the test, after all that is on it.
"""


@pytest.fixture
def makeDisk() -> Iterator[MakeDisk]:
    """
    See L{MakeDisk}.
    """
    made: list[SmallDisk] = []

    def make(path: Path, size: int) -> SmallDisk:
        made.append(SmallDisk(path, size))
        return made[-1]

    yield make
    for disk in made:
        disk.close()


# It is given the disks so that it ends before they do.
@pytest.fixture
def makeCluster(tmp_path: Path, makeDisk: MakeDisk) -> Iterator[MakeCluster]:
    """
    See L{MakeCluster}.
    """
    from twisted.internet import reactor

    made: list[ProxiedCluster] = []

    def make(size: int, **settings: int) -> ProxiedCluster:
        made.append(ProxiedCluster(reactor, tmp_path / f"cluster{len(made)}", size, **settings))
        return made[-1]

    yield make
    for cluster in made:
        cluster.close()
        pytest_twisted.blockon(Deferred.fromCoroutine(cluster.network.close()))
    assert [log for cluster in made for log in cluster.tracebacks()] == []
