"""
The operations on one key, as the pieces that the search is to put in order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, NamedTuple

from replkv.commands.add import Add
from replkv.commands.append import Append
from replkv.commands.cad import Cad
from replkv.commands.cas import Cas
from replkv.commands.command import KeyCommand, StoreCommand
from replkv.commands.condition import Need
from replkv.commands.decr import Decr
from replkv.commands.delete import Delete
from replkv.commands.expire import Expire
from replkv.commands.gat import Gat
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.incr import Incr
from replkv.commands.prepend import Prepend
from replkv.commands.put import Put
from replkv.commands.replace import Replace
from replkv.commands.set import Set
from replkv.commands.touch import Touch
from replkv.testing.history import Operation, Status, Told
from replkv.testing.linear.report import describe
from replkv.testing.linear.values import Change, UpdateCommand, Values
from replkv.testing.outcome import Violation

UNSEEN: Final = 0
"""
The number of all values that no read has found: which of them a key has makes no difference.
"""


class Rule(Enum):
    """
    What an operation needs, and what it does.

    @cvar FIND: a read found the key.
    @cvar MISS: the key was not there.
    @cvar DIFFER: the key had another version.
    @cvar STORE: the key was stored, whatever it was.
    @cvar SWAP: the key was stored, since it had the version.
    @cvar TRY: C{SWAP}, C{DIFFER} or C{MISS}; it is not known which.
    @cvar REMOVE: the key was there, and is no more.
    @cvar CLEAR: the key was there or not, and is no more. Where it was not, this was no use.
    @cvar EMPTY: the key is no more, whether it was there or not.
    @cvar HOLD: the key had the version.
    @cvar LACK: the key had another version, or was not there.
    @cvar TOUCH: the key was there, and has another expiry and version.
    @cvar SEE: the key was there.
    @cvar CREATE: the key was stored, since it was not there.
    @cvar TRY_CREATE: C{CREATE} or C{SEE}.
    @cvar REPLACE: the key was stored, since it was there.
    @cvar TRY_REPLACE: C{REPLACE} or C{MISS}.
    @cvar CUT: the key had the version, and is no more.
    @cvar CHANGE: the key was there, and has what was made of its value.
    @cvar UNFIT: the key was there, and nothing could be made of its value.
    @cvar TRY_CHANGE: C{CHANGE}, C{UNFIT} or C{MISS}.
    """

    FIND = auto()
    MISS = auto()
    DIFFER = auto()
    STORE = auto()
    SWAP = auto()
    TRY = auto()
    REMOVE = auto()
    CLEAR = auto()
    EMPTY = auto()
    HOLD = auto()
    LACK = auto()
    TOUCH = auto()
    SEE = auto()
    CREATE = auto()
    TRY_CREATE = auto()
    REPLACE = auto()
    TRY_REPLACE = auto()
    CUT = auto()
    CHANGE = auto()
    UNFIT = auto()
    TRY_CHANGE = auto()


READS: Final = (Rule.FIND, Rule.MISS, Rule.DIFFER, Rule.SEE, Rule.UNFIT, Rule.HOLD, Rule.LACK)
"""
The rules of what changes nothing.
"""

CREATORS: Final = (Rule.STORE, Rule.CREATE, Rule.TRY_CREATE)
"""
The rules of what brings a key that is not there, or may.
"""

CHANGES: Final = (Rule.CHANGE, Rule.TRY_CHANGE)
"""
The rules of what makes another value of the one that there is, or may.
"""

GIVERS: Final = (*CREATORS, *CHANGES, Rule.SWAP, Rule.TRY, Rule.TOUCH, Rule.REPLACE, Rule.TRY_REPLACE)
"""
The rules of what gives a version to the key, or may.
"""

NEEDY: Final = (Rule.SWAP, Rule.TOUCH, Rule.CREATE, Rule.REPLACE, Rule.CUT, Rule.CHANGE)
"""
The rules of what changes the key if it is as is needed, and nothing otherwise.
"""

_ANSWERED: Final = {
    (Set, Told.STORED): Rule.STORE,
    (Set, Told.CARRIED_OUT): Rule.STORE,
    (Cas, Told.STORED): Rule.SWAP,
    (Cas, Told.WRONG_VERSION): Rule.DIFFER,
    (Cas, Told.NOT_FOUND): Rule.MISS,
    (Cas, Told.CARRIED_OUT): Rule.TRY,
    (Cas, Told.HELD): Rule.HOLD,
    (Cas, Told.NOT_HELD): Rule.LACK,
    (Add, Told.STORED): Rule.CREATE,
    (Add, Told.EXISTS): Rule.SEE,
    (Add, Told.CARRIED_OUT): Rule.TRY_CREATE,
    (Add, Told.HELD): Rule.MISS,
    (Add, Told.NOT_HELD): Rule.SEE,
    (Replace, Told.STORED): Rule.REPLACE,
    (Replace, Told.NOT_FOUND): Rule.MISS,
    (Replace, Told.CARRIED_OUT): Rule.TRY_REPLACE,
    (Replace, Told.HELD): Rule.SEE,
    (Replace, Told.NOT_HELD): Rule.MISS,
    (Append, Told.STORED): Rule.CHANGE,
    (Append, Told.TOO_LARGE): Rule.UNFIT,
    (Append, Told.NOT_FOUND): Rule.MISS,
    (Append, Told.CARRIED_OUT): Rule.TRY_CHANGE,
    (Prepend, Told.STORED): Rule.CHANGE,
    (Prepend, Told.TOO_LARGE): Rule.UNFIT,
    (Prepend, Told.NOT_FOUND): Rule.MISS,
    (Prepend, Told.CARRIED_OUT): Rule.TRY_CHANGE,
    (Incr, Told.COUNTED): Rule.CHANGE,
    (Incr, Told.NO_NUMBER): Rule.UNFIT,
    (Incr, Told.NOT_FOUND): Rule.MISS,
    (Decr, Told.COUNTED): Rule.CHANGE,
    (Decr, Told.NO_NUMBER): Rule.UNFIT,
    (Decr, Told.NOT_FOUND): Rule.MISS,
    (Cad, Told.DELETED): Rule.CUT,
    (Cad, Told.WRONG_VERSION): Rule.DIFFER,
    (Cad, Told.NOT_FOUND): Rule.MISS,
    (Cad, Told.HELD): Rule.HOLD,
    (Cad, Told.NOT_HELD): Rule.LACK,
    (Delete, Told.DELETED): Rule.REMOVE,
    (Delete, Told.NOT_FOUND): Rule.MISS,
    (Delete, Told.CLEARED): Rule.EMPTY,
    (Touch, Told.TOUCHED): Rule.TOUCH,
    (Expire, Told.TOUCHED): Rule.TOUCH,
    (Expire, Told.NOT_FOUND): Rule.MISS,
    (Gat, Told.FOUND): Rule.TOUCH,
    (Gat, Told.NOT_FOUND): Rule.MISS,
    (Touch, Told.NOT_FOUND): Rule.MISS,
    (Get, Told.FOUND): Rule.FIND,
    (Get, Told.NOT_FOUND): Rule.MISS,
    (Getm, Told.FOUND): Rule.FIND,
    (Getm, Told.NOT_FOUND): Rule.MISS,
    (Getm, Told.LISTED): Rule.HOLD,
}
_UNANSWERED: Final[dict[type[KeyCommand], Rule]] = {
    Set: Rule.STORE,
    Cas: Rule.SWAP,
    Add: Rule.CREATE,
    Replace: Rule.REPLACE,
    Append: Rule.CHANGE,
    Prepend: Rule.CHANGE,
    Incr: Rule.CHANGE,
    Decr: Rule.CHANGE,
    Cad: Rule.CUT,
    Delete: Rule.CLEAR,
    Touch: Rule.TOUCH,
    Expire: Rule.TOUCH,
    Gat: Rule.TOUCH,
}
_NEEDING: Final[dict[Need, type[KeyCommand]]] = {
    Need.ANY: Set,
    Need.ABSENT: Add,
    Need.PRESENT: Replace,
    Need.VERSION: Cas,
}
"""
What a C{put} with such a condition is.
"""


@dataclass(slots=True, eq=False)
class Piece:
    """
    An operation that took effect, or may have.

    @ivar index: its place among the pieces of its key, which are in the order in which they were asked.
    @ivar invoked: it took effect at this time at the earliest.
    @ivar ended: and at this one at the latest.
    @ivar certain: whether it did take effect.
    @ivar value: the number of the value that it stored or found.
    @ivar version: the version that it gave to the key, or found; C{None} if that is not known.
    @ivar exptime: of what it stored or touched, in seconds; 0 is for ever.
    @ivar keeps: whether the key expires when it would have.
    @ivar expected: the version that the key had to have.
    @ivar left: the seconds that were left, if it was told.
    @ivar grain: to so many seconds that was rounded up.
    @ivar change: what it makes of the value that the key has, if it does that.
    @ivar source: of a read, what stored the value that it found, if only one piece can have.
    """

    index: int
    operation: Operation
    rule: Rule
    invoked: float
    ended: float
    certain: bool
    value: int = UNSEEN
    version: int | None = None
    exptime: float = 0
    keeps: bool = False
    expected: int = 0
    left: float | None = None
    grain: float = 1.0
    change: Change | None = None
    source: Piece | None = None


class Bounded(NamedTuple):
    """
    An operation.

    @ivar ended: the time by which it took effect, if it did.
    """

    operation: Operation
    ended: float


def piecesOf(operations: Iterable[Bounded]) -> list[Piece]:
    """
    The pieces of one key.

    @param operations: in the order of their numbers.
    @raise Violation: if what was answered can be of no store whatever.
    """
    pieces: list[Piece] = []
    for operation, ended in sorted(operations, key=lambda bounded: bounded.operation.invoked):
        rule = _ruleOf(operation)
        if rule is not None:
            certain = operation.status is Status.OK
            pieces.append(_piece(Piece(len(pieces), operation, rule, operation.invoked, ended, certain)))
    _trace(pieces)
    return pieces


def _ruleOf(operation: Operation) -> Rule | None:
    """
    The rule of an operation; C{None} if it did nothing, or nothing is known of what it did.
    """
    kind = _kindOf(operation.command)
    if operation.status is Status.UNKNOWN:
        return _UNANSWERED.get(kind)
    if operation.answer is None:
        return None
    rule = _ANSWERED.get((kind, operation.answer.told))
    if rule is None:
        raise Violation(f"the answer is none to the command:\n{describe(operation)}")
    return rule


def _kindOf(command: KeyCommand) -> type[KeyCommand]:
    """
    The kind of command that a command is, in other words perhaps.
    """
    return _NEEDING[command.condition.need] if isinstance(command, Put) else type(command)


def _piece(piece: Piece) -> Piece:
    """
    Fill in what the command and the answer say.
    """
    command, answer = piece.operation.command, piece.operation.answer
    if isinstance(command, StoreCommand | Touch):
        piece.exptime = command.exptime
    if isinstance(command, Put | Expire):
        milliseconds, piece.keeps = command.lifetime
        piece.exptime = (milliseconds or 0) / 1000
    if isinstance(command, Cas | Cad):
        piece.expected = command.version
    if isinstance(command, Put):
        piece.expected = command.condition.version
    if answer is not None:
        piece.version, piece.left, piece.grain = answer.version, answer.left, answer.grain
        if answer.told is Told.LISTED and answer.version is not None:
            piece.expected = answer.version
    return piece


def _trace(pieces: Sequence[Piece]) -> None:
    """
    Number the values that were found, and trace them to what stored them.
    """
    if any(isinstance(piece.operation.command, UpdateCommand) for piece in pieces):
        _number(pieces)
        return
    writers: defaultdict[bytes, list[Piece]] = defaultdict(list)
    for piece in pieces:
        if isinstance(piece.operation.command, StoreCommand | Put) and piece.rule not in READS:
            writers[piece.operation.command.value].append(piece)
    readers: defaultdict[bytes, list[Piece]] = defaultdict(list)
    for piece in pieces:
        answer = piece.operation.answer
        if piece.rule in (Rule.FIND, Rule.TOUCH) and answer is not None and answer.value is not None:
            readers[answer.value].append(piece)
    keepsVersion = not any(piece.rule is Rule.TOUCH for piece in pieces)
    for number, (value, found) in enumerate(readers.items(), 1):
        if not writers[value]:
            raise Violation(f"nothing can have stored what was found:\n{describe(found[0].operation)}")
        for piece in [*writers[value], *found]:
            piece.value = number
        if len(writers[value]) == 1:
            _match(writers[value][0], found, keepsVersion)


def _number(pieces: Sequence[Piece]) -> None:
    """
    Number all values of a key whose values are made of each other: each that was found may come from anywhere.
    """
    values = Values()
    for piece in pieces:
        command, answer = piece.operation.command, piece.operation.answer
        if isinstance(command, UpdateCommand):
            piece.change = Change(values, command)
        elif isinstance(command, StoreCommand | Put):
            piece.value = values.number(command.value)
        if answer is not None and answer.value is not None:
            piece.value = values.number(answer.value)


def _match(source: Piece, readers: Sequence[Piece], keepsVersion: bool) -> None:
    """
    All C{readers} found what C{source} stored. So it was carried out, and what one of them knows of the version is
    true for all, unless something may have given the value another version since.
    """
    source.certain = True
    for reader in readers:
        reader.source = source
    if not keepsVersion:
        return
    for reader in readers:
        if source.version is None:
            source.version = reader.version
        elif reader.version not in (None, source.version):
            lines = "\n".join(describe(piece.operation) for piece in [source, *readers])
            raise Violation(f"one value has two versions:\n{lines}")
    for reader in readers:
        reader.version = source.version
