"""
Bugs of what commands do to the state, and of the state itself.
"""

from __future__ import annotations

from typing import Final

from replkv.commands.results import NotFound, Result, Touched
from replkv.commands.touch import Touch
from replkv.kv.expiry import ExpiryIndex
from replkv.kv.records import Records
from replkv.times import deadlineOf
from tests.planted.bug import Bug, Patch

_add = ExpiryIndex.add


def _touchWithOldVersion(touch: Touch, records: Records, stamp: int) -> Result:
    found = records.find(touch.key)
    if found is None:
        return NotFound()
    index, records.index = records.index, found.version
    records.store(touch.key, deadlineOf(stamp, touch.exptime), records.valueOf(touch.key))
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
    records.store(touch.key, deadlineOf(start, touch.exptime), records.valueOf(touch.key))
    return Touched()


def _addAndForgetWhatIsGone(index: ExpiryIndex, deadline: int, key: bytes) -> None:
    """
    Where the front is cut, it knows what it had there, and not what it had taken out.
    """
    horizon = index._horizon
    _add(index, deadline, key)
    index._beyond = {entry: isThere for entry, isThere in index._beyond.items() if isThere or entry >= horizon}


BUGS: Final = (
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
)
