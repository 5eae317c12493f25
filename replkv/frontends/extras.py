"""
The commands that every server answers by itself, whether it leads or not.
"""

from __future__ import annotations

from collections.abc import Callable

from replkv import __version__
from replkv.commands.extras import Help, Piece, Snapshot, Stats, Version
from replkv.commands.members import Members
from replkv.commands.results import Found, NotAllowed, Release, Result, Statistics, Usage
from replkv.frontends.outbox import Outbox
from replkv.frontends.request import Backend, BackupSource, Request


class Extras:
    """
    Answers them.
    """

    def __init__(
        self,
        backend: Backend,
        statistics: Callable[[], dict[str, str]],
        members: Callable[[], bytes],
        backups: BackupSource,
        outbox: Outbox,
    ) -> None:
        """
        @param backend: knows who may do what.
        @param statistics: tells the values for C{stats}, by name.
        @param members: tells the value for C{members}.
        @param backups: gives snapshots of the state.
        @param outbox: is flushed when there is something of a snapshot.
        """
        self._backend = backend
        self._statistics = statistics
        self._members = members
        self._backups = backups
        self._outbox = outbox

    def answer(self, request: Request) -> None:
        """
        Answer C{request}, now or later.
        """
        command = request.command
        if not self._backend.admits(request):
            request.answer(NotAllowed())
        elif isinstance(command, Help):
            request.answer(Usage())
        elif isinstance(command, Version):
            request.answer(Release(__version__))
        elif isinstance(command, Stats):
            request.answer(Statistics(self._statistics()))
        elif isinstance(command, Members):
            request.answer(Found(0, 0, self._members()))
        elif isinstance(command, Snapshot):
            self._backups.describe(command.least).addCallback(self._found, request)
        elif isinstance(command, Piece):
            found = self._backups.piece(command.snapshot, command.file, command.offset)
            found.addCallback(self._found, request)

    def _found(self, result: Result, request: Request) -> None:
        """
        There is something of a snapshot, or not.
        """
        request.answer(result)
        self._outbox.flush()
