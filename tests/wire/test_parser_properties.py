"""
Properties of the parser that hold for any input.
"""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.cas import Cas
from replkv.commands.command import Command
from replkv.commands.delete import Delete
from replkv.commands.extras import Help, Quit, Stats, Version
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.members import (
    MemberAdd,
    MemberPromote,
    MemberRemove,
    MemberReplace,
    Members,
    MemberUpdate,
)
from replkv.commands.set import Set
from replkv.commands.touch import Touch
from replkv.wire.malformed import Malformed
from tests.wire.parsing import bytewise, parse

MAX_VALUE_BYTES = 64

keys = st.binary(min_size=1, max_size=250).map(lambda raw: bytes(0x21 + byte % 94 for byte in raw))
numbers = st.integers(0, 2**64 - 1)
hosts = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=255)
values = st.binary(max_size=MAX_VALUE_BYTES) | st.sampled_from([b"get x\r\n", b"\r\n", b"\n", b"\r", b"quit\n"])
wellFormed: st.SearchStrategy[Command] = st.one_of(
    st.builds(Get, keys),
    st.builds(Getm, keys),
    st.builds(Delete, keys),
    st.builds(Set, keys, numbers, values, st.booleans()),
    st.builds(Touch, keys, numbers),
    st.builds(Cas, keys, numbers, numbers, values, st.booleans()),
    st.builds(MemberAdd, numbers, hosts, numbers, numbers, st.booleans(), st.booleans()),
    st.builds(MemberUpdate, numbers, hosts, numbers, numbers, st.booleans()),
    st.builds(MemberRemove, numbers, st.booleans()),
    st.builds(MemberReplace, numbers, st.booleans()),
    st.builds(MemberPromote, numbers),
    st.sampled_from([Help(), Stats(), Version(), Quit(), Members()]),
)
lineEnds = st.sampled_from([b"\r\n", b"\n"])

# Pieces of commands: what they are put together to is nearly right.
shreds = st.lists(
    st.sampled_from(
        [b"set", b"cas", b"get", b"k", b" ", b"0", b"1", b"2", b"3", b"70", b"noreply", b"\r", b"\n", b"\r\n", b"x"]
    )
    | st.sampled_from([b"set k 0 3\r\n", b"cas k 0 1 2\n", b"set k x 3\r\n", b"set k 0 70\n", b"abc", b"ab\r\n"])
    | st.binary(max_size=4),
    max_size=40,
).map(b"".join)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """
    Cut C{data} at C{places}.
    """
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(bounds)]


def write(command: Command, end: bytes) -> bytes:
    """
    Write C{command} as a client does.
    """
    match command:
        case Set(key, exptime, value, noreply):
            head = b"set %b %d %d" % (key, exptime, len(value))
        case Cas(key, exptime, version, value, noreply):
            head = b"cas %b %d %d %d" % (key, exptime, version, len(value))
        case Touch(key, exptime):
            return b"touch %b %d" % (key, exptime) + end
        case MemberAdd(server, host, clientPort, logPort, force, spare):
            line = b"memberadd %d %b %d %d" % (server, host.encode(), clientPort, logPort)
            return line + (b" force" if force else b"") + (b" spare" if spare else b"") + end
        case MemberUpdate(server, host, clientPort, logPort, force):
            line = b"memberupdate %d %b %d %d" % (server, host.encode(), clientPort, logPort)
            return line + (b" force" if force else b"") + end
        case MemberRemove(server, force) | MemberReplace(server, force):
            return command.WORD + b" %d" % server + (b" force" if force else b"") + end
        case MemberPromote(server):
            return command.WORD + b" %d" % server + end
        case Get(key) | Getm(key) | Delete(key):
            return type(command).__name__.lower().encode() + b" " + key + end
        case _:
            return type(command).__name__.lower().encode() + end
    return head + (b" noreply" if noreply else b"") + end + value + end


class ParserProperties(SynchronousTestCase):
    """
    Properties of the parser.
    """

    @settings(derandomize=True, deadline=None, max_examples=200)
    @given(st.lists(st.tuples(wellFormed, lineEnds), max_size=8), st.lists(st.integers(0, 4000), max_size=12))
    def test_commandsSurviveAnyCut(self, commands: list[tuple[Command, bytes]], places: list[int]) -> None:
        """
        Commands that are written down and cut anywhere are read as they were.
        """
        data = b"".join(write(command, end) for command, end in commands)
        self.assertEqual(parse(cut(data, places), MAX_VALUE_BYTES), [command for command, _ in commands])

    @settings(derandomize=True, deadline=None, max_examples=400)
    @given(shreds, st.lists(st.integers(0, 400), max_size=8))
    def test_garbageIsCutAlike(self, data: bytes, places: list[int]) -> None:
        """
        Whatever arrives, it raises nothing, and reads the same all at once, byte by byte and cut anywhere.
        """
        expected = parse([data], MAX_VALUE_BYTES)
        self.assertEqual(parse(bytewise(data), MAX_VALUE_BYTES), expected)
        self.assertEqual(parse(cut(data, places), MAX_VALUE_BYTES), expected)

    @settings(derandomize=True, deadline=None, max_examples=300)
    @given(
        st.sampled_from([b"set", b"cas"]),
        st.lists(st.binary(max_size=6).filter(lambda word: not {0x20, 0x0A} & set(word)), max_size=2),
        st.lists(st.just(b"delete victim"), min_size=1, max_size=4),
        lineEnds,
    )
    def test_valueIsNeverRun(self, word: bytes, spoilt: list[bytes], lines: list[bytes], end: bytes) -> None:
        """
        However the words before the length are spoilt, and whatever follows it, the block is not run.
        """
        value = end.join(lines)
        words = [b"k", b"0", b"1"][: 2 if word == b"set" else 3]
        words[: len(spoilt)] = spoilt
        line = b" ".join([word, *words, b"%d" % len(value)])
        commands = parse([line + end + value + end + b"get witness" + end])
        self.assertEqual(len(commands), 2)
        self.assertIsInstance(commands[0], Malformed | Set | Cas)
        self.assertEqual(commands[1], Get(b"witness"))
