"""
Bugs of what commands do to the state, and of the state itself.
"""

from __future__ import annotations

from typing import Final, cast
from weakref import WeakKeyDictionary

from replkv.commands.add import Add
from replkv.commands.append import Append
from replkv.commands.arithmetic import LIMIT, ArithmeticCommand, numberOf
from replkv.commands.cad import Cad
from replkv.commands.condition import Need
from replkv.commands.decr import Decr
from replkv.commands.gat import Gat
from replkv.commands.gets import Gets
from replkv.commands.lifetime import Lifetime
from replkv.commands.put import Put
from replkv.commands.replace import Replace
from replkv.commands.results import Counted, Deleted, Item, Items, NotFound, NotNumber, Result, Stored, Touched
from replkv.commands.state import State, View
from replkv.commands.touch import Touch
from replkv.kv import record, records
from replkv.kv.engine import Engine
from replkv.kv.expiry import ExpiryIndex
from replkv.kv.heads import Heads
from replkv.kv.machine import StateMachine
from replkv.kv.record import HEAD_BYTES, Record, hashOf, headOf
from replkv.kv.records import Records
from replkv.kv.view import View as MachineView
from replkv.times import deadlineOf
from tests.planted.bug import Bug, Patch

_add = ExpiryIndex.add
_delete = Records.delete
_install = StateMachine.install
_keep = Heads.keep
_purge = Records.purge
_deadline = Lifetime.deadline
_store = Records.store
_tell = Gets.tell
_before: Final[WeakKeyDictionary[StateMachine, dict[bytes, Item]]] = WeakKeyDictionary()


def _touchWithOldVersion(touch: Touch, records: Records, stamp: int) -> Result:
    found = records.find(touch.key)
    if found is None:
        return NotFound()
    index, records.index = records.index, found.version
    records.store(touch.key, deadlineOf(stamp, touch.exptime), *records.contentOf(touch.key))
    records.index = index
    return Touched()


def _touchFromOldExpiry(touch: Touch, records: Records, stamp: int) -> Result:
    """
    What was to expire already is to expire so many seconds after that.
    """
    found = records.find(touch.key)
    if found is None:
        return NotFound()
    start = found.deadline or stamp
    records.store(touch.key, deadlineOf(start, touch.exptime), *records.contentOf(touch.key))
    return Touched()


def _addAndForgetWhatIsGone(index: ExpiryIndex, deadline: int, key: bytes, recordHash: int) -> None:
    """
    Where the front is cut, it knows what it had there, and not what it had taken out.
    """
    horizon = index._horizon
    _add(index, deadline, key, recordHash)
    index._beyond = {entry: value for entry, value in index._beyond.items() if value is not None or entry >= horizon}


def _deleteUnhashed(records: Records, key: bytes) -> None:
    before = records.hash
    _delete(records, key)
    records.hash = before


def _hashWithoutDeadline(key: bytes, version: int, deadline: int, value: bytes) -> int:
    return hashOf(key, version, 0, value)


def _purgeUnhashed(records: Records, limit: int) -> None:
    before = records.hash
    _purge(records, limit)
    records.hash = before


def _decodeUnchecked(key: bytes, stored: bytes) -> Record:
    version, deadline, _ = headOf(stored)
    return Record(version, deadline, stored[HEAD_BYTES:])


def _installBesideHeads(machine: StateMachine, engine: Engine) -> Engine:
    heads = machine._records.heads
    before = _install(machine, engine)
    heads._engine = engine
    machine._records.heads = heads
    return before


def _keepWhatIsGone(heads: Heads, name: bytes, head: bytes | None) -> None:
    if head is not None or all(name not in part for part in heads._parts):
        _keep(heads, name, head)


def _addAnyway(add: Add, state: State, stamp: int) -> Result:
    return Stored(state.store(add.key, deadlineOf(stamp, add.exptime), add.value))


def _replaceAnyway(replace: Replace, state: State, stamp: int) -> Result:
    return Stored(state.store(replace.key, deadlineOf(stamp, replace.exptime), replace.value))


def _cadAnyVersion(cad: Cad, state: State, stamp: int) -> Result:
    if state.find(cad.key) is None:
        return NotFound()
    state.delete(cad.key)
    return Deleted()


def _countForEver(command: ArithmeticCommand, state: State, stamp: int) -> Result:
    if state.find(command.key) is None:
        return NotFound()
    number = numberOf(state.contentOf(command.key).value)
    if number is None:
        return NotNumber()
    counted = command.counted(number)
    return Counted(state.store(command.key, 0, b"%d" % counted), counted)


def _gatOnly(gat: Gat, state: State, stamp: int) -> Result:
    found = state.find(gat.key)
    if found is None:
        return NotFound()
    value, flags = state.contentOf(gat.key)
    version = state.store(gat.key, found.deadline, value, flags)
    return Items((Item(gat.key, flags, version, max(0, found.deadline - stamp), value),))


def _putAnyway(put: Put, state: State, stamp: int) -> Result:
    found = state.find(put.key)
    refusal = None if put.condition.need is Need.ABSENT else put.condition.whyNot(found)
    deadline = put.lifetime.deadline(stamp, 0 if found is None else found.deadline)
    return Stored(state.store(put.key, deadline, put.value, put.flags)) if refusal is None else refusal


def _keepForEver(lifetime: Lifetime, stamp: int, before: int) -> int:
    return 0 if lifetime.isKept else _deadline(lifetime, stamp, before)


def _storeUnflagged(records: Records, key: bytes, deadline: int, value: bytes, flags: int = 0) -> int:
    """
    What a key had stays, but for its flags.
    """
    return _store(records, key, deadline, value, 0 if records.find(key) is not None else flags)


def _tellOneByOne(gets: Gets, view: View) -> Result:
    """
    Of several keys, the last ones are told from what the store was when they were asked for last.
    """
    result = _tell(gets, view)
    if not isinstance(result, Items) or len(gets.keys) == 1:
        return result
    now = {item.key: item for item in result.items}
    before = _before.get(cast(MachineView, view)._machine, {})
    _before[cast(MachineView, view)._machine] = now
    told = [before.get(key, now.get(key)) for key in gets.keys[1:]]
    return Items((*[now[key] for key in gets.keys[:1] if key in now], *[item for item in told if item is not None]))


BUGS: Final = (
    Bug("a put that overwrites", "cluster", 60, (Patch(Put, "carryOut", _putAnyway),)),
    Bug("an expiry that is lost where it is to be kept", "cluster", 200, (Patch(Lifetime, "deadline", _keepForEver),)),
    Bug("flags lost where a key is written over", "cluster", 20, (Patch(Records, "store", _storeUnflagged),)),
    Bug("keys that are not told of one instant", "cluster", 100, (Patch(Gets, "tell", _tellOneByOne),)),
    Bug("a gat that keeps the old expiry", "cluster", 200, (Patch(Gat, "carryOut", _gatOnly),)),
    Bug("an add that overwrites", "cluster", 20, (Patch(Add, "carryOut", _addAnyway),)),
    Bug("a replace that creates", "cluster", 20, (Patch(Replace, "carryOut", _replaceAnyway),)),
    Bug("a cad that looks at no version", "cluster", 60, (Patch(Cad, "carryOut", _cadAnyVersion),)),
    Bug("a number that expires no more", "cluster", 300, (Patch(ArithmeticCommand, "carryOut", _countForEver),)),
    Bug("a decr that wraps", "cluster", 100, (Patch(Decr, "counted", lambda decr, it: (it - decr.delta) % LIMIT),)),
    Bug(
        "an append that prepends",
        "cluster",
        100,
        (Patch(Append, "extended", lambda append, value: append.value + value),),
    ),
    Bug("a touch that keeps the version", "cluster", 60, (Patch(Touch, "carryOut", _touchWithOldVersion),)),
    Bug(
        "a touch that counts from the old expiry",
        "cluster",
        60,
        (Patch(Touch, "carryOut", _touchFromOldExpiry),),
    ),
    Bug(
        "an expiry that was taken back comes back",
        "cluster",
        300,
        (Patch(ExpiryIndex, "add", _addAndForgetWhatIsGone),),
    ),
    Bug("a state hash that skips deletes", "cluster", 20, (Patch(Records, "delete", _deleteUnhashed),)),
    Bug(
        "a state hash without the deadlines",
        "cluster",
        20,
        (
            Patch(record, "hashOf", _hashWithoutDeadline),
            Patch(records, "hashOf", _hashWithoutDeadline),
        ),
    ),
    Bug("a purge that leaves the state hash alone", "cluster", 20, (Patch(Records, "purge", _purgeUnhashed),)),
    Bug("heads kept over an install", "cluster", 200, (Patch(StateMachine, "install", _installBesideHeads),)),
    Bug("a head that outlives its record", "cluster", 20, (Patch(Heads, "keep", _keepWhatIsGone),)),
    Bug("a checksum that nobody looks at", "cluster", 200, (Patch(records, "decode", _decodeUnchecked),)),
)
