"""
The lines of the meta commands, without their value blocks: what each of them asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from replkv.commands.append import Append
from replkv.commands.cad import Cad
from replkv.commands.command import Command
from replkv.commands.condition import ABSENT, ANY, PRESENT, Condition, Need
from replkv.commands.decr import Decr
from replkv.commands.delete import Delete
from replkv.commands.gat import Gat
from replkv.commands.gets import Gets
from replkv.commands.incr import Incr
from replkv.commands.lifetime import FOREVER
from replkv.commands.prepend import Prepend
from replkv.commands.put import Put
from replkv.wire.memcached.ask import Ask, Told
from replkv.wire.memcached.flags import FlagError, Flags
from replkv.wire.memcached.lines import Reader, told, tooLarge
from replkv.wire.memcached.metaasks import (
    COMPARE_CODES,
    DELETE_CODES,
    SET_CODES,
    CompareAndExtend,
    ExtendOrAdd,
    MetaDebug,
    MetaGet,
    MetaPlain,
)
from replkv.wire.memcached.metacount import Arithmetic
from replkv.wire.memcached.words import BAD_FORMAT, ERROR, MOST_BYTES, UINT32, UINT64, Terms, unsigned

META_NUMBYTES_PLACE: Final = 2
"""
Which word of C{ms}, from 0, says how many bytes the value has.
"""

_MODES: Final[Mapping[bytes, bytes]] = {
    mode: letter for letter in (b"S", b"E", b"A", b"P", b"R") for mode in (letter, letter.lower())
}
"""
The modes of C{ms}, which may be in lower case.
"""


def _checked(read: Callable[[Sequence[bytes], Terms], Command]) -> Reader:
    """
    Have what is wrong with the flags told to the client.
    """

    def reader(words: Sequence[bytes], terms: Terms) -> Command:
        if len(words) < 2:
            return told(ERROR)
        try:
            return read(words, terms)
        except FlagError as error:
            return Told(False, error.reply)

    return reader


def _get(words: Sequence[bytes], terms: Terms) -> Command:
    flags = Flags(words[1], words[2:], b"bcCfkOqstvT", unsupported=b"hlENR")
    lives, unless = flags.lifetime("T", terms), flags.number("C", UINT64)
    if lives is not None and unless is not None:
        raise FlagError(b"CLIENT_ERROR flags C and T are not supported together\r\n")
    return MetaGet(Gets((flags.key,)) if lives is None else Gat(flags.key, lives), flags, unless)


def _set(words: Sequence[bytes], terms: Terms) -> Command:
    size = unsigned(words[2], MOST_BYTES) if len(words) > 2 else None
    if size is None:
        raise FlagError(BAD_FORMAT)
    flags = Flags(words[1], words[3:], b"bcCFkOqsTMN", unsupported=b"EI")
    mode = _MODES.get(flags.tokens.get(ord("M"), b"S"))
    if mode is None:
        raise FlagError(b"CLIENT_ERROR invalid mode for ms M token\r\n")
    stored, version = flags.number("F", UINT32) or 0, flags.number("C", UINT64)
    lives, begins = flags.lifetime("T", terms) or FOREVER, flags.lifetime("N", terms)
    if size > terms.maxValueBytes:
        return tooLarge(flags.key, mode == b"S" and version is None, isQuiet=False)
    if mode in (b"A", b"P"):
        if flags.has("s"):
            raise FlagError(b"CLIENT_ERROR flag s is not supported in this mode\r\n")
        extends = (Append if mode == b"A" else Prepend)(flags.key, b"", False, most=terms.maxValueBytes)
        if version is not None:
            return CompareAndExtend(extends, version, flags)
        return MetaPlain(extends, flags, SET_CODES) if begins is None else ExtendOrAdd(extends, flags, begins)
    if version is not None and mode != b"E":
        put = Put(flags.key, stored, lives, Condition(Need.VERSION, version), b"", False)
        return MetaPlain(put, flags, COMPARE_CODES)
    condition = {b"S": ANY, b"E": ABSENT, b"R": PRESENT}[mode]
    return MetaPlain(Put(flags.key, stored, lives, condition, b"", False), flags, SET_CODES)


def _delete(words: Sequence[bytes], terms: Terms) -> Command:
    flags = Flags(words[1], words[2:], b"bCkOq", unsupported=b"EITx")
    version = flags.number("C", UINT64)
    return MetaPlain(Delete(flags.key) if version is None else Cad(flags.key, version), flags, DELETE_CODES)


def _count(words: Sequence[bytes], terms: Terms) -> Command:
    flags = Flags(words[1], words[2:], b"bCNJDTMOqtcvk", unsupported=b"E")
    mode = flags.tokens.get(ord("M"), b"I")
    if mode not in (b"I", b"i", b"+", b"D", b"d", b"-"):
        raise FlagError(b"CLIENT_ERROR invalid mode for ma M token\r\n")
    delta, initial = flags.number("D", UINT64), flags.number("J", UINT64)
    counts = (Incr if mode in b"Ii+" else Decr)(flags.key, 1 if delta is None else delta)
    version, lives, begins = flags.number("C", UINT64), flags.lifetime("T", terms), flags.lifetime("N", terms)
    return Arithmetic(flags, counts, version, lives, begins, initial or 0).first()


def _debug(words: Sequence[bytes], terms: Terms) -> Ask:
    return MetaDebug(Flags(words[1], words[2:], b"b", unsupported=b""), words[1])


readMetaSet: Final = _checked(_set)
"""
The line that a value block follows.
"""

META: Final[Mapping[bytes, Reader]] = {
    b"mg": _checked(_get),
    b"md": _checked(_delete),
    b"ma": _checked(_count),
    b"me": _checked(_debug),
    b"mn": lambda words, terms: told(b"MN\r\n"),
}
"""
The other ones.
"""
