"""
Tiers that simulate nothing, to try what runs tiers.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Collection

from twisted.logger import Logger

from replkv.commands.get import Get
from replkv.testing.history import Answer, Told
from replkv.testing.outcome import Outcome
from replkv.testing.tiers import Tier
from replkv.testing.trace import Trace

FAULTS = 8
CLIENTS = 4


def simulate(
    seed: int,
    faults: Collection[int] | None = None,
    clients: Collection[int] | None = None,
    tell: Callable[[str], None] | None = None,
) -> Outcome:
    """
    Fail if the seed ends with 7, if faults 3 and 5 are injected and client 2 takes part. The story is a line for each
    fault. Something rare happens in seed 5.
    """
    injected = range(FAULTS) if faults is None else faults
    asking = range(CLIENTS) if clients is None else clients
    trace = Trace(tell)
    outcome = Outcome("fake", seed, servers=3, faults=FAULTS, clients=CLIENTS, seconds=90.0, elections=2)
    for fault in injected:
        trace.tell(float(fault), "network", f"fault {fault} of seed {seed}")
        outcome.injected["odd" if fault % 2 else "even"] += 1
    for client in asking:
        trace.step(10.0, client)
        operation = outcome.history.invoke(Get(b"key"), 10.0)
        if client == 0:
            outcome.history.answered(operation, Answer(Told.FOUND, value=b"value"), 11.0)
        elif client == 1:
            outcome.history.failed(operation, 12.0)
    outcome.rare = Counter({"a rare thing": 1}) if seed == 5 else Counter()
    outcome.digest = trace.digest
    if seed % 10 == 7 and {3, 5} <= set(injected) and 2 in asking:
        outcome.violation = f"seed {seed} broke a promise\nin detail"
    return outcome


def simulateOddly(
    seed: int,
    faults: Collection[int] | None = None,
    clients: Collection[int] | None = None,
    tell: Callable[[str], None] | None = None,
) -> Outcome:
    """
    As L{simulate}, but seed 0 logs something, seed 1 raises, seed 2 ends the process, seed 3 has it killed, and seed 4
    never ends.
    """
    if seed == 0:
        Logger().critical("what is logged is not to be shown")
    if seed == 1:
        raise SystemExit("a server wanted to go")
    if seed == 2:
        os._exit(9)
    if seed == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    if seed == 4:
        if tell is not None:
            tell("this will never end")
        threading.Event().wait()
    return simulate(seed, faults, clients, tell)


FAKE = Tier("fake", "tests.testing.sim.fake.simulate")
ODD = Tier("odd", "tests.testing.sim.fake.simulateOddly")
