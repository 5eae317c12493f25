"""
Changes to the state that are not made yet.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from replkv.commands.state import Content, Head, State


class _Record(NamedTuple):
    deadline: int
    content: Content


class Draft:
    """
    The L{KeyState<replkv.commands.state.KeyState>} as it would be with some changes.

    @ivar _changed: what keys would hold; C{None} for nothing.
    @ivar _changes: all changes, in their order. They are made in the end as if they had been made at once.
    """

    __slots__ = ("_changed", "_changes", "_state")

    def __init__(self, state: State) -> None:
        self._state: Final = state
        self._changed: dict[bytes, _Record | None] = {}
        self._changes: list[tuple[bytes, _Record | None]] = []

    def find(self, key: bytes) -> Head | None:
        """
        See L{KeyState.find<replkv.commands.state.KeyState.find>}.
        """
        state = self._state
        if key not in self._changed:
            return state.find(key)
        record = self._changed[key]
        if record is None or 0 < record.deadline <= state.clock:
            return None
        return Head(state.index, record.deadline)

    def contentOf(self, key: bytes) -> Content:
        """
        See L{KeyState.contentOf<replkv.commands.state.KeyState.contentOf>}.
        """
        record = self._changed.get(key)
        return self._state.contentOf(key) if record is None else record.content

    def store(self, key: bytes, deadline: int, value: bytes, flags: int = 0) -> int:
        """
        See L{KeyState.store<replkv.commands.state.KeyState.store>}.
        """
        self._change(key, _Record(deadline, Content(value, flags)))
        return self._state.index

    def delete(self, key: bytes) -> None:
        """
        See L{KeyState.delete<replkv.commands.state.KeyState.delete>}.
        """
        self._change(key, None)

    def carryOut(self) -> None:
        """
        Make the changes.
        """
        for key, record in self._changes:
            if record is None:
                self._state.delete(key)
            else:
                self._state.store(key, record.deadline, *record.content)

    def _change(self, key: bytes, record: _Record | None) -> None:
        self._changed[key] = record
        self._changes.append((key, record))
