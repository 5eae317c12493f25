"""
How much clients may ask of a server at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """
    @ivar turnCommands: how many commands of all clients are taken in one turn of the reactor, so that other servers and
        the answers have theirs.
    @ivar patienceDivisor: commands that have waited for such a part of the request timeout to be taken are refused.
    @ivar takenPerRefusal: for each one that is refused, at least so many are taken. To refuse one costs a good part of
        what it costs to carry one out, and a server that did little else would be of no use.
    """

    turnCommands: int = 512
    patienceDivisor: int = 5
    takenPerRefusal: int = 2


INTAKE_LIMITS: Final = IntakeLimits()
"""
The usual ones.
"""
