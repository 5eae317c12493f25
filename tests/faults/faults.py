"""
What can go wrong, and how it is made to.
"""

from __future__ import annotations

import re
import resource
import signal
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from twisted.internet.task import LoopingCall

from replkv import exits
from replkv.testing.faults import Fault, Undo
from replkv.testing.outcome import Violation
from tests.faults.cluster import ProxiedCluster
from tests.processes.cluster import ServerProcess

Kind = Callable[[ProxiedCluster, list[int], Fault], Undo]
"""
Makes something go wrong with the first of these servers, or with several.

@return: what makes it right again.
"""

FILE_BYTES: Final = 1 << 20
"""
Where a disk takes no more: the part of the log that is beyond it cannot be written.
"""

_LEAST_FLAP: Final = 0.05
_MOST_FLAP: Final = 0.3
_WRONG: Final = (2.5, -2.5, 3600.0, -3600.0, 365 * 24 * 3600.0)


def kill(cluster: ProxiedCluster, servers: list[int], fault: Fault) -> Undo:
    """
    A server is killed.
    """
    server = cluster.servers[servers[0]]
    end(server)
    return server.start


def killAll(cluster: ProxiedCluster, servers: list[int], fault: Fault) -> Undo:
    """
    All servers are killed at once.
    """
    for server in cluster.servers.values():
        checkRuns(server)
        server.process.kill()
    for server in cluster.servers.values():
        server.kill()
    return cluster.start


def pause(cluster: ProxiedCluster, servers: list[int], fault: Fault) -> Undo:
    """
    A server stands still.
    """
    server = cluster.servers[servers[0]]
    checkRuns(server)
    server.signal(signal.SIGSTOP)
    return partial(server.signal, signal.SIGCONT)


def wakeAlone(cluster: ProxiedCluster, servers: list[int], fault: Fault) -> Undo:
    """
    A server stands still, and when it goes on, nobody hears it and it hears nobody. Did it lead, it believes for a
    while that it still does.
    """
    resume = pause(cluster, servers, fault)
    quiet = isolate(cluster, servers, fault)
    waking = cluster.reactor.callLater(fault.lasts / 2, resume)

    def restore() -> None:
        if waking.active():
            waking.cancel()
            resume()
        quiet()

    return restore


def limitDisk(cluster: ProxiedCluster, servers: list[int], fault: Fault) -> Undo:
    """
    A server's files can become no longer: what would makes the system refuse the write, as on a full disk. It takes
    no rights to do that. The server stops itself as soon as it meets that, and is started again when all is well.
    """
    server = cluster.servers[servers[0]]
    checkRuns(server)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (FILE_BYTES, resource.RLIM_INFINITY))

    def replace() -> None:
        if server.isRunning:
            end(server)
        else:
            checkStoppedForDisk(server)
        server.start()

    return replace


def setClock(cluster: ProxiedCluster, servers: list[int], fault: Fault) -> Undo:
    """
    A server's wall clock is set, forwards or back, by seconds or by much more. It stays as it is.
    """
    cluster.clocks[servers[0]].set(_WRONG[int(fault.amount * len(_WRONG))])
    return _nothing


def checkRuns(server: ServerProcess) -> None:
    """
    No server ends by itself while nothing is wrong with its disk.

    @raise Violation: if this one did.
    """
    if not server.isRunning:
        status = server.process.returncode
        raise Violation(f"server {server.id} has ended by itself, with status {status}: {server.errors()}")


def checkStoppedForDisk(server: ServerProcess) -> None:
    """
    A server that stops because its disk does not take what it has to write says so, in its last line: while it runs, or
    when it is about to.

    @raise Violation: if this one did not.
    """
    status, errors = server.process.returncode, server.errors()
    if status != exits.DISK or not errors or not re.search(rf"\bserver {server.id}( stops itself)?: ", errors[-1]):
        raise Violation(f"server {server.id} stops with status {status} for its disk: {errors}")


def end(server: ServerProcess) -> None:
    """
    C{kill -9} a server that runs.
    """
    checkRuns(server)
    server.kill()


def isolate(cluster: ProxiedCluster, servers: list[int], fault: Fault) -> Undo:
    """
    A server and the others do not hear each other.
    """
    return _separate(cluster, servers[:1], servers[1:], fault)


def halves(cluster: ProxiedCluster, servers: list[int], fault: Fault) -> Undo:
    """
    A minority and the others do not hear each other.
    """
    size = (len(servers) - 1) // 2
    return _separate(cluster, servers[:size], servers[size:], fault)


def bridge(cluster: ProxiedCluster, servers: list[int], fault: Fault) -> Undo:
    """
    Two halves do not hear each other, but both hear and are heard by the one server that is in neither.
    """
    middle = len(servers) // 2
    return _separate(cluster, servers[1 : middle + 1], servers[middle + 1 :], fault)


def oneWay(cluster: ProxiedCluster, servers: list[int], fault: Fault) -> Undo:
    """
    A server is not heard by the others, or does not hear them.
    """
    ways = (servers[:1], servers[1:])
    cluster.network.silence(*(ways if fault.amount < 0.5 else ways[::-1]))
    return partial(cluster.network.heal, *ways)


def slow(cluster: ProxiedCluster, servers: list[int], fault: Fault) -> Undo:
    """
    All that a server and the others tell each other takes long, and much of it very long.
    """
    cluster.network.slow(servers[:1], servers[1:], 0.3 * fault.amount, 10_000 + 200_000 * fault.amount)
    return partial(cluster.network.heal, servers[:1], servers[1:])


def flap(cluster: ProxiedCluster, servers: list[int], fault: Fault) -> Undo:
    """
    A server is cut off, and is not, and is again.
    """
    network = cluster.network
    groups = (servers[:1], servers[1:])
    isCut = False

    def turn() -> None:
        nonlocal isCut
        isCut = not isCut
        if isCut:
            network.cut(*groups)
        else:
            network.heal(*groups)

    flapping = LoopingCall(turn)
    flapping.clock = cluster.reactor
    flapping.start(_LEAST_FLAP + (_MOST_FLAP - _LEAST_FLAP) * fault.amount)

    def settle() -> None:
        flapping.stop()
        network.heal(*groups)

    return settle


def _nothing() -> None:
    """
    It is not to be made right again.
    """


def _separate(cluster: ProxiedCluster, some: list[int], others: list[int], fault: Fault) -> Undo:
    """
    Let two groups of servers not hear each other, with or without being told.
    """
    if fault.amount < 0.5:
        cluster.network.cut(some, others)
    else:
        cluster.network.silence(some, others)
        cluster.network.silence(others, some)
    return partial(cluster.network.heal, some, others)


PROCESS_KINDS: Final[Mapping[str, Kind]] = {
    "kill": kill,
    "kill all": killAll,
    "pause": pause,
    "wake alone": wakeAlone,
    "full disk": limitDisk,
    "clock set": setClock,
}

NETWORK_KINDS: Final[Mapping[str, Kind]] = {
    "isolate": isolate,
    "halves": halves,
    "bridge": bridge,
    "one way": oneWay,
    "slow": slow,
    "flap": flap,
}
