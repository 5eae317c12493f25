"""
What a load can be made of: the commands that write, and those that read, by their words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from replkv.commands.add import Add
from replkv.commands.command import Command
from replkv.commands.condition import ANY, PRESENT
from replkv.commands.count import Count
from replkv.commands.delete import Delete
from replkv.commands.deleteprefix import DeletePrefix
from replkv.commands.expire import Expire
from replkv.commands.gat import Gat
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.gets import Gets
from replkv.commands.incr import Incr
from replkv.commands.lifetime import FOREVER, Lifetime
from replkv.commands.put import Put
from replkv.commands.replace import Replace
from replkv.commands.scan import Scan
from replkv.commands.set import Set
from replkv.commands.steps import If, StepPut
from replkv.commands.touch import Touch
from replkv.commands.txn import Txn

_HOUR: Final = 3600
_HOUR_LONG: Final = Lifetime(_HOUR * 1000)
_FLAGS: Final = 7
_PAGE: Final = 10

Write = Callable[[bytes, bytes], Command]
"""
Makes a command of a key and a value.
"""

Read = Callable[[bytes], Command]
"""
Makes a command of a key.
"""

WRITES: Final[Mapping[str, Write]] = {
    "set": lambda key, value: Set(key, 0, value, False),
    "put": lambda key, value: Put(key, _FLAGS, _HOUR_LONG, ANY, value, False),
    "add": lambda key, value: Add(key, 0, value, False),
    "replace": lambda key, value: Replace(key, 0, value, False),
    "incr": lambda key, value: Incr(key, 1),
    "touch": lambda key, value: Touch(key, _HOUR),
    "expire": lambda key, value: Expire(key, _HOUR_LONG),
    "gat": lambda key, value: Gat(key, _HOUR_LONG),
    "delete": lambda key, value: Delete(key),
    "deletep": lambda key, value: DeletePrefix(key, 0),
    "txn": lambda key, value: Txn((If(key, PRESENT), StepPut(key, 0, FOREVER, value))),
}
"""
Those that write. All but C{set}, C{put} and C{add} are about keys that are there; C{incr} is about numbers.
"""

READS: Final[Mapping[str, Read]] = {
    "get": Get,
    "getm": Getm,
    "gets": lambda key: Gets((key,)),
    "scan": lambda key: Scan(b"", _PAGE, key),
    "count": Count,
}
"""
Those that read: of C{scan}, the next ten keys.
"""
