"""
Tooz: locks and groups.
"""

from __future__ import annotations

from typing import Any, Final

SETTINGS: Final = """
from tooz import coordination

coordinator = coordination.get_coordinator("memcached://127.0.0.1:11211", b"host-1")
"""


def locks(settings: dict[str, Any]) -> None:
    """
    Who has the lock keeps another member out, and the members of a group see each other.
    """
    mine = settings["coordinator"]
    other = settings["coordination"].get_coordinator("memcached://{}:{}".format(*mine.host), b"host-2")
    mine.start()
    other.start()
    lock, same = mine.get_lock(b"work"), other.get_lock(b"work")
    assert lock.acquire()
    assert not same.acquire(blocking=False)
    assert lock.release()
    assert same.acquire(blocking=False)
    assert same.release()
    mine.create_group(b"workers").get()
    for member in (mine, other):
        member.join_group(b"workers").get()
    assert mine.get_members(b"workers").get() == {b"host-1", b"host-2"}
    other.leave_group(b"workers").get()
    other.stop()
    assert mine.get_members(b"workers").get() == {b"host-1"}
    mine.stop()


CHECKS: Final = (locks,)
