"""
Clusters whose members come and go while clients use them.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Final

from replkv.testing.chance import chance
from replkv.testing.cluster.plan import MembersPlan, Plan
from replkv.testing.faults import UPGRADE, Fault

COMING: Final = 0.45
"""
So many of the seeds without users have members that come and go.
"""

_AUTOPILOT: Final = 0.35
"""
So many of those have an autopilot.
"""

_LATEST: Final = 0.6
"""
The last server that comes is started when this part of the time is over in which things go wrong, at the latest.
"""


def withMembers(plan: Plan, seed: int, random: Random) -> Plan:
    """
    The same, with servers that come, and operators. Whatever goes wrong may happen to those that come too, and disks
    may go bad anywhere: that the others can do without is seen to when it happens.
    """
    comers = random.choice([1, 1, 2, 3])
    # Not from the same source, so that all else is drawn as it is without it.
    autopilot = chance(seed, "autopilot")
    hasAutopilot = autopilot.random() < _AUTOPILOT
    members = MembersPlan(
        comers=tuple(_file(random, plan.size) for _ in range(comers)),
        starts=tuple(random.uniform(0.0, _LATEST * plan.seconds) for _ in range(comers)),
        operators=random.choice([1, 1, 2]),
        pause=random.choice([0.2, 0.5, 1.5]),
        cutting=random.choice([0.0, 0.1, 0.3]),
        sparing=0.6 if hasAutopilot else 0.1,
        replaceAfter=autopilot.choice([0.5, 1.0, 2.0]) if hasAutopilot else None,
    )
    # As fast as one of the others each.
    like = [random.randrange(plan.size) for _ in range(comers)]
    return replace(
        plan,
        members=members,
        rates=_more(plan.rates, like),
        bootRates=_more(plan.bootRates, like),
        wallRates=_more(plan.wallRates, like),
        wrong=_more(plan.wrong, like),
        frail=tuple(range(plan.size + comers)) if plan.frail else (),
        faults=tuple(_ofAll(fault, plan.size + comers, seed) for fault in plan.faults),
    )


def _file(random: Random, size: int) -> tuple[int, ...]:
    """
    Whom a servers file names: one of the first servers, or some of them.
    """
    count = random.choice([1, random.randint(1, size)])
    return tuple(sorted(random.sample(range(size), count)))


def _more(values: tuple[float, ...], like: list[int]) -> tuple[float, ...]:
    return (*values, *(values[server] for server in like))


def _ofAll(fault: Fault, count: int, seed: int) -> Fault:
    """
    A fault that is about any of so many servers, as far as it is not about a certain one.
    """
    if fault.kind == UPGRADE:
        return fault
    random = chance(seed, "members", fault.kind, fault.at)
    servers = list(fault.servers)
    for comer in range(len(servers), count):
        servers.insert(random.randint(0, len(servers)), comer)
    return replace(fault, servers=tuple(servers))
