"""
What went wrong with a command, as people and scripts are told it.
"""

from __future__ import annotations

from typing import NamedTuple

from replkv.cli.login import HOW
from replkv.cli.statuses import (
    EXISTS,
    MISTAKE,
    NOT_A_NUMBER,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_SO,
    OTHER_VERSION,
    REFUSED,
    UNAVAILABLE,
    UNKNOWN,
)
from replkv.client.errors import (
    AlreadyExists,
    ClientError,
    CommandError,
    NotAllowed,
    NotANumber,
    NotFound,
    OutcomeUnknown,
    Refused,
    TransactionFailed,
    VersionMismatch,
)


class Failed(NamedTuple):
    """
    What went wrong.

    @ivar status: one of L{replkv.cli.statuses.STATUSES}.
    @ivar text: the same in words.
    """

    status: int
    text: str


def failed(error: ClientError) -> Failed:
    """
    Say it.
    """
    match error:
        case CommandError():
            return Failed(MISTAKE, str(error))
        case NotFound():
            return Failed(NOT_FOUND, str(error))
        case AlreadyExists():
            return Failed(EXISTS, str(error))
        case NotANumber():
            return Failed(NOT_A_NUMBER, str(error))
        case TransactionFailed():
            return Failed(NOT_SO, str(error))
        case VersionMismatch():
            return Failed(OTHER_VERSION, str(error))
        case NotAllowed():
            hint = f"; {HOW}" if error.user is None else ""
            return Failed(NOT_ALLOWED, f"not allowed (ERR_AUTH): {error}{hint}")
        case Refused():
            return Failed(REFUSED, f"refused: {error}")
        case OutcomeUnknown():
            return Failed(UNKNOWN, f"outcome unknown, it may or may not have been done: {error}")
    return Failed(UNAVAILABLE, f"unavailable: {error}")
