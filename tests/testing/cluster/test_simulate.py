"""
Tests for the simulation of whole servers: one seed is one run.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from twisted.trial.unittest import SynchronousTestCase

from replkv.frontends.limits import CONNECTION_LIMITS
from replkv.node.limits import NODE_LIMITS
from replkv.testing.chance import chance
from replkv.testing.cluster.drawing import draw
from replkv.testing.cluster.kinds import KINDS
from replkv.testing.cluster.simulate import simulate
from replkv.testing.cluster.upgrades import BEFORE
from replkv.testing.faults import SELDOM, UPGRADE, WRONG_STATE, Fault
from replkv.testing.history import Status
from replkv.testing.outcome import Outcome
from replkv.versions import VERSIONS

SEEDS = (3, 10, 14, 17)
"""
A few that take less time than others.
"""

SHORT = (3, 17)
"""
The shortest of them.
"""

OTHER_PROCESS = """
from replkv.testing.cluster.simulate import simulate
print(*[simulate(seed).digest for seed in %r])
"""


@cache
def outcomeOf(seed: int) -> Outcome:
    """
    What comes of a seed.
    """
    return simulate(seed)


def test_sameEverywhere() -> None:
    """
    A seed gives the same run, byte for byte, in another process that orders its sets in another way.
    """
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    command = [sys.executable, "-c", OTHER_PROCESS % (SHORT,)]
    other = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert other.stdout.split() == [outcomeOf(seed).digest for seed in SHORT]


def test_seedsDiffer() -> None:
    """
    Other seeds give other runs, and what is told of them makes no difference.
    """
    story: list[str] = []
    told = [simulate(seed, tell=story.append).digest for seed in SHORT]
    assert told == [outcomeOf(seed).digest for seed in SHORT]
    assert told[0] != told[1]
    assert any("this server leads, in term" in line for line in story)


def test_pass() -> None:
    """
    A few seeds find nothing wrong; clients do get answers, and things do go wrong.
    """
    outcomes = [outcomeOf(seed) for seed in SEEDS]
    assert [outcome.violation for outcome in outcomes] == [None] * len(SEEDS)
    answered = [sum(operation.status is Status.OK for operation in outcome.history.operations) for outcome in outcomes]
    assert sum(answered) > 50 * len(SEEDS)
    assert sum(sum(outcome.injected.values()) for outcome in outcomes) > 3 * len(SEEDS)
    assert all(outcome.elections for outcome in outcomes)


def test_parts() -> None:
    """
    Faults and clients can be left out; those that are left are the same, and go by their numbers.
    """
    whole = simulate(17)
    assert whole.faults > 3
    quiet = simulate(17, faults=[], clients=[])
    assert sum(quiet.injected.values()) == 0
    assert (quiet.faults, quiet.clients) == (whole.faults, whole.clients)
    # What is asked at the end, when all is well, is all that is asked.
    assert {operation.command.key for operation in quiet.history.operations} <= {b"visited"}
    story: list[str] = []
    simulate(17, faults=[2], clients=[0], tell=story.append)
    begun = {line.split()[2:4][1].rstrip(",") for line in story if line.split()[2] == "fault"}
    assert begun == {"2"}


def unnumbered(faults: Iterable[Fault]) -> list[Fault]:
    """
    Faults without their numbers, which count what is drawn before them too.
    """
    return [replace(fault, number=0) for fault in faults]


class PlanTests(SynchronousTestCase):
    """
    Tests for what seeds have in store.
    """

    def test_variety(self) -> None:
        """
        There are clusters of one to seven servers, and all that can go wrong does in some seed.
        """
        plans = [draw(seed, list(KINDS)) for seed in range(300)]
        self.assertEqual({plan.size for plan in plans}, set(range(1, 8)))
        self.assertEqual({fault.kind for plan in plans for fault in plan.faults}, set(KINDS))
        self.assertEqual({plan.clocksAgree for plan in plans}, {True, False})

    def test_contention(self) -> None:
        """
        Some have few keys for many clients, long ones, keys that live for a minute, more commands under way than a
        server takes, and values that are large or no text.
        """
        plans = [draw(seed, list(KINDS)) for seed in range(300)]
        clients = [client for plan in plans for client in plan.clients]
        self.assertEqual({len(client.keys) for client in clients}, {1, 2, 3, 4, 5, 10})
        self.assertEqual({len(client.keys[0]) for client in clients}, {2, 3, 8, 250})
        self.assertEqual({plan.longest >= 60 for plan in plans}, {True, False})
        self.assertTrue(any(client.racing == 1.0 and len(client.keys) == 1 for client in clients))
        self.assertTrue(any(client.depth > CONNECTION_LIMITS.pendingCommands for client in clients))
        self.assertEqual({client.huge > 0 for client in clients}, {True, False})
        self.assertEqual({client.binary > 0 for client in clients}, {True, False})

    def test_fleeting(self) -> None:
        """
        In some nothing is kept for ever, and servers look one key ahead.
        """
        plans = [draw(seed, list(KINDS)) for seed in range(300)]
        fleeting = [plan for plan in plans if all(client.expiring == 1.0 for client in plan.clients)]
        self.assertEqual({plan.limits.machine.frontLength for plan in fleeting}, {1})
        self.assertTrue(15 < len(fleeting) < 60)

    def test_users(self) -> None:
        """
        In some there are users, and then nobody uses the library. What goes wrong is the same as without.
        """
        plans = [draw(seed, list(KINDS)) for seed in range(300)]
        few = [plan for plan in plans if plan.users is not None]
        self.assertTrue(60 < len(few) < 120)
        self.assertFalse(any(client.library for plan in few for client in plan.clients))
        self.assertEqual({plan.limits.node.knownTokens for plan in few}, {1, NODE_LIMITS.knownTokens})
        self.assertEqual({plan.versions for plan in few}, {VERSIONS, BEFORE})

    def test_frail(self) -> None:
        """
        Never so many disks rot that what a majority holds could be lost. Where members come and go, that is seen to
        when one is to rot.
        """
        for seed in range(300):
            plan = draw(seed, list(KINDS))
            if plan.members is None:
                self.assertLess(2 * len(plan.frail), plan.size)

    def test_members(self) -> None:
        """
        In a third of the seeds members come and go. What goes wrong may happen to those that come too, and there is
        nothing else about these seeds.
        """
        plans = [draw(seed, list(KINDS)) for seed in range(300)]
        few = [plan for plan in plans if plan.members is not None]
        self.assertTrue(70 < len(few) < 130)
        for plan in few:
            assert plan.members is not None
            count = plan.size + len(plan.members.comers)
            self.assertIsNone(plan.users)
            self.assertEqual(len(plan.rates), count)
            self.assertTrue(all(named and max(named) < plan.size for named in plan.members.comers))
            servers = {fault.servers for fault in plan.faults if fault.kind != UPGRADE}
            self.assertEqual({tuple(sorted(each)) for each in servers} - {tuple(range(count))}, set())

    def test_seldom(self) -> None:
        """
        Some things go wrong in few seeds, and only where a disk may be lost. What else goes wrong is the same with them
        and without.
        """
        others = [kind for kind in KINDS if kind not in (UPGRADE, WRONG_STATE)]
        usual = [kind for kind in others if kind not in SELDOM]
        every = [draw(seed, others) for seed in range(300)]
        without = [draw(seed, usual) for seed in range(300)]
        few = [plan for plan in every if any(fault.kind in SELDOM for fault in plan.faults)]
        self.assertTrue(30 < len(few) < 90)
        self.assertTrue(all(plan.frail for plan in few))
        self.assertEqual(
            [unnumbered(fault for fault in plan.faults if fault.kind not in SELDOM) for plan in every],
            [unnumbered(plan.faults) for plan in without],
        )
        for plan in every:
            self.assertEqual([fault.number for fault in plan.faults], list(range(len(plan.faults))))

    def test_upgrades(self) -> None:
        """
        In some seeds all servers begin as older ones, and each is upgraded once, in any order. What else goes wrong is
        the same.
        """
        kinds = [kind for kind in KINDS if kind != WRONG_STATE]
        every = [draw(seed, kinds) for seed in range(300)]
        without = [draw(seed, [kind for kind in kinds if kind != UPGRADE]) for seed in range(300)]
        upgraded = [plan for plan in every if plan.versions != VERSIONS]
        self.assertTrue(25 < len(upgraded) < 70)
        self.assertEqual({plan.versions for plan in upgraded}, {BEFORE})
        for plan, other in zip(every, without, strict=True):
            upgrades = [fault for fault in plan.faults if fault.kind == UPGRADE]
            usual = unnumbered(fault for fault in plan.faults if fault.kind != UPGRADE)
            self.assertEqual(usual, unnumbered(other.faults))
            self.assertEqual([fault.number for fault in plan.faults], list(range(len(plan.faults))))
            order = sorted(server for fault in upgrades for server in fault.servers)
            self.assertEqual(order, list(range(plan.size)) if plan in upgraded else [])

    def test_wrongStates(self) -> None:
        """
        In some seeds states are wrong, on servers whose disks may rot, and then they are compared often. What else goes
        wrong is the same.
        """
        every = [draw(seed, list(KINDS)) for seed in range(300)]
        without = [draw(seed, [kind for kind in KINDS if kind != WRONG_STATE]) for seed in range(300)]
        few = [plan for plan in every if any(fault.kind == WRONG_STATE for fault in plan.faults)]
        self.assertTrue(15 < len(few) < 45)
        self.assertTrue(all(plan.frail for plan in few))
        for plan, other in zip(every, without, strict=True):
            usual = [fault for fault in plan.faults if fault.kind != WRONG_STATE]
            self.assertEqual(usual, list(other.faults))
            self.assertEqual(plan.limits.node.auditSeconds > 1, len(usual) == len(plan.faults))

    def test_streams(self) -> None:
        """
        Each part has a chance of its own.
        """
        self.assertNotEqual(chance(1, "a").random(), chance(1, "b").random())
        self.assertEqual(chance(1, "a", 2).random(), chance(1, "a", 2).random())
