"""
Limits that are made small, so that a short simulation reaches them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def replaced(limits: Sequence[tuple[ModuleType, str, int]]) -> Iterator[None]:
    """
    Give constants of modules other values, for as long as this lasts.

    @param limits: modules, names and values.
    """
    before = [getattr(module, name) for module, name, _ in limits]
    for module, name, value in limits:
        setattr(module, name, value)
    try:
        yield
    finally:
        for (module, name, _), value in zip(limits, before, strict=True):
            setattr(module, name, value)
