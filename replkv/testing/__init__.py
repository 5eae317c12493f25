"""
Clusters under simulation: real servers on simulated time, network and disks, all drawn from one seed. With them you can
test what you build on replkv: see C{docs/testing.md}.
"""

from __future__ import annotations

from replkv.testing.cluster.cluster import SimulatedCluster
from replkv.testing.cluster.faults import Faults, disturb
from replkv.testing.cluster.kinds import KINDS
from replkv.testing.cluster.process import Process
from replkv.testing.cluster.server import SimulatedServer
from replkv.testing.outcome import NotInTime, Violation

__all__ = ["KINDS", "Faults", "NotInTime", "Process", "SimulatedCluster", "SimulatedServer", "Violation", "disturb"]
