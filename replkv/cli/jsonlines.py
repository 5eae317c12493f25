"""
Keys as JSON lines, one a line, for people and for other programs.

C{key} and C{value} are text where their bytes are UTF-8; otherwise C{keyBase64} and C{valueBase64} stand in their
place. C{version} is the key's version, C{flags} a client's number of 32 bits, where it is not 0, and C{exptime} the
seconds that it has left, where it expires.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Final, NamedTuple

from replkv.commands.put import MAX_FLAGS
from replkv.kv.record import Record
from replkv.times import FAR_FUTURE

_NAMES: Final = frozenset(["key", "keyBase64", "value", "valueBase64", "version", "flags", "exptime"])


class Item(NamedTuple):
    """
    A key to be stored.

    @ivar flags: a number of 32 bits that is kept with it.
    @ivar exptime: the seconds after which it expires; 0 for never.
    """

    key: bytes
    value: bytes
    flags: int
    exptime: int


def encodeLine(key: bytes, record: Record, time: int) -> bytes:
    """
    Write a key.

    @param time: the cluster's time, in milliseconds.
    @return: the line, with its end.
    """
    fields = {**written("key", key), **written("value", record.value), "version": record.version}
    if record.flags:
        fields["flags"] = record.flags
    if record.deadline:
        fields["exptime"] = -(-(record.deadline - time) // 1000)
    return json.dumps(fields, ensure_ascii=False).encode("utf-8") + b"\n"


def decodeLine(line: bytes) -> Item:
    """
    Read a key. Its version is of no account.

    @raise ValueError: if it is none. The message says what is wrong.
    """
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise ValueError("it is not an object")
    for name in fields:
        if name not in _NAMES:
            raise ValueError(f"there is no field {name!r:.50}, but {', '.join(sorted(_NAMES))}")
    exptime = fields.get("exptime", 0)
    if type(exptime) is not int or not 0 <= exptime <= FAR_FUTURE:
        raise ValueError(f"exptime is a number of seconds, not {exptime!r:.50}")
    flags = fields.get("flags", 0)
    if type(flags) is not int or not 0 <= flags <= MAX_FLAGS:
        raise ValueError(f"flags is a number of 32 bits, not {flags!r:.50}")
    return Item(_read(fields, "key"), _read(fields, "value"), flags, exptime)


def written(name: str, data: bytes) -> dict[str, object]:
    """
    Bytes as a field: text where they are UTF-8.
    """
    try:
        return {name: data.decode("utf-8")}
    except UnicodeDecodeError:
        return {f"{name}Base64": b64encode(data).decode("ascii")}


def _read(fields: dict[str, object], name: str) -> bytes:
    given = [fields[each] for each in (name, f"{name}Base64") if each in fields]
    if len(given) != 1:
        raise ValueError(f"it needs {name} or {name}Base64, and not both")
    [text] = given
    if not isinstance(text, str):
        raise ValueError(f"{name} is text, not {text!r:.50}")
    try:
        return text.encode("utf-8") if name in fields else b64decode(text, validate=True)
    except ValueError as error:
        raise ValueError(f"{name} cannot be read: {error}") from None
