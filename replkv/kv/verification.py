"""
Whether a store holds what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from xxhash import xxh3_64_intdigest

from replkv.kv.engine import Engine, EngineError
from replkv.kv.expiry import EXPIRING, entryOf
from replkv.kv.members import Members
from replkv.kv.record import RECORDS, Record, decode, headOf
from replkv.kv.state import MachineState, readState
from replkv.kv.users import UserTable

_STEP: Final = 256
_MODULUS: Final = 2**64


def verify(engine: Engine, onStep: Callable[[], None] = lambda: None) -> MachineState:
    """
    Read all of a store. What is in it may have been damaged on its way from another server, or there; then no state
    machine is to go on from it. This blocks, and may run in a thread of its own as long as nothing is written.

    @param onStep: called now and then; what it raises ends this.
    @return: what the store says of itself, which is so.
    @raise RottenRecord: if a record is not what was written.
    @raise UnknownStore: if the store is of a later format.
    @raise EngineError: if the records together, or the index of those that expire, are not what they have to be; or if
        the engine fails.
    """
    state = readState(engine)
    keys = total = expiring = indexed = 0
    for name, stored in _all(engine, RECORDS, onStep):
        key = name[len(RECORDS) :]
        record = decode(key, stored)
        _, _, recordHash = headOf(stored)
        keys += 1
        total += recordHash
        if record.deadline:
            expiring += xxh3_64_intdigest(b"".join(entryOf(record.deadline, key, recordHash)))
    total += UserTable(engine, {}).hash + Members(engine, {}).hash
    if (keys, total % _MODULUS) != (state.keys, state.hash):
        raise EngineError(
            f"the store has {keys} records with the hash {total % _MODULUS:016x}, and says that it has {state.keys} "
            f"with the hash {state.hash:016x}: it is not what was written"
        )
    for name, value in _all(engine, EXPIRING, onStep):
        indexed += xxh3_64_intdigest(name + value)
    if expiring != indexed:
        raise EngineError(
            "the store's index of the keys that expire does not fit its records: it is not what was written"
        )
    return state


def recordsOf(engine: Engine) -> Iterator[tuple[bytes, Record]]:
    """
    Read all records of a store in the order of their keys.

    @return: each with its key.
    @raise RottenRecord: if one is not what was written.
    @raise EngineError: if the engine fails.
    """
    for name, stored in _all(engine, RECORDS, lambda: None):
        key = name[len(RECORDS) :]
        yield key, decode(key, stored)


def _all(engine: Engine, prefix: bytes, onStep: Callable[[], None]) -> Iterator[tuple[bytes, bytes]]:
    """
    All that is under a prefix, in its order.
    """
    start, stop = prefix, bytes([prefix[0] + 1])
    while found := engine.scan(start, stop, _STEP):
        onStep()
        yield from found
        start = found[-1][0] + b"\0"
