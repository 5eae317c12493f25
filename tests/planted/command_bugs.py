"""
Bugs of what commands do to the state.
"""

from __future__ import annotations

from typing import Final

from replkv.commands.results import NotFound, Result, Touched
from replkv.commands.touch import Touch
from replkv.kv.records import Records
from replkv.times import deadlineOf
from tests.planted.bug import Bug, Patch


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


BUGS: Final = (
    Bug("a touch that keeps the version", "cluster", 60, (Patch(Touch, "carryOut", _touchWithOldVersion),)),
    Bug(
        "a touch that counts from the old expiry",
        "cluster",
        60,
        (Patch(Touch, "carryOut", _touchFromOldExpiry),),
    ),
)
