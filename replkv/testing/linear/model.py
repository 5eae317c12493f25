"""
What a key may hold, and what each operation makes of it.

Not all of it is known: a state stands for all versions, and all times of being stored, that fit what was told so far.
"""

from __future__ import annotations

from math import inf
from typing import Final, NamedTuple

from replkv.testing.linear.clocks import ClockBound
from replkv.testing.linear.pieces import UNSEEN, Piece, Rule
from replkv.times import FAR_FUTURE

_FAR_SECONDS: Final = FAR_FUTURE // 2000
"""
Keys with more seconds to live than this may reach the far future, where time ends: how many are left then is not known.
"""


class State(NamedTuple):
    """
    @ivar value: the number of the value; C{None} if there is no key.
    @ivar version: its version, if that is known.
    @ivar floor: the version, or if there is no key the largest that it ever had, is this one at least.
    @ivar others: versions from C{floor} up which it is known not to be.
    @ivar exptime: for how long it was stored, or touched since; 0 is for ever.
    @ivar since: when that was, at the earliest. Where it does not count, it is 0; so with the next.
    @ivar until: and at the latest.
    @ivar now: what follows cannot have been over before this time.
    """

    value: int | None
    version: int | None
    floor: int
    others: frozenset[int] = frozenset()
    exptime: float = 0
    since: float = 0.0
    until: float = 0.0
    now: float = -inf


START: Final = State(None, None, 0)
"""
Nothing was ever stored.
"""

_NOTHING: Final[tuple[State, ...]] = ()


class Model:
    """
    The transitions.

    When a key ends depends on the leader's time when its store arrived there, which was after the store was asked, and
    before anything that follows it was answered: that is what C{since} and C{until} bound. Whether a command still
    finds the key depends on the leader's time when that command arrived, which may be earlier than the instant at which
    it takes effect.
    """

    def __init__(self, clocks: ClockBound) -> None:
        self._clocks = clocks

    def after(self, piece: Piece, state: State) -> tuple[State, ...]:
        """
        What the key may hold after an operation; nothing if the operation cannot have been answered so.
        """
        if piece.ended < state.now:
            return _NOTHING
        match piece.rule:
            case Rule.FIND:
                return self._find(piece, state)
            case Rule.MISS:
                return self._miss(piece, state)
            case Rule.STORE:
                return self._store(piece, state)
            case Rule.SWAP:
                return self._swap(piece, state)
            case Rule.DIFFER:
                return self._differ(piece, state)
            case Rule.TRY:
                return self._swap(piece, state) + self._differ(piece, state) + self._miss(piece, state)
            case Rule.REMOVE:
                return _NOTHING if self._present(piece, state) is None else (_absent(state),)
            case Rule.TOUCH:
                return self._touch(piece, state)
            case Rule.SEE:
                return self._see(piece, state)
            case Rule.CREATE:
                return self._create(piece, state)
            case Rule.TRY_CREATE:
                return self._create(piece, state) + self._see(piece, state)
            case Rule.REPLACE:
                return self._replace(piece, state)
            case Rule.TRY_REPLACE:
                return self._replace(piece, state) + self._miss(piece, state)
            case Rule.CHANGE:
                return self._change(piece, state)
            case Rule.UNFIT:
                return self._unfit(piece, state)
            case Rule.TRY_CHANGE:
                return self._change(piece, state) + self._unfit(piece, state) + self._miss(piece, state)
            case Rule.CUT:
                return tuple(map(_absent, self._had(piece, state)))
            case Rule.CLEAR:
                return _NOTHING if state.value is None else (_absent(state),)
            case Rule.EMPTY:
                return (state,) if state.value is None else (_absent(state),)
            case Rule.HOLD:
                return self._had(piece, state)
            case Rule.LACK:
                return self._differ(piece, state) + self._miss(piece, state)

    def _find(self, piece: Piece, state: State) -> tuple[State, ...]:
        found = self._present(piece, state) if state.value == piece.value else None
        if found is not None and piece.version is not None:
            found = _told(found, piece.version)
        if found is not None and piece.left is not None:
            found = self._leaving(piece, piece.left, found)
        return _NOTHING if found is None else (found,)

    def _miss(self, piece: Piece, state: State) -> tuple[State, ...]:
        if state.value is None:
            return (state,)
        if not state.exptime:
            return _NOTHING
        if self._clocks.isBlind(state.since, piece.ended):
            return (_absent(state),)
        expired = state.since + state.exptime - self._clocks.within(state.exptime)
        if piece.ended < expired:
            return _NOTHING
        return (_absent(state)._replace(now=max(expired, state.now)),)

    def _differ(self, piece: Piece, state: State) -> tuple[State, ...]:
        found = self._present(piece, state)
        if found is None or found.version == piece.expected:
            return _NOTHING
        return (found if found.version is not None else _without(found, piece.expected),)

    def _see(self, piece: Piece, state: State) -> tuple[State, ...]:
        found = self._present(piece, state)
        return _NOTHING if found is None else (found,)

    def _create(self, piece: Piece, state: State) -> tuple[State, ...]:
        return tuple(stored for missed in self._miss(piece, state) for stored in self._store(piece, missed))

    def _replace(self, piece: Piece, state: State) -> tuple[State, ...]:
        return tuple(stored for found in self._see(piece, state) for stored in self._store(piece, found))

    def _change(self, piece: Piece, state: State) -> tuple[State, ...]:
        """
        The key has another value, and expires when it would have.
        """
        return tuple(
            stored._replace(value=after, exptime=found.exptime, since=found.since, until=found.until)
            for found in self._see(piece, state)
            if (after := _made(piece, found)) is not None and piece.value in (UNSEEN, after)
            for stored in self._store(piece, found)
        )

    def _unfit(self, piece: Piece, state: State) -> tuple[State, ...]:
        return tuple(found for found in self._see(piece, state) if _made(piece, found) is None)

    def _had(self, piece: Piece, state: State) -> tuple[State, ...]:
        """
        The key is there and has the version that it had to have, or was told to have.
        """
        found = self._present(piece, state)
        if found is not None:
            found = _told(found, piece.expected)
        return _NOTHING if found is None else (found,)

    def _swap(self, piece: Piece, state: State) -> tuple[State, ...]:
        return tuple(stored for found in self._had(piece, state) for stored in self._store(piece, found))

    def _touch(self, piece: Piece, state: State) -> tuple[State, ...]:
        found = self._present(piece, state)
        if found is None:
            return _NOTHING
        if piece.value not in (UNSEEN, found.value):
            return _NOTHING
        return tuple(after._replace(value=found.value) for after in self._store(piece, found))

    def _store(self, piece: Piece, state: State) -> tuple[State, ...]:
        if not piece.keeps:
            return self._stored(piece, state)
        kept = tuple(
            stored._replace(exptime=found.exptime, since=found.since, until=found.until)
            for found in self._see(piece, state)
            for stored in self._stored(piece, found)
        )
        # A key that is new has nothing to keep.
        return kept + tuple(stored for missed in self._miss(piece, state) for stored in self._stored(piece, missed))

    def _stored(self, piece: Piece, state: State) -> tuple[State, ...]:
        version = piece.version
        if version is not None and version <= state.floor:
            return _NOTHING
        stored = State(piece.value, version, version or state.floor + 1, exptime=piece.exptime, now=state.now)
        if piece.exptime:
            stored = stored._replace(since=piece.invoked, until=piece.ended)
        return (stored,)

    def _present(self, piece: Piece, state: State) -> State | None:
        """
        The key is there, for this operation; C{None} if it cannot be.
        """
        if state.value is None:
            return None
        if not state.exptime or self._clocks.isBlind(state.since, piece.ended):
            return state
        if piece.invoked >= state.until + state.exptime + self._clocks.within(state.exptime):
            return None
        return _stored(state, state.since, piece.ended)

    def _leaving(self, piece: Piece, left: float, state: State) -> State | None:
        """
        The key has so many seconds left, rounded up to the grain of the answer.
        """
        exptime = state.exptime
        if not exptime:
            return None if left else state
        if not 0 < left < exptime + piece.grain:
            return None
        if exptime > _FAR_SECONDS or self._clocks.isBlind(state.since, piece.ended):
            return state
        slack = self._clocks.within(exptime)
        passed = left - exptime  # Exact, however large they are.
        since = passed - piece.grain + piece.invoked - slack
        return _stored(state, since, passed + piece.ended + slack)


def _made(piece: Piece, state: State) -> int | None:
    """
    What an operation makes of the value that the key has; C{None} if that cannot be.
    """
    assert piece.change is not None
    assert state.value is not None
    return piece.change.after(state.value)


def _absent(state: State) -> State:
    return State(None, None, state.floor, now=state.now)


def _told(state: State, version: int) -> State | None:
    """
    The key has this version; C{None} if it cannot be.
    """
    if state.version is not None:
        return state if state.version == version else None
    if version < state.floor or version in state.others:
        return None
    return state._replace(version=version, floor=version, others=frozenset())


def _without(state: State, version: int) -> State:
    """
    The key does not have this version.
    """
    floor, others = state.floor, state.others | {version}
    while floor in others:
        floor += 1
    return state._replace(floor=floor, others=frozenset(other for other in others if other > floor))


def _stored(state: State, since: float, until: float) -> State | None:
    """
    The key was stored between these times, too; C{None} if it cannot be.
    """
    since, until = max(since, state.since), min(until, state.until)
    if since > until:
        return None
    if (since, until) == (state.since, state.until):
        return state
    return state._replace(since=since, until=until, now=max(since, state.now))
