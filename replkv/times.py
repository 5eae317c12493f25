"""
The times of the log, of the messages and of what is stored: milliseconds since the epoch, roughly.
"""

from __future__ import annotations

from typing import Final

FAR_FUTURE: Final = 2**63 - 1
"""
The last millisecond that there is: no stamp lies after it, no deadline, and nothing that a server tells or stores.
"""


def deadlineOf(stamp: int, exptime: int) -> int:
    """
    When a key expires, in milliseconds; 0 is never.

    @param stamp: when it was stored, in milliseconds.
    @param exptime: for how many seconds; 0 is for ever.
    """
    return min(stamp + exptime * 1000, FAR_FUTURE) if exptime else 0
