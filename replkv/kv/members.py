"""
The configuration of the cluster, as the state machine has it: so a snapshot has it too.
"""

from __future__ import annotations

from typing import Final

from replkv.kv.engine import Engine, EngineError
from replkv.kv.record import decode, encode, hashOf, headOf
from replkv.kv.state import STATE, MachineState, readState
from replkv.raft import membership
from replkv.raft.configuration import Configuration

MEMBERS: Final = b"c"
"""
Where it is in the engine, as the L{record<replkv.kv.record>} of a key is.
"""


class Members:
    """
    @ivar configuration: the one that was applied last; C{None} where none ever was, and the cluster still is what it
        began as.
    @ivar hash: that of its record.
    """

    __slots__ = ("_changes", "configuration", "hash")

    def __init__(self, engine: Engine, changes: dict[bytes, bytes | None]) -> None:
        """
        @param changes: what changes is put there, to be written to the engine along with all else.
        @raise replkv.kv.record.RottenRecord: if it is not what was written.
        @raise EngineError: if the engine fails, or holds what this cannot have written.
        """
        self.configuration: Configuration | None = None
        self.hash = 0
        self._changes = changes
        stored = engine.get(MEMBERS)
        if stored is not None:
            self._found(stored)

    def put(self, configuration: Configuration, index: int) -> None:
        """
        Have this one from now on.

        @param index: of its entry.
        """
        data = membership.encode(configuration)
        self.configuration = configuration
        self.hash = hashOf(MEMBERS, index, 0, data)
        self._changes[MEMBERS] = encode((index, 0, self.hash), data)

    def _found(self, stored: bytes) -> None:
        record = decode(MEMBERS, stored)
        try:
            self.configuration = membership.decode(record.value)
        except ValueError as error:
            raise EngineError(f"the store has members that are none: {error}") from None
        _, _, self.hash = headOf(stored)


def forgetMembers(engine: Engine) -> MachineState:
    """
    Take the configuration out of a store, which is in use nowhere and is to begin another cluster.

    @return: the state that it has then.
    @raise EngineError: if the engine fails, or holds what no state machine can have written.
    """
    state = readState(engine)
    left = state._replace(hash=(state.hash - Members(engine, {}).hash) % 2**64)
    engine.write({MEMBERS: None, STATE: left.encode()})
    engine.flush()
    return left
