"""
limits, on which Flask-Limiter and others stand: how often somebody may do something.
"""

from __future__ import annotations

from typing import Any, Final

SETTINGS: Final = """
from limits.storage import storage_from_string

storage = storage_from_string("memcached://127.0.0.1:11211")
"""


def limitsInFixedWindows(settings: dict[str, Any]) -> None:
    """
    Five in an hour are five, for each of two users.
    """
    from limits import parse
    from limits.strategies import FixedWindowRateLimiter

    assert settings["storage"].check()
    limiter = FixedWindowRateLimiter(settings["storage"])
    five = parse("5/hour")
    assert [limiter.hit(five, "ann") for _ in range(7)] == [True] * 5 + [False] * 2
    assert limiter.hit(five, "bob")
    limiter.clear(five, "ann")
    assert limiter.hit(five, "ann")


def limitsInSlidingWindows(settings: dict[str, Any]) -> None:
    """
    The same with windows that slide.
    """
    from limits import parse
    from limits.strategies import SlidingWindowCounterRateLimiter

    limiter = SlidingWindowCounterRateLimiter(settings["storage"])
    three = parse("3/hour")
    assert [limiter.hit(three, "cyd") for _ in range(4)] == [True, True, True, False]


CHECKS: Final = (limitsInFixedWindows, limitsInSlidingWindows)
