"""
The exit statuses of the C{replkv} command. Each means one thing, in whatever command it is.
"""

from __future__ import annotations

import signal
from typing import Final

DONE: Final = 0
NOT_FOUND: Final = 1
OTHER_VERSION: Final = 2
UNAVAILABLE: Final = 3
UNKNOWN: Final = 4
NONE_LEFT: Final = 5
DAMAGED: Final = 6
NOT_ALLOWED: Final = 7
REFUSED: Final = 8
EXISTS: Final = 9
NOT_A_NUMBER: Final = 10
NOT_SO: Final = 11
MISTAKE: Final = 64
INTERNAL: Final = 70
SYSTEM: Final = 71
STREAM: Final = 74
SIGNALLED: Final = 128
INTERRUPTED: Final = SIGNALLED + signal.SIGINT
UNREAD: Final = SIGNALLED + signal.SIGPIPE

STATUSES: Final = {
    DONE: "done",
    NOT_FOUND: "no such key, or no such user",
    OTHER_VERSION: "cas, delete, put: the key has another version",
    UNAVAILABLE: "no server could do it, and none will; status: no server leads",
    UNKNOWN: "the outcome of a write, a transfer or a change is unknown: it may have been done, or may yet be",
    NONE_LEFT: "cluster: no server is left that could be started again",
    DAMAGED: "inspect, verify, restore, export, import: what was looked at is damaged",
    NOT_ALLOWED: "the user may not do that, or the servers do not know the user by this token: nothing was done",
    REFUSED: "user, member: the servers do not do that, and the line says why: nothing was done",
    EXISTS: "add, put: there is such a key already",
    NOT_A_NUMBER: "incr, decr: what the key holds is no number",
    NOT_SO: "txn: a comparison does not hold, and the line says which: nothing was done",
    MISTAKE: "a mistake in the command, its arguments or the servers file: nothing was done",
    INTERNAL: "an error in replkv itself",
    SYSTEM: "the system refuses something that replkv needs, and the line says what",
    STREAM: "the output cannot be written, or the input not read; what was asked for may have been done",
    INTERRUPTED: "interrupted by Ctrl-C, and 128 + N by signal N; a write may have been done, or may yet be",
    UNREAD: "whoever read the output has gone; what was asked for may have been done",
}
"""
What they mean. C{replkv sim}, which has nothing to do with keys, gives 2 and 3 meanings of its own, and says so.
"""


def statusLines() -> list[str]:
    """
    The statuses and what they mean, one a line.
    """
    return [f"{status:4}  {meaning}" for status, meaning in STATUSES.items()]


STATUS_HELP: Final = ("Exit status:", *statusLines(), "")
"""
What the help of commands ends with, line by line.
"""
