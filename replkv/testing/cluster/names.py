"""
The simulated name server: it tells hosts the addresses of names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Final

from replkv.testing.faults import Undo
from replkv.testing.timeline import Timeline

if TYPE_CHECKING:
    from replkv.testing.cluster.process import Process

ASK_AGAIN: Final = 1.0
"""
Seconds after which a system that was not answered asks again.
"""

ATTEMPTS: Final = 30
"""
How often it asks before it says that the name is not known.
"""


class NameServer:
    """
    Knows all names: that of a host is its address too. Hosts look them up in no time, where all is well.
    """

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._ignorant: Counter[str] = Counter()
        self._silent: Counter[str] = Counter()

    def forget(self, hosts: Collection[str]) -> Undo:
        """
        Tell hosts that no name is known.

        @return: ends that.
        """
        self._ignorant.update(hosts)
        return lambda: self._ignorant.subtract(hosts)

    def silence(self, hosts: Collection[str]) -> Undo:
        """
        Tell hosts nothing.

        @return: ends that.
        """
        self._silent.update(hosts)
        return lambda: self._silent.subtract(hosts)

    def ask(self, process: Process, name: str, answer: Callable[[list[str]], None], attempts: int = ATTEMPTS) -> None:
        """
        Have a process look up a name.

        @param answer: is given the addresses.
        """
        if not attempts:
            answer([])
        elif self._silent[process.host]:
            self._timeline.callLater(ASK_AGAIN, process.perform, self.ask, process, name, answer, attempts - 1)
        else:
            answer([] if self._ignorant[process.host] else [name])
