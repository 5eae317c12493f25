"""
Bugs of commands about several keys.
"""

from __future__ import annotations

from typing import Final

from replkv.commands.deleteprefix import DeletePrefix
from replkv.commands.results import Keys, Result
from replkv.commands.scan import Scan
from replkv.commands.state import State, View
from replkv.commands.steps import Comparison, Operation
from replkv.commands.txn import Txn
from replkv.kv import memory
from replkv.kv.record import RECORDS, decode, encode, hashOf
from replkv.kv.state import readState
from replkv.node import snapshotfetcher
from replkv.testing.cluster import machine
from tests.planted.bug import Bug, Patch

_carryOut = Txn.carryOut
_delete = DeletePrefix.carryOut
_read = memory.read
_tell = Scan.tell


def _writeFirst(txn: Txn, state: State, stamp: int) -> Result:
    """
    The first of its operations is carried out before anything is compared.
    """
    state.meet([step.key for step in txn.steps])
    for step in txn.steps:
        if isinstance(step, Operation):
            step.carryOut(state, stamp)
            break
    return _carryOut(txn, state, stamp)


def _compareLast(txn: Txn, state: State, stamp: int) -> Result:
    """
    Of its comparisons, the last one counts.
    """
    compared = [step for step in txn.steps if isinstance(step, Comparison)]
    return _carryOut(Txn(tuple(step for step in txn.steps if step not in compared[:-1])), state, stamp)


def _tellWithGap(scan: Scan, view: View) -> Result:
    """
    A page that is not the first begins one key too late.
    """
    result = _tell(scan, view)
    return Keys(result.keys[1:], result.after) if isinstance(result, Keys) and scan.after else result


def _leaveFirst(command: DeletePrefix, state: State, stamp: int) -> Result:
    """
    The first key stays.
    """
    first = next((key for key, _, _ in state.walk(command.prefix, command.after)), command.after)
    return _delete(DeletePrefix(command.prefix, command.below, first), state, stamp)


def _readUnflagged(checkpoint: bytes) -> dict[bytes, bytes]:
    """
    What comes from another server has no flags, and looks as if it had never had any.
    """
    return {
        name: _unflagged(name[len(RECORDS) :], stored) if name.startswith(RECORDS) else stored
        for name, stored in _read(checkpoint).items()
    }


def _unflagged(key: bytes, stored: bytes) -> bytes:
    version, deadline, value, _ = decode(key, stored)
    return encode((version, deadline, hashOf(key, version, deadline, value)), value)


BUGS: Final = (
    Bug("a transaction that writes before it has compared", "cluster", 60, (Patch(Txn, "carryOut", _writeFirst),)),
    Bug("a transaction that goes by its last comparison", "cluster", 100, (Patch(Txn, "carryOut", _compareLast),)),
    Bug("a scan that misses the first key of a page", "cluster", 60, (Patch(Scan, "tell", _tellWithGap),)),
    Bug("a removal that leaves the first key", "cluster", 100, (Patch(DeletePrefix, "carryOut", _leaveFirst),)),
    Bug(
        "flags that a snapshot does not have",
        "cluster",
        300,
        (Patch(machine, "read", _readUnflagged), Patch(snapshotfetcher, "verify", readState)),
    ),
)
