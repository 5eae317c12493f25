"""
C{replkv sim}: simulated clusters.
"""

from __future__ import annotations

from typing import Final

from twisted.python.usage import UsageError

from replkv.cli.command import Command
from replkv.cli.streams import say
from replkv.testing.sim.case import Case
from replkv.testing.sim.command import runMany, runOne
from replkv.testing.sim.numbers import naturalNumber, numberList, positiveNumber, seedRange
from replkv.testing.tiers import TIERS


class SimCommand(Command):
    """
    C{replkv sim}.
    """

    synopsis = "[--seeds FIRST:END] [OPTIONS]\n       replkv sim --seed N [OPTIONS]"
    longdesc = (
        "Simulates clusters: real servers on simulated time, network and disks, with faults, under the eyes of a "
        "judge. Each is drawn from its seed. A seed that fails is made smaller, the command that repeats it is shown, "
        "and what happens is written into files. The exit status is 2 if a seed failed, and 3 if something rare that "
        "has to happen never did."
    )
    optParameters: Final = [
        ["tier", "t", "cluster", "core, the consensus alone, over messages, or cluster, whole servers, over bytes."],
        ["seeds", None, None, "Run the seeds from FIRST to the one before END. [default: 0:100]"],
        ["jobs", "j", None, "With --seeds: in how many processes. [default: one on each core]"],
        ["out", "o", None, "With --seeds: the folder for stories and histories. [default: .]"],
        ["seed", "s", None, "Run one seed, and say what came of it."],
        ["faults", None, None, "With --seed: only these of its faults, as in 0,3,5, or none."],
        ["clients", None, None, "With --seed: only these of its clients."],
        ["history", None, None, "With --seed: a file for what the clients saw, as JSON lines."],
    ]
    optFlags: Final = [
        ["require-rare", None, "With --seeds: fail if something rare that has to happen never does."],
        ["verbose", "v", "With --seed: tell the story, as it happens."],
    ]

    def postOptions(self) -> None:
        """
        Refuse what makes no sense.
        """
        if self["tier"] not in TIERS:
            raise UsageError(f"--tier must be {' or '.join(TIERS)}, not {self['tier']!r}")
        one = self["seed"] is not None
        for name in ("seeds", "jobs", "out", "require-rare") if one else ("faults", "clients", "history", "verbose"):
            if self[name]:
                raise UsageError(f"--{name} does not go with --seed" if one else f"--{name} needs --seed")
        self["tier"] = TIERS[self["tier"]]
        for name, read in [
            ("seed", naturalNumber),
            ("seeds", seedRange),
            ("jobs", positiveNumber),
            ("faults", numberList),
            ("clients", numberList),
        ]:
            if self[name] is not None:
                self[name] = read(name, self[name])

    def carryOut(self) -> int:
        """
        Simulate.
        """
        if self["seed"] is not None:
            case = Case(self["tier"], self["seed"], self["faults"], self["clients"])
            return runOne(case, say, self["verbose"], self["history"])
        seeds = self["seeds"] or range(100)
        return runMany(self["tier"], seeds, say, self["jobs"], self["out"] or ".", self["require-rare"])
