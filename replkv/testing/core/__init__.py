"""
Clusters of cores under simulation: the consensus alone, over a network of messages and simulated disks. It is fast, so
that very many seeds are run.
"""

from replkv.testing.core.simulation import simulate

__all__ = ["simulate"]
