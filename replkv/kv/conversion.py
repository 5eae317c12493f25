"""
The conversion of stores that earlier versions have left.

The first format had no hashes: a record was its version, its deadline and the value, an entry of the index of expiring
keys had no value, and the machine's own state was the applied index, the clock and the number of keys.

Records are converted where they are, in their order, a bounded number at a time. Each time is one atomic write, in
which the machine's state says, behind what it says in the end, up to which record the conversion has come. So whatever
a crash leaves of it, the next one goes on from there; and from the first write on, a version that does not know this
format refuses the store.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from replkv.kv.engine import Engine, EngineError
from replkv.kv.expiry import entryOf
from replkv.kv.limits import MachineLimits
from replkv.kv.record import RECORDS, encode, hashOf
from replkv.kv.state import FIRST_BYTES, STATE, MachineState, decode

_AFTER_RECORDS: Final = b"l"
_FIRST_STATE: Final = struct.Struct(">QQQ")
_FIRST_HEAD: Final = struct.Struct(">QQ")


def convert(engine: Engine, termOf: Callable[[int], int], limits: MachineLimits) -> int:
    """
    Bring a store to the format that stores have now, or go on with that. One that has it already is left alone.

    @param termOf: tells the term of the last entry applied, by its index: no store of the first format knows it.
    @return: how many records were converted.
    @raise replkv.kv.state.UnknownStore: if it is of a later format.
    @raise EngineError: if the engine fails, or what is there was not left by a state machine.
    """
    stored = engine.get(STATE)
    if stored is None:
        return 0
    if len(stored) == FIRST_BYTES:
        index, clock, keys = _FIRST_STATE.unpack(stored)
        state, last = MachineState(index, termOf(index), clock, keys), RECORDS
    else:
        state, last = decode(stored)
    count = 0
    while last:
        found = engine.scan(last + b"\0", _AFTER_RECORDS, limits.readAhead)
        changes: dict[bytes, bytes | None] = {}
        added = sum([_convertOne(name, record, changes) for name, record in found])
        state = state._replace(hash=(state.hash + added) % 2**64)
        last = found[-1][0] if len(found) == limits.readAhead else b""
        changes[STATE] = state.encode() + last
        engine.write(changes)
        count += len(found)
    return count


def _convertOne(name: bytes, stored: bytes, changes: dict[bytes, bytes | None]) -> int:
    """
    @return: the hash of the record.
    """
    if len(stored) < _FIRST_HEAD.size:
        raise EngineError(f"the store has a record of {len(stored)} bytes; none has less than {_FIRST_HEAD.size}")
    key, value = name[len(RECORDS) :], stored[_FIRST_HEAD.size :]
    version, deadline = _FIRST_HEAD.unpack_from(stored)
    added = hashOf(key, version, deadline, value)
    changes[name] = encode((version, deadline, added), value)
    if deadline:
        changes.update([entryOf(deadline, key, added)])
    return added
