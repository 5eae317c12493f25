"""
An AMP argument for bytes of any length.
"""

from __future__ import annotations

from typing import Any, Final

from twisted.protocols import amp

PART_BYTES: Final = amp.MAX_VALUE_LENGTH
"""
What fits into one value of an AMP box.
"""

MAX_BYTES: Final = 16 * 1024 * 1024
"""
What an argument may have in all: more than the largest entry, and a bound to what a peer can make this server hold.
"""


MAX_PARTS: Final = -(-MAX_BYTES // PART_BYTES)
"""
How many parts it has then.
"""


class LargeBytes(amp.Argument):
    """
    Bytes that may be longer than a value of an AMP box: they are spread over as many values as it takes.

    The argument's own key has the total length in decimal; the parts have that key, a dot, and their number from 0.
    All parts but the last are full.
    """

    def toBox(self, name: bytes, strings: Any, objects: dict[str, Any], proto: Any) -> None:
        """
        Spread the object over the box.

        @raise amp.TooLong: if it is longer than L{MAX_BYTES}.
        """
        strings.update(spread(name, objects.pop(nativeName(name))))

    def fromBox(self, name: bytes, strings: Any, objects: dict[str, Any], proto: Any) -> None:
        """
        Take the object out of the box again.

        @raise ValueError: if the length is none, or not that of the parts.
        """
        objects[nativeName(name)] = gather(name, strings)


def spread(name: bytes, value: bytes) -> list[tuple[bytes, bytes]]:
    """
    The keys and values that a box has for a L{LargeBytes}.

    @raise amp.TooLong: if it is longer than L{MAX_BYTES}.
    """
    size = len(value)
    if size > MAX_BYTES:
        raise amp.TooLong(False, True, value[:64], name)
    strings = [(name, b"%d" % size)]
    for number, start in enumerate(range(0, size, PART_BYTES)):
        strings.append((b"%b.%d" % (name, number), value[start : start + PART_BYTES]))
    return strings


def gather(name: bytes, strings: dict[bytes, bytes]) -> bytes:
    """
    Take a L{LargeBytes} out of a box.

    @raise KeyError: if there is none.
    @raise ValueError: if its length is none, or not that of the parts.
    """
    stated = strings.pop(name)
    if not stated.isdigit() or len(stated) > 8 or int(stated) > MAX_BYTES:
        raise ValueError(f"{name!r} states a length of {stated[:32]!r}")
    total = int(stated)
    count = -(-total // PART_BYTES)
    try:
        parts = [strings.pop(b"%b.%d" % (name, number)) for number in range(count)]
    except KeyError as missing:
        raise ValueError(f"a part of {name!r} is missing: {missing}") from None
    value = parts[0] if count == 1 else b"".join(parts)
    if len(value) != total or b"%b.%d" % (name, count) in strings:
        raise ValueError(f"{name!r} has other parts than the {total} bytes that it states")
    return value


def nativeName(name: bytes) -> str:
    """
    The name under which AMP gives an argument to a responder.
    """
    return name.decode("ascii")
