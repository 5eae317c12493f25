"""
The state machine: entries of the log in, results out.

It has no clock and no chance of its own: what it holds is a function of the entries alone, byte for byte, however they
were cut into calls, and whatever crashes and replays lay in between.

In the engine, all under one-byte prefixes: the L{records<replkv.kv.record>}, the L{index of those that
expire<replkv.kv.expiry.ExpiryIndex>}, the L{users<replkv.kv.users.UserTable>}, and the L{state of the machine
itself<replkv.kv.state>}. One call of
L{StateMachine.apply} is one atomic write, so that the engine always says what it is a snapshot of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from replkv.commands.command import LoggedCommand, WriteCommand
from replkv.commands.logged import decode
from replkv.commands.results import Result
from replkv.commands.state import Head
from replkv.kv.engine import Engine
from replkv.kv.expiry import NEVER
from replkv.kv.limits import MACHINE_LIMITS, MachineLimits
from replkv.kv.members import Members
from replkv.kv.record import RECORDS, Record
from replkv.kv.records import Records
from replkv.kv.state import STATE, MachineState, readState
from replkv.kv.users import UserTable
from replkv.raft.entry import Entry
from replkv.versions import VERSIONS


class StateMachine:
    """
    The keys and their records. A record is visible while its deadline is after the clock, and is never seen again after
    that; the purge frees it soon after.

    An L{EngineError} from L{apply} leaves the machine in between: neither it nor the engine may be used any more.

    @ivar engine: where it lives.
    @ivar appliedIndex: the index of the last entry applied.
    @ivar appliedTerm: the term of that entry; 0 if there is none.
    @ivar users: the users, as they are after that entry.
    @ivar members: the members of the cluster; likewise.
    @ivar copied: how many bytes of values the last call of L{apply} has read or written anew.
    @ivar freed: how many records it has taken away.
    """

    def __init__(self, engine: Engine, limits: MachineLimits = MACHINE_LIMITS, version: int = VERSIONS.newest) -> None:
        """
        @param engine: where the machine lives. It goes on from what is there.
        @param limits: how much it does and reads at once; on all servers they free the same number of keys.
        @param version: the newest version of commands that it knows, see L{replkv.versions}.
        @raise EngineError: if what is there is not of this format, or was not left by a state machine.
        """
        self._limits = limits
        self._version = version
        self._goOnFrom(engine)

    def _goOnFrom(self, engine: Engine) -> None:
        state = readState(engine)
        self._records = Records(engine, state, self._limits)
        self.users: UserTable = self._records.users
        self.members: Members = self._records.members
        self.engine = engine
        self.appliedIndex, self.appliedTerm = state.appliedIndex, state.appliedTerm
        self.copied = self.freed = 0

    @property
    def clock(self) -> int:
        """
        The largest stamp applied, in milliseconds.
        """
        return self._records.clock

    @property
    def keys(self) -> int:
        """
        The number of records that are held, those included that have expired and are not yet purged.
        """
        return self._records.count

    @property
    def hash(self) -> int:
        """
        The hash of all records that are held, those of users and of the members included, in 64 bits: the same on every
        server that has applied as much. See L{MachineState<replkv.kv.state.MachineState>}.
        """
        return (self._records.hash + self.users.hash + self.members.hash) % 2**64

    @property
    def nextDeadline(self) -> int | None:
        """
        The earliest deadline of the records that are held, exactly, or C{None}. When the leader's time has reached it,
        the leader proposes a clock entry; and another one, as long as it is not after C{clock}.
        """
        earliest = self._records.expiry.earliest
        return None if earliest == NEVER else earliest

    def latestDue(self, time: int, keys: Collection[bytes] | None = None) -> int:
        """
        Tell the latest deadline of the records that are held which is not after C{time}; 0 if there is none, and
        C{time} itself where there are very many.

        @param keys: those of which it is asked for; C{None} for all.
        """
        return self._records.expiry.latestDue(time, keys)

    def apply(self, entries: Sequence[Entry]) -> list[Result | None]:
        """
        Apply the entries that follow the last one applied: all, or the first of them where they have much to read or
        write, or where a later one is no command.

        @return: what came of each that is applied; C{None} where it was no client's command.
        @raise UnknownCommand: if the first is a command of a later version.
        @raise ValueError: if the entries do not follow, or the first is not a command.
        @raise EngineError: if the engine fails, or holds what this machine cannot have written.
        """
        if not entries:
            return []
        records, expiry, limits = self._records, self._records.expiry, self._limits
        results: list[Result | None] = []
        met = 0  # How many bytes were read ahead: what they were read for is carried out, whatever they are.
        for first in range(0, len(entries), limits.readAhead):
            if records.copied + met >= limits.copiedBytes:
                break
            # No more are decoded than are about to be applied: it would be done again where they are left.
            try:
                ahead = self._decoded(entries[first : first + limits.readAhead], records.index + 1)
            except ValueError:
                if results:
                    break
                raise
            names = [RECORDS + command.key for _, command in ahead if isinstance(command, WriteCommand)]
            met += records.heads.meet(names)
            for stamp, command in ahead:
                if records.copied >= limits.copiedBytes:
                    break
                records.index += 1
                if stamp > records.clock:
                    records.clock = stamp
                results.append(None if command is None else command.carryOut(records, stamp))
                if expiry.earliest <= records.clock:
                    records.purge(limits.purged)

        self.appliedIndex, self.copied, self.freed = records.index, records.copied + met, records.freed
        self.appliedTerm = entries[len(results) - 1].term
        state = MachineState(self.appliedIndex, self.appliedTerm, records.clock, records.count, self.hash)
        records.changes[STATE] = state.encode()
        self.engine.write(records.changes)
        records.settle()
        return results

    def _decoded(self, entries: Sequence[Entry], expected: int) -> list[tuple[int, LoggedCommand | None]]:
        """
        Decode entries.

        @param expected: the index of the first.
        @raise ValueError: as L{apply} does.
        """
        commands = []
        for place, (index, _, data) in enumerate(entries, expected):
            if index != place:
                raise ValueError(f"entry {index} cannot be applied where entry {place} comes next")
            commands.append(decode(data, self._version))
        return commands

    def read(self, key: bytes) -> Record | None:
        """
        Tell what a key holds; C{None} if nothing, or if it has expired.

        @raise replkv.kv.record.RottenRecord: if the record is not what was written.
        @raise EngineError: if the engine fails.
        """
        return self._records.read(key)

    def walk(self, prefix: bytes, after: bytes) -> Iterator[tuple[bytes, Head | None, int, int]]:
        """
        Go through the keys that begin so and come after a key, in their order. Nothing may be applied meanwhile.

        @return: each key, what it has, the size of its value, and the size of its record, in bytes. It has nothing if
            it has expired.
        @raise EngineError: if the engine fails, or one of the records is none.
        """
        return self._records.readAll(prefix, after)

    def flush(self) -> None:
        """
        Make durable what was applied before the call. It may run in a thread of its own, beside all else.
        """
        self.engine.flush()

    def checkpoint(self, path: str) -> None:
        """
        Make a copy of all that was applied before the call, and maybe of some that is applied meanwhile; it says itself
        how much that is. It may run in a thread of its own, as L{flush} may, but not beside it.

        @param path: the folder that it will be, which must not be there yet.
        @raise EngineError: if it cannot be made, or not be brought to the disk.
        """
        self.engine.checkpoint(path)

    def install(self, engine: Engine) -> Engine:
        """
        Go on from what another machine has left in an engine.

        @return: the engine that it had, to be closed when no flush or checkpoint of it is under way any more.
        @raise EngineError: if what is there is not of this format, or was not left by a state machine: then this one is
            as it was.
        """
        before = self.engine
        self._goOnFrom(engine)
        return before

    def close(self) -> None:
        """
        Close the engine. What was not flushed may have to be replayed from the log.
        """
        self.engine.close()
