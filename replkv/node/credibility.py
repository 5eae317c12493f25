"""
What of other servers' messages the core is given.
"""

from __future__ import annotations

from replkv.commands.logged import allSound, decode
from replkv.raft.core import Raft
from replkv.raft.entry import Entry
from replkv.raft.messages import AppendEntries, Message


class Credibility:
    """
    Looks at each message before anything comes of it: whether its sender can have sent it, and whether its entries are
    such as this server can carry out. What is committed is carried out by all, so one that is not would stop them all,
    at each start.
    """

    def __init__(self, raft: Raft, version: int) -> None:
        """
        @param version: the newest version of commands that this server knows, see L{replkv.versions}.
        """
        self._raft = raft
        self._version = version

    def objection(self, sender: int, message: Message) -> str | None:
        """
        Say why the core must not be given C{message} of server C{sender}; C{None} if it may.
        """
        objection = self._raft.objection(sender, message)
        if objection is not None or not isinstance(message, AppendEntries):
            return objection
        entries = message.batch.entries
        if not entries or allSound([data for _, _, data in entries], self._version):
            return None
        return next(filter(None, (self._unsound(entry) for entry in entries)), None)

    def _unsound(self, entry: Entry) -> str | None:
        """
        Say what is wrong with the command of an entry.
        """
        try:
            decode(entry.data, self._version)
        except ValueError as error:
            return f"entry {entry.index} is no command: {error}"
        return None
