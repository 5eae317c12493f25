"""
Where servers are.
"""

from __future__ import annotations

from typing import NamedTuple


class Address(NamedTuple):
    """
    Where a server answers clients.
    """

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
