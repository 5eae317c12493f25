r"""
How a line is cut into words, and how a word is written so that it is one.

Spaces and tabs separate words. In a word that begins with neither quote, every character stands for itself: quotes,
backslashes and all. Between single quotes every character stands for itself as well, spaces too. Between double quotes
C{\n}, C{\r}, C{\t}, C{\\}, C{\"} and C{\xHH} stand for one byte each. Bytes are what the line consists of, so that what
is in no encoding passes through.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_BLANKS: Final = re.compile(rb"[ \t]*")
_BARE: Final = re.compile(rb"[^ \t]+")
_SINGLE: Final = re.compile(rb"'([^']*)'", re.DOTALL)
_DOUBLE: Final = re.compile(rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)"', re.DOTALL)
# Bytes that follow each other in hexadecimal are taken at once: a large value may have nothing else.
_ESCAPE: Final = re.compile(rb"((?:\\x[0-9A-Fa-f]{2})+)|\\(.)", re.DOTALL)
_ESCAPES: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"\\": b"\\", b'"': b'"'}
_WRITTEN: Final = {byte[0]: "\\" + name.decode() for name, byte in _ESCAPES.items()}

RULES: Final = (
    "Words are separated by spaces. A word is taken as it is typed, its quotes and backslashes too, unless it begins",
    'with a quote: \'a b\' is what stands between the quotes, and so is "a b", in which \\n \\r \\t \\\\ \\" and \\xHH',
    "are a byte each. A key is 1 to 250 bytes.",
)
"""
The same, for whoever types.
"""


class GrammarError(Exception):
    """
    The line cannot be cut into words; the text says why.
    """


class Word(NamedTuple):
    """
    A word.

    @ivar quoted: whether it was between quotes.
    """

    value: bytes
    quoted: bool


def words(line: bytes) -> list[Word]:
    """
    Cut a line, without its line end, into words.

    @raise GrammarError: if a quote is not closed where it should, or an escape stands for nothing.
    """
    found: list[Word] = []
    position = _end(_BLANKS, line, 0)
    while position < len(line):
        quoted = _quoted(line, position)
        end = _end(_BARE, line, position) if quoted is None else quoted.end()
        value = line[position:end] if quoted is None else quoted[1]
        if quoted is not None and quoted.re is _DOUBLE:
            value = _ESCAPE.sub(_byte, value)
        found.append(Word(value, quoted is not None))
        position = _end(_BLANKS, line, end)
        if position == end < len(line):
            raise GrammarError("a space must follow a closing quote")
    return found


def shown(value: bytes) -> str:
    """
    Bytes for a terminal: as they are where they are text, and between double quotes, as a word that can be typed back,
    where there is anything in them that cannot be seen or would do a terminal harm.
    """
    # What is no UTF-8 becomes surrogates, which are not printable.
    text = value.decode("utf-8", "surrogateescape")
    if all(character.isprintable() or character in "\n\t" for character in text):
        return text
    return f'"{"".join(map(_written, text))}"'


def _quoted(line: bytes, position: int) -> re.Match[bytes] | None:
    form = {b"'": _SINGLE, b'"': _DOUBLE}.get(line[position : position + 1])
    if form is None:
        return None
    match = form.match(line, position)
    if match is None:
        raise GrammarError("a quote is not closed")
    return match


def _end(form: re.Pattern[bytes], line: bytes, position: int) -> int:
    match = form.match(line, position)
    return position if match is None else match.end()


def _byte(escape: re.Match[bytes]) -> bytes:
    hexadecimal, name = escape.groups()
    if hexadecimal:
        return bytes.fromhex(hexadecimal.decode().replace("\\x", ""))
    if name not in _ESCAPES:
        raise GrammarError(f"between double quotes \\{shown(name)} stands for nothing: write \\\\ for a backslash")
    return _ESCAPES[name]


def _written(character: str) -> str:
    code = ord(character)
    if code in _WRITTEN:
        return _WRITTEN[code]
    if character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
