"""
What can go wrong with a command, as a program sees it.
"""

from __future__ import annotations


class ClientError(Exception):
    """
    A command did not do what was asked.
    """


class CommandError(ClientError, ValueError):
    """
    The command is malformed: a key that cannot be one, a number out of range, a value that is larger than the servers
    allow. Nothing was done. (What has the wrong type altogether is a C{TypeError}.)
    """


class NotFound(ClientError):
    """
    There is no such key, or no such user. Nothing was done.
    """


class AlreadyExists(ClientError):
    """
    There is such a key already. Nothing was done.
    """


class NotANumber(ClientError):
    """
    What the key holds is no number. Nothing was done.
    """


class VersionMismatch(ClientError):
    """
    The key exists with another version. Nothing was done.
    """


class TransactionFailed(ClientError):
    """
    A comparison of a transaction does not hold. Nothing was done.

    @ivar step: which of its steps that is; the first of them is 1.
    """

    def __init__(self, reason: str, step: int) -> None:
        super().__init__(reason)
        self.step = step


class NotAllowed(ClientError):
    """
    The user may not do that, or the servers do not know the user by this token; or no user was given, and not everybody
    may do everything. Nothing was done.

    @ivar user: the user's name; C{None} if none was given.
    """

    def __init__(self, reason: str, user: str | None = None) -> None:
        super().__init__(reason)
        self.user = user


class Refused(ClientError):
    """
    The servers do not do that to a user or to a member, and the text says why. Nothing was done.
    """


class Unavailable(ClientError):
    """
    No server carried out the command in the time that there was, and none will. It is safe to try again.
    """


class NotUpgraded(Unavailable):
    """
    Not all servers of the cluster know the command yet: they are being upgraded, or one of them has not been met since.
    It can be carried out when all are upgraded.
    """


class OutcomeUnknown(ClientError):
    """
    A write was sent and its result is not known: it may have been carried out, or may yet be. It is for the caller to
    decide whether it is safe to send it again; L{replkv.Client} never does.
    """


class Closed(ClientError):
    """
    The client was closed before the command was carried out, and carries out nothing any more: it is no use to try
    again. A write that was sent by then is an L{OutcomeUnknown}.
    """
