"""
Spans of time as an operator writes them.
"""

from __future__ import annotations

import re
from typing import Final

_DURATION: Final = re.compile(r"([1-9][0-9]{0,4})([smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def secondsOf(text: str) -> int | None:
    """
    Tell how many seconds C{30s}, C{15m}, C{1h} or C{1d} are; C{None} where it is nothing of the kind.
    """
    match = _DURATION.fullmatch(text)
    return None if match is None else int(match[1]) * _SECONDS[match[2]]
