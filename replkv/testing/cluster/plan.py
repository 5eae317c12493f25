"""
What a seed has in store: how many servers, how fast everything is, what clients do, and what goes wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from replkv.service.limits import ServerLimits
from replkv.testing.cluster.end import BUFFER_BYTES
from replkv.testing.faults import Fault
from replkv.testing.health import Settling, settling
from replkv.testing.span import Span
from replkv.versions import Versions

MAX_VALUE_BYTES: Final = 1 << 20
"""
How large values may be.
"""


@dataclass(frozen=True)
class ClientPlan:
    """
    @ivar number: its number.
    @ivar operations: how many commands it sends.
    @ivar pause: the mean of the seconds between two turns.
    @ivar depth: how many commands it may have sent without having been answered.
    @ivar patience: for how many seconds without any reply it stays with a server.
    @ivar keys: the keys that it uses.
    @ivar reading: how many of its commands are reads, from 0 to 1; so with the others.
    @ivar expiring: how many of the keys that it stores or touches expire.
    @ivar noreply: how often it wants no reply.
    @ivar padding: the least number of bytes of its values.
    @ivar large: how many of its values are as long as makes whole pieces of what servers send and write.
    @ivar cutting: how often it goes away in the middle of a command.
    @ivar parting: how often it says after some commands that it will send nothing more.
    @ivar wandering: how often it goes to another server without a reason, whoever leads.
    @ivar nonsense: how often it sends a line that is no command among the others.
    @ivar racing: how often it writes at once, with C{cas}, over what it has just read.
    @ivar binary: how many of its values have bytes that are no text, and lines that look like commands.
    @ivar huge: how many values it may store that are as large as values may be.
    @ivar longest: for how many seconds its keys live that expire, at the most.
    @ivar library: whether it uses the client library; then only C{operations}, C{pause}, C{depth}, C{keys} and
        C{changing} count.
    @ivar changing: how many of its writes to the first of the keys make another value of the one that there is. Where
        some do, what others store there are numbers, the same ones again and again.
    @ivar full: how many of its commands it asks for in the words that can say more (C{put} for C{set} and so on).
    @ivar forwarded: whether it has servers pass on what it asks to the one that leads.
    """

    number: int
    operations: int
    pause: float
    depth: int
    patience: float
    keys: tuple[bytes, ...]
    reading: float
    expiring: float
    noreply: float
    padding: int
    large: float
    cutting: float
    parting: float
    wandering: float
    nonsense: float
    racing: float
    binary: float
    huge: int
    longest: int
    library: bool = False
    changing: float = 0.0
    full: float = 0.0
    forwarded: bool = False


@dataclass(frozen=True)
class UsersPlan:
    """
    @ivar pause: the mean of the seconds between two turns of the administrator.
    @ivar burst: how many changes that one may ask for at once.
    @ivar lateness: how often a client goes on as whoever it was, though it has been told to be another, or has got
        another token; from 0 to 1, so with the next.
    @ivar wrong: how often it logs in with a token that is not the user's.
    """

    pause: float
    burst: int
    lateness: float
    wrong: float


@dataclass(frozen=True)
class MembersPlan:
    """
    @ivar comers: for each server that is no member at first, those of the first ones that its servers file names.
    @ivar starts: when each of them is started, in seconds.
    @ivar operators: how many have members come and go, and know nothing of each other.
    @ivar pause: the mean of the seconds between two changes of each.
    @ivar cutting: how often one goes away before it is answered, from 0 to 1; so with the next.
    @ivar sparing: how many of those that they have come are spares.
    @ivar replaceAfter: after how many seconds a spare takes the place of a member that is gone; C{None} is never.
    """

    comers: tuple[tuple[int, ...], ...]
    starts: tuple[float, ...]
    operators: int
    pause: float
    cutting: float
    sparing: float
    replaceAfter: float | None


@dataclass(frozen=True)
class Plan:
    """
    @ivar size: the number of servers with which the cluster begins.
    @ivar electionTimeout: in seconds; as the servers file has it. So with the next three.
    @ivar latency: how long something is on its way.
    @ivar fragmentation: how often what is sent arrives in pieces.
    @ivar sendBuffer: how many bytes of each connection may wait to be sent and be the system's already.
    @ivar disk: how long a disk works.
    @ivar flushRate: how often the stores bring what they hold to their disks, as a part of their writes.
    @ivar segmentBytes: how large the files of the logs are.
    @ivar rates: how fast each server's reactor counts.
    @ivar bootRates: how fast the clock runs that each machine counts by from its boot.
    @ivar wallRates: how fast its wall clock runs.
    @ivar wrong: by how many seconds each server's wall clock is wrong.
    @ivar frail: the servers whose disks may rot: never so many that what a majority has could be lost.
    @ivar limits: the limits of the servers.
    @ivar versions: the versions that the servers speak at first.
    @ivar seconds: for how long things go wrong.
    @ivar users: what becomes of users; C{None} where there are none.
    @ivar members: which servers come, and who has them come and go; C{None} if all stay members.
    """

    size: int
    electionTimeout: float
    heartbeat: float
    leaderWait: float
    requestTimeout: float
    latency: Span
    fragmentation: float
    sendBuffer: int
    disk: Span
    flushRate: float
    segmentBytes: int
    rates: tuple[float, ...]
    bootRates: tuple[float, ...]
    wallRates: tuple[float, ...]
    wrong: tuple[float, ...]
    frail: tuple[int, ...]
    limits: ServerLimits
    versions: Versions
    seconds: float
    clients: tuple[ClientPlan, ...]
    faults: tuple[Fault, ...]
    users: UsersPlan | None = None
    members: MembersPlan | None = None

    @property
    def story(self) -> str:
        """
        What a reader of the story has to know beforehand.
        """
        return (
            f"servers: {self.size}{self._coming}, heartbeat: {self.heartbeat:g} s, "
            f"election timeout: {self.electionTimeout:g} s, request timeout: {self.requestTimeout:g} s, "
            f"clocks run at {_listed(self.rates)} and are wrong by {_listed(self.wrong)} s"
        )

    @property
    def _coming(self) -> str:
        return "" if self.members is None else f" and {len(self.members.comers)} that come"

    @property
    def settling(self) -> Settling | None:
        """
        See L{replkv.testing.health.settling}. The longest that a server waits for another is for a name that is asked
        for again, for an attempt to connect that is not answered, and then for the next one. Who is well decides
        nothing where it may be no member.
        """
        if self.members is not None:
            return None
        slowest, fastest = 1 / min(self.rates), 1 / max(self.rates)
        # What is sent waits for what is on its way, and each may arrive in pieces.
        most = max(
            [client.depth * client.padding + client.huge * MAX_VALUE_BYTES for client in self.clients], default=0
        )
        pieces = (8 + len(self.clients) * most // BUFFER_BYTES) * (1 if self.fragmentation <= 0.1 else 5)
        silence = self.heartbeat * slowest * 1.4 + 2 * pieces * self.latency.most + 8 * self.disk.most
        return settling(silence, self.electionTimeout * fastest, self.electionTimeout * slowest, 6.0 * slowest)

    @property
    def longest(self) -> int:
        """
        For how many seconds keys live that expire, at the most.
        """
        return max([client.longest for client in self.clients], default=0)

    @property
    def clocksAgree(self) -> bool:
        """
        Whether all servers have the same time all the time.
        """
        jumps = any(fault.kind == "clock jump" for fault in self.faults)
        return not jumps and not any(self.wrong) and set(self.rates + self.bootRates + self.wallRates) == {1.0}


def _listed(numbers: Sequence[float]) -> str:
    return ", ".join(f"{number:g}" for number in numbers)
