"""
What the replies to commands about users tell.
"""

from __future__ import annotations

from replkv.commands.results import (
    Deleted,
    Done,
    NotAllowed,
    NotFound,
    NotUpgraded,
    Redirected,
    Refused,
    Result,
    Unavailable,
)
from replkv.testing.users.record import Asked, Change, Fate, Gone


def fateOf(asked: Asked, reply: Result) -> Fate | None:
    """
    What came of something, by the reply; C{None} if that is none to it.
    """
    isGoing = isinstance(asked, Change) and isinstance(asked.what, Gone)
    match reply:
        case NotAllowed():
            return Fate.REFUSED
        case Redirected():
            return Fate.VAIN
        case Unavailable():
            # Whose login fails, for whatever reason, is nobody.
            return Fate.UNKNOWN if isinstance(asked, Change) else Fate.VAIN
        case Deleted() if isGoing:
            return Fate.DONE
        case Done() if not isGoing:
            return Fate.DONE
        case NotFound() | Refused() | NotUpgraded() if isinstance(asked, Change):
            return Fate.VAIN
    return None
