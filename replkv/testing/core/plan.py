"""
What a seed stands for: how large and how fast a cluster is, what goes wrong in it, and who asks it what.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from replkv.raft.limits import RaftLimits
from replkv.testing.chance import chance
from replkv.testing.core.limits import drawLimits
from replkv.testing.faults import FOLLOWER_CUT_OFF, HAND_OVER, LOG_ROT, Fault
from replkv.testing.health import Settling, settling
from replkv.testing.span import Span
from replkv.testing.swarm import drawFault, drawHandOvers, drawKinds, drawTimes

TICK: Final = 0.05
"""
How many seconds there are from tick to tick.
"""

_PEACEFUL: Final = 0.15
"""
So many seeds have a leader to which nothing happens.
"""

_RATES: Final = (0.95, 1.05)
_SIZES: Final = (1, 2, 3, 3, 3, 3, 3, 4, 5, 5, 5, 5, 6, 7)


@dataclass(frozen=True)
class Compaction:
    """
    When logs are compacted.

    @ivar every: when so many entries can go.
    @ivar kept: how many entries that are applied stay, at the most.
    """

    every: int
    kept: int


@dataclass(frozen=True)
class MembersPlan:
    """
    @ivar first: how many servers are members when the cluster begins.
    @ivar operators: how many have members come and go, and know nothing of each other.
    @ivar pause: the mean of the seconds between two changes of each.
    """

    first: int
    operators: int
    pause: float


@dataclass(frozen=True)
class ClientPlan:
    """
    @ivar number: its number.
    @ivar pause: the mean of the seconds between an answer and the next question.
    @ivar patience: after how many seconds it gives up an answer.
    @ivar reads: how much of what it asks are reads, from 0 to 1.
    @ivar burst: how many commands it sends at once, at the most.
    @ivar racing: how often it writes at once, with C{cas}, over what it has just read.
    @ivar padding: the least number of bytes of its values.
    """

    number: int
    pause: float
    patience: float
    reads: float
    burst: int
    racing: float
    padding: int


@dataclass(frozen=True)
class Plan:
    """
    @ivar servers: how many servers there are.
    @ivar electionTicks: as in L{replkv.raft.config.RaftConfig}; so with C{heartbeatTicks} and C{applyTicks}.
    @ivar rates: how many ticks each server counts while a right clock counts one.
    @ivar delay: how long a message takes.
    @ivar detection: after how many seconds a server learns that messages are lost.
    @ivar disk: how long a write takes.
    @ivar turn: how many seconds a server gathers what happens before it does something.
    @ivar applying: how many seconds it takes to apply what is given out at once.
    @ivar limits: the limits of all servers.
    @ivar compaction: when their logs are compacted; C{None} if never.
    @ivar members: which servers are members; C{None} if all are, all the time.
    @ivar keys: the keys that there are.
    @ivar seconds: for how long things go wrong.
    """

    servers: int
    electionTicks: int
    heartbeatTicks: int
    applyTicks: int
    rates: tuple[float, ...]
    delay: Span
    detection: float
    disk: Span
    turn: float
    applying: float
    limits: RaftLimits
    compaction: Compaction | None
    members: MembersPlan | None
    keys: tuple[bytes, ...]
    seconds: float
    clients: tuple[ClientPlan, ...]
    faults: tuple[Fault, ...]

    @property
    def settling(self) -> Settling | None:
        """
        See L{replkv.testing.health.settling}. Who is well decides nothing where it may be no member.
        """
        if self.members is not None:
            return None
        lowest, highest = _RATES
        slowest, fastest = TICK / lowest, TICK / highest
        # From one heartbeat to the next, and back: a few may be left out while too many messages are without an answer.
        silence = self.heartbeatTicks * slowest + 2 * (self.delay.most + self.disk.most + 2 * self.turn + slowest)
        return settling(silence, self.electionTicks * fastest, self.electionTicks * slowest, 2.0)

    @property
    def description(self) -> str:
        """
        One line for a reader.
        """
        return (
            f"{self.servers} servers, election timeout {self.electionTicks} ticks of {TICK} s, heartbeat "
            f"{self.heartbeatTicks}, messages {self.delay}, writes {self.disk}; {len(self.clients)} clients, "
            f"{len(self.faults)} faults"
        )


def draw(seed: int, kinds: Mapping[str, float]) -> Plan:
    """
    The plan of a seed.

    @param kinds: what can go wrong, and how many times longer than usual it lasts.
    """
    random = chance(seed, "plan")
    servers = random.choice(_SIZES)
    electionTicks = random.randint(4, 10)
    heartbeatTicks = random.randint(1, max(1, electionTicks // 3))
    seconds = random.uniform(4.0, 12.0)
    keys = tuple(b"k%d" % number for number in range(random.choice([1, 1, 2, 3])))
    usual = {kind: lasts for kind, lasts in kinds.items() if kind not in (HAND_OVER, LOG_ROT)}
    faults = _faults(chance(seed, "faults"), usual, servers, seconds, electionTicks * TICK)
    if HAND_OVER in kinds:
        faults += drawHandOvers(chance(seed, "hand-overs"), (0, 0, 2, 5, 10), servers, seconds, len(faults))
    if LOG_ROT in kinds:
        lasts = electionTicks * TICK * kinds[LOG_ROT]
        faults += _rot(chance(seed, "rotten logs"), servers, seconds, lasts, len(faults))
    return Plan(
        servers=servers,
        electionTicks=electionTicks,
        heartbeatTicks=heartbeatTicks,
        applyTicks=chance(seed, "apply").choice([0, 1, 2]),
        rates=tuple(random.uniform(*_RATES) for _ in range(servers)),
        delay=_span(random, (0.001, 0.005, 0.02, 0.05)),
        detection=random.choice([0.0, 0.01, 0.1]),
        disk=_span(random, (0.001, 0.005, 0.02, 0.05)),
        turn=random.choice([0.0, 0.0, 0.002, 0.01]),
        applying=random.choice([0.0, 0.0, 0.0, 0.02]),
        limits=drawLimits(random, chance(seed, "limits")),
        compaction=_compaction(chance(seed, "compaction")),
        members=_members(chance(seed, "members"), servers),
        keys=keys,
        seconds=seconds,
        clients=tuple(_client(chance(seed, "client plan", number), number) for number in range(random.randint(1, 4))),
        faults=faults,
    )


def _rot(random: Random, servers: int, seconds: float, lasts: float, first: int) -> tuple[Fault, ...]:
    """
    When logs rot, in some of the seeds.

    @param lasts: for how many seconds a server is down then, at the most.
    @param first: the number of the first time.
    """
    times = drawTimes(random, random.choice([0, 0, 0, 2, 5]), seconds)
    return tuple(
        drawFault(random, number, LOG_ROT, at, lasts * random.random(), servers, atLeader=0.3)
        for number, at in enumerate(times, first)
    )


def _span(random: Random, bases: Sequence[float]) -> Span:
    base = random.choice(bases)
    return Span(base, base * random.choice([1, 2, 4]))


def _compaction(random: Random) -> Compaction | None:
    if random.random() < 0.3:
        return None
    return Compaction(every=random.choice([1, 5, 20]), kept=random.choice([0, 3, 20]))


def _members(random: Random, servers: int) -> MembersPlan | None:
    if servers < 2 or random.random() < 0.6:
        return None
    return MembersPlan(random.randint(1, servers), random.choice([1, 1, 2]), random.choice([0.2, 0.5, 2.0]))


def _client(random: Random, number: int) -> ClientPlan:
    return ClientPlan(
        number=number,
        pause=random.choice([0.05, 0.2, 0.5]),
        patience=random.choice([0.1, 0.3, 1.0, 3.0]),
        reads=random.choice([0.1, 0.4, 0.8]),
        burst=random.choice([1, 1, 3, 12]),
        racing=random.choice([0.0, 0.5, 1.0]),
        padding=random.choice([0, 0, 0, 500]),
    )


def _faults(
    random: Random, kinds: Mapping[str, float], servers: int, seconds: float, timeout: float
) -> tuple[Fault, ...]:
    """
    @param timeout: the shortest election timeout, in seconds: how long a fault lasts is measured by it.
    """
    chosen = drawKinds(random, sorted(kinds)) if kinds else []
    if random.random() < _PEACEFUL:
        chosen = [FOLLOWER_CUT_OFF]
    faults = []
    for number, at in enumerate(drawTimes(random, random.choice([0, 6, 12, 18, 24]), seconds)):
        if not chosen:
            break
        kind = random.choice(chosen)
        if kinds[kind] > 10:
            chosen.remove(kind)  # Two that take so long would only be in each other's way.
        lasts = timeout * random.choice([0.2, 0.5, 1.0, 2.0, 4.0]) * random.uniform(0.5, 1.5) * kinds[kind]
        faults.append(drawFault(random, number, kind, at, lasts, servers, atLeader=0.7))
    return tuple(faults)
