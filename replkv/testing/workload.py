"""
What simulated clients ask.
"""

from __future__ import annotations

from collections.abc import Callable

from replkv.commands.cas import Cas
from replkv.commands.command import KeyCommand
from replkv.commands.getm import Getm
from replkv.testing.history import Answer, Told


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
