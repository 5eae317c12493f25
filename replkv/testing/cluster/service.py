"""
The service of a simulated server.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from replkv.raft.core import Raft
from replkv.service.assembly import Assembly
from replkv.service.server import Server


class WatchedService(Server):
    """
    The service, and what it is made of, for those who watch.
    """

    def __init__(self, watch: Callable[[Raft], None], *args: Any) -> None:
        """
        @param watch: is given the core before anything happens to it.
        """
        super().__init__(*args)
        self._watch = watch
        self._assembly: Assembly | None = None

    @property
    def isAssembled(self) -> bool:
        """
        Whether it is made of something yet: its store could be opened, and goes with its log.
        """
        return self._assembly is not None

    @property
    def assembly(self) -> Assembly:
        """
        What it is made of.
        """
        assert self._assembly is not None
        return self._assembly

    @property
    def knowsTime(self) -> bool:
        """
        Whether it has begun, and was told the cluster's time.
        """
        return self._parts is not None and self._parts.clock.isMeasured

    def _assemble(self) -> Assembly:
        self._assembly = super()._assemble()
        self._watch(self._assembly.raft)
        return self._assembly
