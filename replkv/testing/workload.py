"""
What simulated clients ask.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from replkv.commands.append import Append
from replkv.commands.cas import Cas
from replkv.commands.command import KeyCommand
from replkv.commands.decr import Decr
from replkv.commands.getm import Getm
from replkv.commands.incr import Incr
from replkv.commands.prepend import Prepend
from replkv.testing.history import Answer, Told

MOST_CHANGES: Final = 5
"""
How many changes of values one client makes: of those of which nobody knows what came, any may have been made, in any
order, and the judge has to try that.
"""


def race(key: bytes, answer: Answer, value: Callable[[], bytes]) -> list[KeyCommand]:
    """
    Write at once over what was just read, before anybody else does; and read again if somebody else was faster.

    @param answer: what was answered to a command about the key.
    @param value: makes a value that no other command has.
    @return: what to ask: one command, or none.
    """
    if answer.told is Told.FOUND and answer.version is not None:
        return [Cas(key, 0, answer.version, value(), False)]
    return [Getm(key)] if answer.told is Told.WRONG_VERSION else []


def change(key: bytes, random: Random, noreply: float, most: int) -> KeyCommand:
    """
    Make another value of the one that a key has.

    @param noreply: how often no reply is wanted, where that can be.
    @param most: how long values may be.
    """
    delta = random.choice([1, 7, 100, 2**64 - 1])
    piece = random.choice([b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"x"])
    isSilent = random.random() < noreply
    return random.choice(
        [
            Incr(key, delta),
            Decr(key, delta),
            Append(key, piece, isSilent, most=most),
            Prepend(key, piece, isSilent, most=most),
        ]
    )
