"""
Things that go wrong: when each begins, and when it is over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from replkv.testing.health import Health
from replkv.testing.timeline import Timeline

Undo = Callable[[], None]
"""
Makes something right again.
"""


FOLLOWER_CUT_OFF: Final = "a follower cut off"
"""
The kind of fault that does a leader no harm, by its name in both tiers.
"""


CLONE: Final = "clone"
"""
The kind of fault that has a server run twice.
"""

RUNNING_COPY: Final = "running copy"
"""
The kind of fault that puts back what was copied while a server ran.
"""

HAND_OVER: Final = "hand-over"
"""
What a leader is told to do, and is no fault, by its name in both tiers. It is drawn by itself.
"""

SELDOM: Final = frozenset({CLONE, RUNNING_COPY})
"""
The kinds that are drawn by themselves, in few seeds.
"""

UPGRADE: Final = "upgrade"
"""
The kind of fault that has a server restarted as one that speaks later versions. It is drawn for all servers or none.
"""

NEARLY_FULL: Final = "nearly full disk"
"""
The kind of fault that has disks fill, and be emptied. It is drawn by itself, since most seeds had better take writes.
"""

WRONG_STATE: Final = "wrong state"
"""
The kind of fault that has a server hold what nobody has written. It is drawn by itself, in few seeds.
"""

LOG_ROT: Final = "rotten log"
"""
The kind of fault that has the log of a core lose entries. It is drawn by itself.
"""

BY_ITSELF: Final = SELDOM | {HAND_OVER, NEARLY_FULL, UPGRADE, WRONG_STATE}
"""
All that is drawn by itself.
"""


def nothing() -> None:
    """
    Undo what was over at once.
    """


@dataclass(frozen=True)
class Fault:
    """
    Something that goes wrong.

    @ivar number: its number.
    @ivar kind: what it is, by its name among the tier's kinds.
    @ivar at: when it begins, in seconds.
    @ivar lasts: for how many seconds.
    @ivar servers: the servers, in the order in which it is about them.
    @ivar atLeader: whether whoever leads when it begins comes before the others.
    @ivar amount: how much, from 0 to 1, where there is a how much.
    """

    number: int
    kind: str
    at: float
    lasts: float
    servers: tuple[int, ...]
    atLeader: bool
    amount: float


class Disturbed(Protocol):
    """
    A cluster in which things go wrong.
    """

    timeline: Timeline
    health: Health

    def tell(self, who: str, what: str) -> None:
        """
        Add to the story.
        """


class Schedule:
    """
    Has faults happen, and undoes them. How each begins is for the tier to say.

    @ivar injected: how many of each kind have happened.
    """

    def __init__(self, cluster: Disturbed, faults: Iterable[Fault]) -> None:
        """
        @param faults: each begins so many seconds from now as it says.
        """
        self.injected: Counter[str] = Counter()
        self._timeline = cluster.timeline
        self._tell = cluster.tell
        self._health = cluster.health
        self._undoing: dict[int, Undo] = {}
        self._calls = [self._timeline.callLater(fault.at, self._begin, fault) for fault in faults]

    def begin(self, fault: Fault) -> Undo | None:
        """
        Make something go wrong.

        @return: what makes it right again; C{None} if it could not be done.
        """
        raise NotImplementedError

    def troubling(self, servers: Collection[int], undo: Undo) -> Undo:
        """
        A fault that has begun troubles some servers, until it is over.

        @param undo: ends the fault.
        @return: ends both.
        """
        over = self._health.trouble(servers)

        def end() -> None:
            undo()
            over()

        return end

    def mend(self) -> None:
        """
        End all that goes wrong, and let nothing more go wrong.
        """
        for call in self._calls:
            if call.active():
                call.cancel()
        for number in list(self._undoing):
            self._end(number)

    def _begin(self, fault: Fault) -> None:
        undo = self.begin(fault)
        if undo is not None:
            self.injected[fault.kind] += 1
            self._undoing[fault.number] = undo
            self._timeline.callLater(fault.lasts, self._end, fault.number)

    def _end(self, number: int) -> None:
        undo = self._undoing.pop(number, None)
        if undo is not None:
            self._tell(f"fault {number}", "is over")
            undo()
