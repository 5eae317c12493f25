"""
dogpile.cache: a region, and its lock, which all processes share.
"""

from __future__ import annotations

from typing import Any, Final

SETTINGS: Final = """
from dogpile.cache import make_region

arguments = {"url": "127.0.0.1:11211", "distributed_lock": True, "lock_timeout": 30}
region = make_region().configure("dogpile.cache.pymemcache", expiration_time=300, arguments=arguments)
"""


def caches(settings: dict[str, Any]) -> None:
    """
    What was made once is found again, until it is deleted.
    """
    region = settings["region"]
    made: list[int] = []

    def make() -> str:
        made.append(1)
        return f"value {len(made)}"

    assert region.get_or_create("key", make) == "value 1"
    assert region.get_or_create("key", make) == "value 1"
    region.set_multi({"a": 1, "b": [2]})
    assert region.get_multi(["a", "b"]) == [1, [2]]
    region.delete("key")
    assert region.get_or_create("key", make) == "value 2"


def locks(settings: dict[str, Any]) -> None:
    """
    Who has the lock keeps another one out.
    """
    backend = settings["region"].backend
    mine, other = backend.get_mutex("locked"), backend.get_mutex("locked")
    assert mine.acquire(wait=False)
    assert not other.acquire(wait=False)
    mine.release()
    assert other.acquire(wait=False)
    other.release()


CHECKS: Final = (caches, locks)
