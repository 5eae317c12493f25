"""
The first pieces of an order.
"""

from __future__ import annotations

from dataclasses import dataclass

from replkv.testing.linear.model import START, State
from replkv.testing.linear.pieces import Piece


@dataclass(slots=True, eq=False)
class Prefix:
    """
    Pieces in an order in which they fit.

    @ivar placed: those of them that are certain.
    @ivar spare: the pieces that may or may not come after them.
    @ivar state: what the key holds after them.
    @ivar piece: the last of them.
    @ivar shorter: the ones before it.
    """

    placed: int
    spare: int
    state: State = START
    piece: Piece | None = None
    shorter: Prefix | None = None

    @property
    def unused(self) -> bool:
        """
        Whether the last piece may have not taken effect, and nothing has shown yet that it did.
        """
        return self.piece is not None and not self.piece.certain

    def pieces(self) -> list[Piece]:
        """
        All of them, in their order.
        """
        found = []
        prefix: Prefix | None = self
        while prefix is not None:
            if prefix.piece is not None:
                found.append(prefix.piece)
            prefix = prefix.shorter
        return found[::-1]
