"""
What a seed stands for is drawn from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Final

from replkv.commands.layout import MAX_KEY_LENGTH
from replkv.node.limits import NODE_LIMITS
from replkv.service.limits import ServerLimits
from replkv.testing.chance import chance
from replkv.testing.cluster.coming import COMING, withMembers
from replkv.testing.cluster.end import BUFFER_BYTES
from replkv.testing.cluster.forwarding import withForwarding
from replkv.testing.cluster.limits import drawLimits
from replkv.testing.cluster.plan import MAX_VALUE_BYTES, ClientPlan, Plan, UsersPlan
from replkv.testing.cluster.upgrades import BEFORE, drawUpgrades
from replkv.testing.faults import (
    BY_ITSELF,
    FOLLOWER_CUT_OFF,
    HAND_OVER,
    NEARLY_FULL,
    SELDOM,
    UPGRADE,
    WRONG_STATE,
    Fault,
)
from replkv.testing.span import Span
from replkv.testing.swarm import drawFault, drawHandOvers, drawKinds, drawTime, drawTimes
from replkv.versions import VERSIONS

_PEACEFUL: Final = 0.1
"""
So many seeds have a leader to which nothing happens, in a cluster that is fast enough for it to lead on.
"""

_SELDOM: Final = 0.25
"""
In so many seeds, where disks may be lost at all, something of L{SELDOM} goes wrong.
"""

_FILLING: Final = 0.25
"""
In so many seeds disks fill.
"""

_WRONG: Final = 0.1
"""
In so many seeds, where disks may rot at all, servers come to hold what nobody has written.
"""

_SIZES: Final = (1, 2, 3, 3, 3, 3, 3, 4, 5, 5, 5, 6, 7)
_HOT: Final = 0.5
"""
So many seeds have few keys, which all clients read and then write over.
"""

_KEYS: Final = tuple(b"k%d" % number for number in range(5))
_LONG_KEYS: Final = tuple(b"%0250d" % number for number in range(5))
"""
Keys that are as long as keys may be, and differ at their ends.
"""

_FLEETING: Final = 0.1
"""
In so many seeds, all keys expire.
"""

_MORE_KEYS: Final = tuple(b"k%d" % number for number in range(10))

_DEPTHS: Final = (1, 1, 1, 3, 3, 8, 8, 40, 200)
"""
How many commands clients have under way: in some seeds more than a server takes from a connection at once.
"""

_LIVES: Final = (3,) * 19 + (100,)
"""
Minutes are rare, since a run waits until nothing is left that expires.
"""

_FORGETTING: Final = 0.25
"""
So many seeds have logs that keep next to nothing.
"""

_WILD_LIVES: Final = (3, 20, 20)
"""
Where clocks are wrong, lives are so long that what the judge allows for is little of them.
"""

_HUGE: Final = (0,) * 9 + (2,)
"""
So are values of a mebibyte: all that happens to one is copied many times.
"""

_CHANGING: Final = 0.35
_FULL: Final = 0.5
"""
In so many seeds, values are made of each other: who has seen one does not know who stored it.
"""

_USERS: Final = 0.3
"""
So many seeds have users.
"""

_FULL_SOON: Final = 256
"""
Bytes that a system takes of a connection's replies where it has little memory to spare: what is said to be sent often
is not all sent.
"""

_YEAR: Final = 365 * 24 * 3600.0

_OF_CLOCKS: Final = frozenset({"clock jump", "suspend"})
"""
What always may go wrong where the clocks are wild: it shows little without the others.
"""

_DRIFT: Final = 0.0005
"""
By what part a quartz clock may be wrong.
"""


def draw(seed: int, kinds: Sequence[str]) -> Plan:
    """
    The plan of a seed.

    @param kinds: what can go wrong.
    """
    random, clocks = chance(seed, "plan"), chance(seed, "clocks")
    size = random.choice(_SIZES)
    seconds = random.uniform(5.0, 15.0)
    heartbeat = random.choice([0.03, 0.05, 0.05, 0.1])
    latency = random.choice([0.0005, 0.002, 0.002, 0.01])
    disk = random.choice([0.0005, 0.002, 0.002, 0.01, 0.03])
    wild = random.random() < 0.4
    frail = tuple(sorted(random.sample(range(size), (size - 1) // 2)))
    # What is drawn here is about the keys and their values alone.
    contention = chance(seed, "contention")
    hot = contention.random() < _HOT
    names = _KEYS if contention.random() < 0.9 else _LONG_KEYS
    keys = names[: random.randint(1, 3 if hot else 5)]
    longest = contention.choice(_WILD_LIVES if wild else _LIVES)
    clients = random.randint(1, 5)
    usual = [kind for kind in kinds if kind not in BY_ITSELF]
    chosen = sorted(drawKinds(random, usual))
    if wild:
        chosen = sorted({*chosen, *_OF_CLOCKS.intersection(usual)})
    else:
        chosen = [kind for kind in chosen if kind != "clock jump"]
    fragmentation = random.choice([0.0, 0.1, 0.5])
    folders = chance(seed, "folders")
    isSeldom = bool(frail) and folders.random() < _SELDOM
    if random.random() < _PEACEFUL:
        isSeldom, chosen, wild, latency, disk, fragmentation = False, [FOLLOWER_CUT_OFF], False, 0.0005, 0.0005, 0.0
    faults = drawFaults(chance(seed, "faults"), chosen, size, seconds)
    if NEARLY_FULL in kinds and chosen != [FOLLOWER_CUT_OFF]:
        faults += _fullDisks(chance(seed, "full disks"), size, seconds, len(faults))
    if HAND_OVER in kinds:
        faults += drawHandOvers(chance(seed, "hand-overs"), (0, 0, 1, 3, 8), size, seconds, len(faults))
    if isSeldom:
        faults += drawSeldom(folders, sorted(SELDOM.intersection(kinds)), size, seconds, len(faults))
    upgrades = drawUpgrades(chance(seed, "upgrades"), size, seconds, len(faults)) if UPGRADE in kinds else ()
    forgetting = chance(seed, "forgetting")
    isForgetful = size > 1 and forgetting.random() < _FORGETTING
    audited = chance(seed, "wrong states")
    wrongs: tuple[Fault, ...] = ()
    if WRONG_STATE in kinds and frail and not isForgetful and audited.random() < _WRONG:
        wrongs = drawSeldom(audited, [WRONG_STATE], size, seconds, len(faults) + len(upgrades))
    plan = Plan(
        size=size,
        heartbeat=heartbeat,
        electionTimeout=heartbeat * random.choice([3, 5, 5]),
        leaderWait=random.choice([0.0, 0.5, 2.0]),
        requestTimeout=random.choice([0.5, 1.0, 5.0]),
        latency=Span(latency, latency * random.choice([1, 4, 10])),
        fragmentation=fragmentation,
        sendBuffer=chance(seed, "send buffer").choice([BUFFER_BYTES, BUFFER_BYTES, _FULL_SOON]),
        disk=Span(disk, disk * random.choice([1, 3, 10])),
        flushRate=random.choice([0.02, 0.3, 1.0]),
        segmentBytes=random.choice([1 << 13, 1 << 14, 1 << 16]),
        rates=_each(size, wild, lambda: random.uniform(0.9, 1.1), 1.0),
        bootRates=_each(size, wild, lambda: clocks.uniform(1 - _DRIFT, 1 + _DRIFT), 1.0),
        wallRates=_each(size, wild, lambda: clocks.uniform(0.9, 1.1), 1.0),
        wrong=_each(size, wild, lambda: random.choice([0.0, 0.0, 5.0, -5.0, _YEAR, -_YEAR]), 0.0),
        frail=frail,
        limits=drawLimits(random),
        seconds=seconds,
        clients=tuple(
            _client(chance(seed, "client plan", number), number, keys, longest, hot) for number in range(clients)
        ),
        versions=BEFORE if upgrades else VERSIONS,
        faults=faults + upgrades + wrongs,
    )
    if chance(seed, "fleeting").random() < _FLEETING:
        plan = _fleeting(plan)
    if isForgetful:
        plan = _forgetful(plan, forgetting)
    if wrongs:
        plan = _audited(plan, audited)
    if "no descriptors" in chosen:
        plan = _filling(plan)
    users = chance(seed, "users")
    if users.random() < _USERS:
        plan = _withUsers(plan, users)
    coming = chance(seed, "members")
    if plan.users is None and coming.random() < COMING:
        plan = withMembers(plan, seed, coming)
    changing = chance(seed, "changing")
    if changing.random() < _CHANGING:
        plan = replace(plan, clients=tuple(replace(client, changing=0.3) for client in plan.clients))
    full = chance(seed, "full")
    # Where values are made of each other, the judge has enough to try.
    if full.random() < _FULL and not any(client.changing for client in plan.clients):
        plan = _inFull(plan, full)
    plan = withForwarding(plan, chance(seed, "forwarding"))
    return _roomy(plan) if any(client.huge or client.large for client in plan.clients) else plan


def _inFull(plan: Plan, random: Random) -> Plan:
    """
    The same, with clients that use all that a key can have; and, where rights do not hang on how they begin, with keys
    that are no words.
    """
    beginning = b"" if plan.users is not None else random.choice([b"", b"\r\n\xe2\x98\x83 ", b"\0"])
    return replace(
        plan,
        clients=tuple(
            replace(client, full=0.4, keys=tuple((beginning + key)[-MAX_KEY_LENGTH:] for key in client.keys))
            for client in plan.clients
        ),
    )


def _fleeting(plan: Plan) -> Plan:
    """
    The same with keys all of which expire, and are stored and touched many at a time; and servers that look no further
    than one key ahead, but have no small limits else.
    """
    clients = tuple(
        replace(client, keys=_MORE_KEYS, reading=0.3, expiring=1.0, racing=0.0, depth=40, pause=0.02, library=False)
        for client in plan.clients
    )
    machine = replace(plan.limits.machine, frontLength=1)
    return replace(plan, clients=clients, limits=ServerLimits(machine=machine))


def _roomy(plan: Plan) -> Plan:
    """
    The same, with room for the reply with a value that is as large as any, and snapshots that get along with one.
    """
    memory, node = plan.limits.memory, plan.limits.node
    memory = replace(memory, unreadBytes=max(memory.unreadBytes, 2 * MAX_VALUE_BYTES))
    node = replace(
        node,
        snapshotPieceBytes=max(node.snapshotPieceBytes, MAX_VALUE_BYTES // 8),
        snapshotBytesPerSecond=max(node.snapshotBytesPerSecond, MAX_VALUE_BYTES),
    )
    return replace(plan, limits=replace(plan.limits, memory=memory, node=node))


def _audited(plan: Plan, random: Random) -> Plan:
    """
    The same, with servers that compare often what they hold; and with logs that keep all: a snapshot would carry what
    is wrong to others, until they are a majority.
    """
    node = replace(plan.limits.node, auditSeconds=random.choice([0.3, 1.0]), retainedBytes=NODE_LIMITS.retainedBytes)
    return replace(plan, limits=replace(plan.limits, node=node))


def _forgetful(plan: Plan, random: Random) -> Plan:
    """
    The same, with logs that keep next to nothing, and followers that are away for longer than that. The snapshots that
    they get take their time, in which more goes wrong.
    """
    node = replace(
        plan.limits.node,
        flushEntries=10,
        retainedBytes=0,
        snapshotBytesPerSecond=random.choice([5000, 20_000, 1 << 25]),
    )
    faults = plan.faults
    for kind, count in ((FOLLOWER_CUT_OFF, 3), ("power loss", 2), ("isolation", 2)):
        first = 1 + max((fault.number for fault in faults), default=-1)
        faults += tuple(
            drawFault(random, number, kind, at, random.uniform(0.5, 2.5), plan.size, atLeader=0.2)
            for number, at in enumerate(drawTimes(random, count, plan.seconds), first)
        )
    return _filling(replace(plan, limits=replace(plan.limits, node=node), faults=faults))


def _filling(plan: Plan) -> Plan:
    """
    The same, with logs that need their next files all the time.
    """
    clients = tuple(replace(client, padding=2000) for client in plan.clients)
    return replace(plan, segmentBytes=1 << 13, clients=clients)


def _withUsers(plan: Plan, random: Random) -> Plan:
    """
    The same, with users; and with servers that soon have who says a wrong token wait, or never do.
    """
    users = UsersPlan(
        pause=random.choice([0.05, 0.1, 0.3]),
        burst=random.choice([1, 3]),
        lateness=random.choice([0.6, 0.95]),
        wrong=random.choice([0.0, 0.1]),
    )
    node = replace(
        plan.limits.node,
        freeFailures=random.choice([1, 5, 1000]),
        knownTokens=random.choice([1, NODE_LIMITS.knownTokens]),
    )
    clients = tuple(replace(client, library=False) for client in plan.clients)
    return replace(plan, users=users, limits=replace(plan.limits, node=node), clients=clients)


def _each(size: int, varies: bool, drawn: Callable[[], float], otherwise: float) -> tuple[float, ...]:
    return tuple(drawn() if varies else otherwise for _ in range(size))


def _client(random: Random, number: int, keys: tuple[bytes, ...], longest: int, hot: bool) -> ClientPlan:
    return ClientPlan(
        number=number,
        operations=random.randint(30, 250),
        pause=random.choice([0.02, 0.05, 0.1]),
        depth=random.choice(_DEPTHS),
        patience=random.choice([0.5, 2.0, 6.0]),
        keys=keys,
        reading=random.choice([0.5, 0.5, 1.0]),
        expiring=random.choice([0.0, 0.0, 0.3, 0.8]),
        noreply=random.choice([0.0, 0.1, 0.3]),
        padding=random.choice([0, 0, 700, 2000]),
        large=random.choice([0.0, 0.0, 0.05]),
        cutting=random.choice([0.0, 0.02, 0.1]),
        parting=random.choice([0.0, 0.02, 0.1]),
        wandering=random.choice([0.0, 0.05, 0.3]),
        library=random.random() < 0.2,
        nonsense=random.choice([0.0, 0.1]),
        racing=random.choice([0.5, 1.0]) if hot else random.choice([0.0, 0.3]),
        binary=random.choice([0.0, 0.3]),
        huge=random.choice(_HUGE),
        longest=longest,
    )


def drawFaults(random: Random, kinds: Sequence[str], size: int, seconds: float) -> tuple[Fault, ...]:
    """
    What goes wrong in a cluster.

    @param kinds: what may.
    @param size: the number of servers.
    @param seconds: when the last of it begins, at the latest.
    """
    count = random.randint(2, 20) if kinds else 0
    return tuple(_fault(random, number, kinds, at, size) for number, at in enumerate(drawTimes(random, count, seconds)))


def drawSeldom(random: Random, kinds: Sequence[str], size: int, seconds: float, first: int) -> tuple[Fault, ...]:
    """
    What goes wrong beyond that in few seeds.

    @param first: the number of the first of it.
    """
    count = random.randint(1, 2) if kinds else 0
    drawn = [_fault(random, first + number, kinds, drawTime(random, seconds / 2), size) for number in range(count)]
    # Most clients have done what they had to do before the end, and all of it takes a while to begin.
    return tuple(replace(fault, lasts=random.uniform(2.0, 8.0)) for fault in drawn)


def _fullDisks(random: Random, size: int, seconds: float, first: int) -> tuple[Fault, ...]:
    """
    When disks fill, and for how long they stay so: long enough that servers notice it.

    @param first: the number of the first time.
    """
    times = drawTimes(random, random.randint(1, 3) if random.random() < _FILLING else 0, seconds)
    return tuple(
        drawFault(random, number, NEARLY_FULL, at, random.uniform(1.0, 8.0), size, atLeader=0.7)
        for number, at in enumerate(times, first)
    )


def _fault(random: Random, number: int, kinds: Sequence[str], at: float, size: int) -> Fault:
    kind = random.choice(kinds)
    lasts = random.choice([0.05, 0.3, 0.3, 1.0, 1.0, 3.0, 6.0]) * random.uniform(0.5, 1.5)
    return drawFault(random, number, kind, at, lasts, size, atLeader=0.5)
