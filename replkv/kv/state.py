"""
The state machine's own state, by which the store alone says what it is a snapshot of.

It is under C{m} in the engine: the number of the store's format in 32 bits, and then the rest in 64 bits each, all
big-endian. A later format begins it with its number too, and does not have it 24 bytes long: those are the first
format's, which had no number.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from replkv.kv.engine import Engine, EngineError

STATE: Final = b"m"
"""
Where it is.
"""

FORMAT: Final = 2
"""
The number of the format that stores have now.
"""

FIRST_BYTES: Final = 24
"""
How long it was in the first format.
"""

_NUMBER: Final = struct.Struct(">I")
_STATE: Final = struct.Struct(">IQQQQQ")


class UnknownStore(EngineError):
    """
    The store was written by a later version of replkv.
    """

    def __init__(self, version: int) -> None:
        """
        @param version: the number of its format.
        """
        super().__init__(
            f"the store has format {version}, and this version of replkv knows none after {FORMAT}: it was made by a "
            "newer replkv; start that version. Nothing in it was changed"
        )


class EarlierStore(EngineError):
    """
    The store was written by an earlier version of replkv, and is to be converted.
    """


class MachineState(NamedTuple):
    """
    @ivar appliedIndex: the index of the last entry applied.
    @ivar appliedTerm: the term of that entry.
    @ivar clock: the largest stamp applied, in milliseconds.
    @ivar keys: the number of records that are held.
    @ivar hash: the sum of the hashes of all these records, and of those of users and members, modulo 2**64. A sum, and
        not their exclusive or: for that, to add a record and to take it back is the same, so that one which was added
        twice, or not taken back but added again, would not show.
    """

    appliedIndex: int = 0
    appliedTerm: int = 0
    clock: int = 0
    keys: int = 0
    hash: int = 0

    def encode(self) -> bytes:
        """
        Make of it what is stored.
        """
        return _STATE.pack(FORMAT, *self)


def decode(stored: bytes) -> tuple[MachineState, bytes]:
    """
    Make it of what is stored.

    @return: the state, and what is behind it: of a store that is being converted, up to where it is.
    @raise UnknownStore: if the store is of a later format.
    @raise EngineError: if this is no such state.
    """
    if len(stored) >= _NUMBER.size:
        (version,) = _NUMBER.unpack_from(stored)
        if version > FORMAT:
            raise UnknownStore(version)
        if version == FORMAT and len(stored) >= _STATE.size:
            _, *numbers = _STATE.unpack_from(stored)
            return MachineState(*numbers), stored[_STATE.size :]
    raise EngineError(f"the store's own state has {len(stored)} bytes and is none that replkv has written")


def readState(engine: Engine) -> MachineState:
    """
    Tell the state of the machine that lives in an engine; that of a new one if the engine is empty.

    @raise UnknownStore: if the store is of a later format.
    @raise EarlierStore: if it is of an earlier one.
    @raise EngineError: if it was not left by a state machine.
    """
    stored = engine.get(STATE)
    if stored is None:
        if engine.scan(b"", b"\xff", 1):
            raise EngineError("the store has keys, but does not say up to which entry they were applied")
        return MachineState()
    if len(stored) == FIRST_BYTES:
        raise EarlierStore("the store is of the first format, and was not converted")
    state, converted = decode(stored)
    if converted:
        raise EarlierStore("the store is in the middle of a conversion")
    return state
