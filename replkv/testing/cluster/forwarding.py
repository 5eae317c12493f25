"""
Clients that have servers pass on what they ask.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Final, cast

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol, ServerFactory

from replkv.frontends.text.connection import TextProtocol
from replkv.testing.cluster.plan import Plan

FORWARDING_STEP: Final = 500
"""
By how much the port at which simulated servers do so is above the usual one.
"""

_FORWARDING: Final = 0.5
"""
In so many seeds, some clients ask there.
"""


class ForwardingFactory(ServerFactory):
    """
    Makes the same connections as another factory, but for that.
    """

    noisy = False

    def __init__(self, factory: ServerFactory) -> None:
        self._factory = factory

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        """
        Make one.
        """
        protocol = cast("Protocol | None", self._factory.buildProtocol(addr))
        if isinstance(protocol, TextProtocol):
            protocol.mayForward = True
        return protocol


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
