"""
What may take more than one step.
"""

from __future__ import annotations

from replkv.commands.command import Command


class Lasting(Command):
    """
    Something to do that may take more than one step, of which this is the first that is left.
    """

    __slots__ = ()

    @property
    def kept(self) -> int:
        """
        How many bytes are kept in memory for the steps after this one, beside what its command has.
        """
        return 0

    def cut(self) -> None:
        """
        Forget the steps after this one, as there is no room for them. The client is told that they were not done.
        """
