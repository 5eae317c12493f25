"""
Rests: nothing comes of the ticks that a server may sleep through.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from replkv.raft.outputs import Ready
from replkv.raft.roles import Role
from replkv.testing.judges.view import View
from replkv.testing.outcome import Violation

_NOTHING: Final = Ready()


class _Rest(NamedTuple):
    """
    @ivar role: who may sleep.
    @ivar ticks: for how many more ticks.
    """

    role: Role
    ticks: int


class Rests:
    """
    See L{RaftView.restTicks<replkv.raft.view.RaftView.restTicks>}.
    """

    def __init__(self) -> None:
        self._rests: dict[int, _Rest] = {}

    def stirred(self, view: View) -> None:
        """
        Something has happened to a server, so that it looks anew how long it may sleep.
        """
        self._rests.pop(view.id, None)

    def check(self, view: View, ready: Ready) -> None:
        """
        A server wants something done.
        """
        if ready != _NOTHING:
            self.stirred(view)

    def ticking(self, view: View) -> None:
        """
        A server is about to count a tick.
        """
        role, ticks = view.raft.role, view.raft.restTicks
        before = self._rests.get(view.id)
        # One tick is no sleep, unless it is the last of some.
        promised = before.ticks if before is not None and before.role is role else 0
        self._rests[view.id] = _Rest(role, max(promised, ticks if ticks > 1 else 0))

    def ticked(self, view: View) -> None:
        """
        It has counted it.

        @raise Violation: if it might have slept through it, and should not have.
        """
        role, ticks = self._rests[view.id]
        if ticks and view.raft.role is not role:
            raise Violation(f"server {view.id} might have slept through the tick that makes it {view.raft.role.name}")
        self._rests[view.id] = _Rest(role, max(0, ticks - 1))
