"""
Clients that have servers pass on what they ask.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Final

from twisted.internet.protocol import ServerFactory

from replkv.frontends.door import Door
from replkv.frontends.text.dialect import TextDialect
from replkv.testing.cluster.plan import Plan

FORWARDING_STEP: Final = 500
"""
By how much the port at which simulated servers do so is above the usual one.
"""

_FORWARDING: Final = 0.5
"""
In so many seeds, some clients ask there.
"""


def forwardingDoor(door: ServerFactory) -> Door:
    """
    A port for the same clients as another one, but for that.
    """
    assert isinstance(door, Door)
    return Door(door.clients, TextDialect(mayForward=True))


def withForwarding(plan: Plan, random: Random) -> Plan:
    """
    The same plan, with such clients in some seeds; and with servers that pass on little at once, or much.
    """
    if random.random() >= _FORWARDING:
        return plan
    node = replace(
        plan.limits.node,
        forwardBoxes=random.choice([1, 2, 16]),
        forwardBoxCommands=random.choice([1, 3, 512]),
        forwardBoxBytes=random.choice([100, 256 * 1024]),
        forwardReplyBytes=random.choice([1, 1000, 1 << 20]),
        forwardPatience=random.choice([0.01, 0.1, 1.0]),
    )
    clients = tuple(replace(client, forwarded=not client.library and random.random() < 0.8) for client in plan.clients)
    return replace(plan, limits=replace(plan.limits, node=node), clients=clients)
