"""
All suites, the fast ones first.
"""

from __future__ import annotations

from typing import Final

from tests.compat.suite import Suite
from tests.compat.suites import (
    djangocache,
    dogpile,
    libmemcached,
    memcacheclient,
    oslocache,
    pylibmc,
    pymemcache,
    settings,
    tooz,
)

SUITES: Final[tuple[Suite, ...]] = (
    libmemcached.CAPABLE,
    libmemcached.SLAP,
    libmemcached.ASLAP,
    pymemcache.SUITE,
    pylibmc.SUITE,
    memcacheclient.SUITE,
    dogpile.SUITE,
    oslocache.SUITE,
    settings.SUITE,
    djangocache.suite("PyMemcacheCache"),
    djangocache.suite("PyLibMCCache"),
    tooz.SUITE,
)
