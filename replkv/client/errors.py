"""
What can go wrong with a command, as a program sees it.
"""

from __future__ import annotations


class ClientError(Exception):
    """
    A command did not do what was asked.
    """


class CommandError(ClientError):
    """
    The command is malformed, or its value is larger than the servers allow. Nothing was done.
    """


class NotFound(ClientError):
    """
    There is no such key. Nothing was done.
    """


class VersionMismatch(ClientError):
    """
    The key exists with another version. Nothing was done.
    """


class Unavailable(ClientError):
    """
    No server carried out the command in the time that there was, and none will.
    """


class OutcomeUnknown(ClientError):
    """
    A write was sent and its result is not known: it may have been carried out, or may yet be. It is for the caller to
    decide whether it is safe to send it again; L{replkv.client.Client<replkv.client.client.Client>} never does.
    """


class Closed(ClientError):
    """
    The client was closed: it carries out nothing any more, so that it is no use to try again.
    """


class ProtocolError(Exception):
    """
    What a server sent is no reply.
    """
