"""
What can go wrong in a simulated cluster of cores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from replkv.testing.core.case import Case
from replkv.testing.core.cluster import Cluster
from replkv.testing.core.conditions import Cut, Delaying, Holding, Lossy, Repeating, Slow
from replkv.testing.core.figure8 import Figure8
from replkv.testing.core.hunt import Hunt
from replkv.testing.faults import FOLLOWER_CUT_OFF, HAND_OVER, LOG_ROT, Fault, Schedule, Undo, nothing


def _loss(case: Case) -> Undo:
    rate = 0.05 + 0.45 * case.fault.amount
    case.tell(f"{rate:.0%} of all messages are lost")
    return case.impose(Lossy(case.random, rate), case.cluster.network.ways())


def _repetition(case: Case) -> Undo:
    case.tell("messages arrive twice")
    return case.impose(Repeating(case.random, 0.2 + 0.6 * case.fault.amount, 0.5), case.cluster.network.ways())


def _reordering(case: Case) -> Undo:
    most = 0.1 + 2.0 * case.fault.amount
    case.tell(f"some messages are delayed by up to {most:.1f} s, and others overtake them")
    return case.impose(Delaying(case.random, 0.3, most), case.cluster.network.ways())


def _partition(case: Case) -> Undo:
    some, others = _split(case)
    case.tell(f"servers {some} and {others} do not reach each other")
    return case.impose(Cut(), case.between(some, others))


def _oneWayPartition(case: Case) -> Undo:
    some, others = _split(case)
    if case.random.random() < 0.5:
        some, others = others, some
    case.tell(f"servers {some} do not reach {others}")
    return case.impose(Cut(), case.cluster.network.ways(some, others))


def _isolation(case: Case) -> Undo:
    case.tell(f"server {case.victim} is cut off")
    return case.impose(Cut(), case.between([case.victim], case.servers[1:]))


def _followerCutOff(case: Case) -> Undo:
    victim = _follower(case)
    case.tell(f"server {victim} is cut off, which does not lead")
    return case.impose(Cut(), case.between(victim, [server for server in case.servers if server not in victim]))


def _follower(case: Case) -> list[int]:
    """
    The first of the servers that does not lead.
    """
    leader = case.cluster.leader()
    return [server for server in case.servers if leader is None or server != leader.id][:1]


def _stranding(case: Case) -> Undo:
    case.tell(f"server {case.victim} is cut off, and its disk hangs a while longer")
    disk = case.cluster.servers[case.victim].disk
    undo = case.impose(Cut(), case.between([case.victim], case.servers[1:]))
    disk.hang()

    def end() -> None:
        undo()
        case.cluster.later(case.fault.amount, disk.goOn)

    return end


def _silence(case: Case) -> Undo:
    case.tell(f"the links between server {case.victim} and {case.others} deliver nothing")
    condition = Holding()
    undo = case.impose(condition, case.between([case.victim], case.others))

    def end() -> None:
        undo()
        condition.lose()

    return end


def _stall(case: Case) -> Undo:
    case.tell(f"the links from server {case.victim} to {case.others} stall")
    condition = Holding()
    undo = case.impose(condition, case.cluster.network.ways([case.victim], case.others))

    def end() -> None:
        undo()
        condition.deliver()

    return end


def _slowLink(case: Case) -> Undo:
    case.tell(f"the links between server {case.victim} and {case.others} are slow")
    return case.impose(Slow(0.05 + 0.5 * case.fault.amount), case.between([case.victim], case.others))


def _flapping(case: Case) -> Undo:
    case.tell(f"the links between server {case.victim} and {case.others} come and go")
    cluster, ways = case.cluster, case.between([case.victim], case.others)
    pause = case.fault.lasts * (0.05 + 0.2 * case.fault.amount)
    undo: list[Undo] = []
    over = False

    def flap() -> None:
        if undo:
            undo.pop()()
        elif not over:
            undo.append(case.impose(Cut(), ways))
        if not over:
            cluster.later(pause, flap)

    def end() -> None:
        nonlocal over
        over = True
        flap()

    flap()
    return end


def _crash(case: Case) -> Undo:
    case.tell(f"server {case.victim} crashes")
    return _down(case, [case.victim])


def _crashOfAll(case: Case) -> Undo:
    case.tell("all servers crash at once")
    return _down(case, case.servers)


def _pause(case: Case) -> Undo:
    case.tell(f"server {case.victim} is paused")
    case.cluster.pause(case.victim)
    return lambda: case.cluster.resume(case.victim)


def _slowDisk(case: Case) -> Undo:
    case.tell(f"the disk of server {case.victim} is slow")
    disk, seconds = case.cluster.servers[case.victim].disk, 0.05 + case.fault.amount
    disk.slowness += seconds

    def undo() -> None:
        disk.slowness -= seconds

    return undo


def _hangingDisk(case: Case) -> Undo:
    case.tell(f"the disk of server {case.victim} hangs")
    disk = case.cluster.servers[case.victim].disk
    disk.hang()
    return disk.goOn


def _drift(case: Case) -> Undo:
    factor = 0.5 + 1.5 * case.fault.amount
    case.tell(f"the clock of server {case.victim} runs {factor:.2f} times as fast")
    server = case.cluster.servers[case.victim]
    server.rate *= factor

    def undo() -> None:
        server.rate /= factor

    return undo


def _distrust(case: Case) -> Undo:
    case.tell(f"the state of server {case.victim} is found to be wrong")
    _haveDistrusted(case)
    return lambda: None


def _haveDistrusted(case: Case) -> None:
    if _mayLose(case):
        case.cluster.servers[case.victim].distrust()


def _mayLose(case: Case) -> bool:
    """
    Whether the victim may lose what it has: never so many that the others are no majority, since they would have nobody
    to get it from; and none where members go, and few may be left.
    """
    if case.cluster.plan.members is not None:
        return False
    servers = case.cluster.servers
    lacking = {server.id for server in servers if server.isLacking}
    return len(lacking | {case.victim}) <= (len(servers) - 1) // 2


def _rot(case: Case) -> Undo:
    server = case.cluster.servers[case.victim]
    case.tell(f"{server.name} crashes, and a part of its log rots")
    undo = _down(case, [server.id])
    if _mayLose(case):
        server.rot()
    return undo


def _interruption(case: Case) -> Undo:
    server = case.cluster.servers[case.victim]
    case.tell(f"{server.name} needs a snapshot, and crashes as soon as it installs one")
    server.isFragile = True
    _haveDistrusted(case)

    def undo() -> None:
        server.isFragile = False

    return undo


def _handOver(case: Case) -> Undo:
    leader = case.cluster.leader()
    # Any of the others; or a certain server, which may be down, or lead itself.
    among = case.servers if case.fault.amount < 0.5 else [case.victim]
    case.tell(f"whoever leads is to hand over to one of {among}")
    if leader is not None:
        leader.handOver(among)
    return nothing


def _nobody(case: Case) -> list[int]:
    return []


def _hunt(case: Case) -> Undo:
    case.tell("each new leader crashes or is cut off")
    return Hunt(case.cluster, case.random).end


def _figure8(case: Case) -> Undo:
    case.tell("figure 8 of the Raft paper")
    return Figure8(case.cluster).end


def _split(case: Case) -> tuple[list[int], list[int]]:
    """
    The servers in two groups.
    """
    size = 1 + int(case.fault.amount * (len(case.servers) - 1))
    return sorted(case.servers[:size]), sorted(case.servers[size:])


def _down(case: Case, servers: list[int]) -> Undo:
    """
    Crash servers, until the end.
    """
    for server in servers:
        case.cluster.crash(server)

    def undo() -> None:
        for server in servers:
            case.cluster.restart(server)

    return undo


def _victim(case: Case) -> list[int]:
    return [case.victim]


def _someOf(case: Case) -> list[int]:
    some, _ = _split(case)
    return some


def _everyone(case: Case) -> list[int]:
    return case.servers


class Kind(NamedTuple):
    """
    @ivar begin: begins such a fault; what it returns ends it.
    @ivar lasts: how many times longer it lasts than others.
    @ivar troubles: whom it troubles: all others, and what is between those, are as well as before.
    """

    begin: Callable[[Case], Undo]
    lasts: float = 1.0
    troubles: Callable[[Case], list[int]] = _victim


KINDS: Final[Mapping[str, Kind]] = {
    "message loss": Kind(_loss, troubles=_everyone),
    "repeated messages": Kind(_repetition, 2.0, _everyone),
    "reordered messages": Kind(_reordering, 2.0, _everyone),
    "partition": Kind(_partition, troubles=_someOf),
    "one-way partition": Kind(_oneWayPartition, troubles=_someOf),
    "isolation": Kind(_isolation),
    FOLLOWER_CUT_OFF: Kind(_followerCutOff, 3.0, _follower),
    "stranding": Kind(_stranding),
    "silent links": Kind(_silence),
    "stalled links": Kind(_stall),
    "slow links": Kind(_slowLink),
    "flapping links": Kind(_flapping),
    "crash": Kind(_crash),
    "crash of all": Kind(_crashOfAll, 0.3, _everyone),
    "pause": Kind(_pause),
    "slow disk": Kind(_slowDisk),
    "hanging disk": Kind(_hangingDisk, 2.0),
    "distrust": Kind(_distrust),
    "interrupted install": Kind(_interruption, 4.0),
    LOG_ROT: Kind(_rot, 2.0),
    "clock drift": Kind(_drift, 2.0),
    "hunt": Kind(_hunt, 6.0, _everyone),
    HAND_OVER: Kind(_handOver, troubles=_nobody),
    "figure 8": Kind(_figure8, 20.0, _everyone),
}
"""
All kinds of faults, by name.
"""


class Faults(Schedule):
    """
    The faults of a plan, as they happen.
    """

    def __init__(self, cluster: Cluster, faults: Iterable[Fault]) -> None:
        self._cluster = cluster
        super().__init__(cluster, faults)

    def begin(self, fault: Fault) -> Undo:
        """
        See L{Schedule.begin}.
        """
        servers = list(fault.servers)
        leader = self._cluster.leader() if fault.atLeader else None
        if leader is not None:
            servers.remove(leader.id)
            servers.insert(0, leader.id)
        kind, case = KINDS[fault.kind], Case(self._cluster, fault, servers)
        return self.troubling(kind.troubles(case), kind.begin(case))
