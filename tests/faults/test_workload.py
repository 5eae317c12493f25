"""
The load and the judges, on servers in this process: those that lie are found out.
"""

from __future__ import annotations

import time
from typing import Any

import pytest
from twisted.internet.defer import maybeDeferred

from replkv.frontends.clients import Clients
from replkv.frontends.door import Door
from replkv.frontends.intake import Intake
from replkv.frontends.outbox import Outbox
from replkv.frontends.text.dialect import TextDialect
from replkv.testing.history import History, Status
from replkv.testing.outcome import Violation
from tests.faults.liar import (
    Babbles,
    DeniesWrites,
    ForgetsQuietWrites,
    ForgetsWrites,
    HonestBackend,
    RepeatsVersions,
    StaleReads,
)
from tests.faults.run import judge
from tests.faults.workload import Load, Workload
from tests.frontends.text.session import TIMEOUT, NoBackups
from tests.processes.cluster import HOST, onReactor, until

LOAD = Load(operations=100, rate=600.0)


async def load(backend: HonestBackend) -> Workload:
    """
    Have a server take a load, until the clients have asked all that they want to ask.
    """
    from twisted.internet import reactor

    clock: Any = reactor
    outbox = Outbox()
    intake = Intake(clock, outbox, TIMEOUT)
    clients = Clients(backend, outbox, intake, backend.statistics, backend.members, NoBackups(), clock)
    listening = clock.listenTCP(0, Door(clients, TextDialect()), interface=HOST)
    backend.port = listening.getHost().port
    workload = Workload(clock, time.monotonic, 0, [(HOST, backend.port)], LOAD)
    workload.start()
    try:
        await until(lambda: workload.isDone, "the clients have asked everything")
    finally:
        workload.close()
        await maybeDeferred(listening.stopListening)
        await clients.drain()
    return workload


@onReactor
async def test_honestServer() -> None:
    """
    Of a server that keeps what is promised, nothing is found; and the load has all that it is to have.
    """
    workload = await load(HonestBackend(time.monotonic))
    judge(workload)
    seen = kinds(workload.history)
    assert seen >= {
        ("Set", Status.OK),
        ("Cas", Status.OK),
        ("Get", Status.OK),
        ("Getm", Status.OK),
        ("Delete", Status.OK),
        ("Touch", Status.OK),
    }
    # Some were cut off in their middle, and some were under way then. Which, is chance.
    assert {status for _, status in seen} == set(Status)


@pytest.mark.parametrize(
    "backend", [StaleReads, ForgetsWrites, ForgetsQuietWrites, DeniesWrites, RepeatsVersions, Babbles]
)
@onReactor
async def test_liar(backend: type[HonestBackend]) -> None:
    """
    A server that does not is found out.
    """
    workload = await load(backend(time.monotonic))
    with pytest.raises(Violation):
        judge(workload)


def kinds(history: History) -> set[tuple[str, Status]]:
    """
    What was asked, and how it ended.
    """
    return {(type(operation.command).__name__, operation.status) for operation in history.operations}
