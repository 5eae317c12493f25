"""
Commands as they stand in the log, in one call.
"""

from __future__ import annotations

from replkv.commands.cas import Cas
from replkv.commands.delete import Delete
from replkv.commands.set import Set
from replkv.commands.touch import Touch


def encodeSet(stamp: int, key: bytes, exptime: int, value: bytes) -> bytes:
    """
    A C{set} in the log.
    """
    return Set(key, exptime, value, False).encode(stamp)


def encodeCas(stamp: int, key: bytes, exptime: int, version: int, value: bytes) -> bytes:
    """
    A C{cas} in the log.
    """
    return Cas(key, exptime, version, value, False).encode(stamp)


def encodeDelete(stamp: int, key: bytes) -> bytes:
    """
    A C{delete} in the log.
    """
    return Delete(key).encode(stamp)


def encodeTouch(stamp: int, key: bytes, exptime: int) -> bytes:
    """
    A C{touch} in the log.
    """
    return Touch(key, exptime).encode(stamp)
