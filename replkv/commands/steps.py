"""
What a transaction is made of: comparisons and operations, each about one key.

In the log, a step is its number and the length of its key in 8 bits each, the key, and then what is its own.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar, Final

from replkv.commands.command import KeyCommand
from replkv.commands.condition import Condition, Need
from replkv.commands.layout import MAX_KEY_LENGTH
from replkv.commands.lifetime import Lifetime
from replkv.commands.results import Deleted, Item, Items, NotFound, Result, Stored
from replkv.commands.state import KeyState
from replkv.users.rights import Right

_HEAD: Final = struct.Struct(">BB")
_CONDITION: Final = struct.Struct(">BQ")
_LENGTH: Final = struct.Struct(">I")
_PUT: Final = struct.Struct(">IQI")


class Step(KeyCommand):
    """
    One line of a transaction. It is written as a command is, and is none by itself.

    @cvar NUMBER: its number in the log.
    """

    __slots__ = ()

    NUMBER: ClassVar[int]

    @property
    def valueBytes(self) -> int:
        """
        How many bytes its value has; 0 if it carries none.
        """
        return 0

    def encode(self) -> bytes:
        """
        Make of it what stands in the log.

        @raise ValueError: if the key is such as no command may have.
        """
        if not 0 < len(self.key) <= MAX_KEY_LENGTH:
            raise ValueError(f"a key has 1 to {MAX_KEY_LENGTH} bytes, not {len(self.key)}")
        return _HEAD.pack(self.NUMBER, len(self.key)) + self.key + self.encodeRest()

    def encodeRest(self) -> bytes:
        """
        Encode what is its own.
        """
        return b""

    @classmethod
    def decodeRest(cls, key: bytes, reader: Reader) -> Step:
        """
        Make it of what is its own.

        @raise ValueError: if that is nothing that a step can have.
        """
        return cls(key)


class Comparison(Step):
    """
    Something that has to be so before anything is done.
    """

    __slots__ = ()

    RIGHT: ClassVar[Right] = Right.READ

    def holds(self, state: KeyState) -> bool:
        """
        Whether it is so.
        """
        raise NotImplementedError


class Operation(Step):
    """
    Something that is done.
    """

    __slots__ = ()

    def carryOut(self, state: KeyState, stamp: int) -> Result:
        """
        Do it: see L{LoggedCommand.carryOut<replkv.commands.command.LoggedCommand.carryOut>}.
        """
        raise NotImplementedError


@dataclass(slots=True)
class If(Comparison):
    """
    The key is there, or is not, or has a version.

    @ivar expected: what it has to be like; not L{Need.ANY}, which would compare nothing.
    """

    WORD: ClassVar[bytes] = b"if"
    NUMBER: ClassVar[int] = 1

    expected: Condition

    def encodeRest(self) -> bytes:
        """
        See L{Step.encodeRest}.
        """
        return _CONDITION.pack(*self.expected)

    @classmethod
    def decodeRest(cls, key: bytes, reader: Reader) -> If:
        """
        See L{Step.decodeRest}.
        """
        need, version = reader.numbers(_CONDITION)
        expected = Condition(Need(need), version)
        if expected.need is Need.ANY or (version and expected.need is not Need.VERSION):
            raise ValueError(f"nothing is compared by a need {need} of version {version}")
        return cls(key, expected)

    def holds(self, state: KeyState) -> bool:
        """
        See L{Comparison.holds}.
        """
        return self.expected.whyNot(state.find(self.key)) is None


@dataclass(slots=True)
class IfValue(Comparison):
    """
    The key holds a value.

    @ivar value: exactly this one.
    """

    WORD: ClassVar[bytes] = b"ifvalue"
    NUMBER: ClassVar[int] = 2

    value: bytes

    @property
    def valueBytes(self) -> int:
        """
        See L{Step.valueBytes}.
        """
        return len(self.value)

    def encodeRest(self) -> bytes:
        """
        See L{Step.encodeRest}.
        """
        return _LENGTH.pack(len(self.value)) + self.value

    @classmethod
    def decodeRest(cls, key: bytes, reader: Reader) -> IfValue:
        """
        See L{Step.decodeRest}.
        """
        (length,) = reader.numbers(_LENGTH)
        return cls(key, reader.take(length))

    def holds(self, state: KeyState) -> bool:
        """
        See L{Comparison.holds}.
        """
        return state.find(self.key) is not None and state.contentOf(self.key).value == self.value


@dataclass(slots=True)
class StepPut(Operation):
    """
    Store a value.

    @ivar flags: see L{Put<replkv.commands.put.Put>}.
    @ivar lifetime: likewise.
    """

    WORD: ClassVar[bytes] = b"put"
    NUMBER: ClassVar[int] = 3
    RIGHT: ClassVar[Right] = Right.WRITE

    flags: int
    lifetime: Lifetime
    value: bytes

    @property
    def valueBytes(self) -> int:
        """
        See L{Step.valueBytes}.
        """
        return len(self.value)

    def encodeRest(self) -> bytes:
        """
        See L{Step.encodeRest}.
        """
        return _PUT.pack(self.flags, self.lifetime.encode(), len(self.value)) + self.value

    @classmethod
    def decodeRest(cls, key: bytes, reader: Reader) -> StepPut:
        """
        See L{Step.decodeRest}.
        """
        flags, lifetime, length = reader.numbers(_PUT)
        return cls(key, flags, Lifetime.decode(lifetime), reader.take(length))

    def carryOut(self, state: KeyState, stamp: int) -> Result:
        """
        See L{Operation.carryOut}.
        """
        found = state.find(self.key)
        deadline = self.lifetime.deadline(stamp, 0 if found is None else found.deadline)
        return Stored(state.store(self.key, deadline, self.value, self.flags))


@dataclass(slots=True)
class StepDelete(Operation):
    """
    Remove a key.
    """

    WORD: ClassVar[bytes] = b"delete"
    NUMBER: ClassVar[int] = 4
    RIGHT: ClassVar[Right] = Right.WRITE

    def carryOut(self, state: KeyState, stamp: int) -> Result:
        """
        See L{Operation.carryOut}.
        """
        if state.find(self.key) is None:
            return NotFound()
        state.delete(self.key)
        return Deleted()


@dataclass(slots=True)
class StepGet(Operation):
    """
    Tell what a key holds.
    """

    WORD: ClassVar[bytes] = b"get"
    NUMBER: ClassVar[int] = 5
    RIGHT: ClassVar[Right] = Right.READ

    def carryOut(self, state: KeyState, stamp: int) -> Result:
        """
        See L{Operation.carryOut}.
        """
        found = state.find(self.key)
        if found is None:
            return NotFound()
        value, flags = state.contentOf(self.key)
        return Items((Item(self.key, flags, found.version, max(0, found.deadline - stamp), value),))


STEPS: Final[tuple[type[Step], ...]] = (If, IfValue, StepPut, StepDelete, StepGet)
"""
All that there are.
"""

_BY_NUMBER: Final = {kind.NUMBER: kind for kind in STEPS}


class Reader:
    """
    Reads steps, one after the other.
    """

    __slots__ = ("_data", "_place")

    def __init__(self, data: bytes, place: int) -> None:
        """
        @param place: where the first of them begins.
        """
        self._data = data
        self._place = place

    @property
    def isAtEnd(self) -> bool:
        """
        Whether there is nothing more.
        """
        return self._place == len(self._data)

    def step(self) -> Step:
        """
        Read the next step.

        @raise ValueError: if what comes is none.
        """
        number, keyLength = self.numbers(_HEAD)
        kind = _BY_NUMBER.get(number)
        if kind is None or not 0 < keyLength <= MAX_KEY_LENGTH:
            raise ValueError(f"a transaction has no step {number} with a key of {keyLength} bytes")
        return kind.decodeRest(self.take(keyLength), self)

    def numbers(self, layout: struct.Struct) -> tuple[int, ...]:
        """
        Read what comes next as numbers.

        @raise ValueError: if the end comes before theirs.
        """
        return layout.unpack(self.take(layout.size))

    def take(self, length: int) -> bytes:
        """
        Take the next bytes.

        @raise ValueError: if there are not so many.
        """
        end = self._place + length
        if end > len(self._data):
            raise ValueError("a transaction ends within one of its steps")
        taken = self._data[self._place : end]
        self._place = end
        return taken
