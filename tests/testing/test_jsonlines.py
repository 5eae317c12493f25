"""
Tests for histories as JSON lines.
"""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.cas import Cas
from replkv.commands.command import KeyCommand
from replkv.commands.delete import Delete
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.set import Set
from replkv.commands.touch import Touch
from replkv.testing.history import Answer, History, Operation, Told
from replkv.testing.jsonlines import jsonLines, readJsonLines

MISSING = object()

blocks = st.binary(max_size=8) | st.sampled_from([b"v1", b"\xff\x00", b"\x7f", b" ~", b'"\\'])
numbers = st.integers(0, 2**64 - 1)
commands: st.SearchStrategy[KeyCommand] = st.one_of(
    st.builds(Get, blocks),
    st.builds(Getm, blocks),
    st.builds(Delete, blocks),
    st.builds(Set, blocks, numbers, blocks, st.booleans()),
    st.builds(Touch, blocks, numbers),
    st.builds(Cas, blocks, numbers, numbers, blocks, st.booleans()),
)
times = st.floats(0, 1e9)


def fields(operation: Operation) -> tuple[object, ...]:
    """
    All that an operation has.
    """
    return tuple(getattr(operation, name) for name in Operation.__slots__)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """
    Histories of any operations with any ends.
    """
    history = History()
    now = 0.0
    for _ in range(draw(st.integers(0, 12))):
        now += draw(times)
        waiting = list(history.open())
        if not waiting or draw(st.booleans()):
            history.invoke(draw(commands), now, draw(st.none() | numbers))
            continue
        operation = draw(st.sampled_from(waiting))
        how = draw(st.sampled_from(["answered", "failed", "lost"]))
        if how == "lost":
            history.lost(operation, now)
        elif how == "failed":
            history.failed(operation, now)
        else:
            value = draw(st.none() | blocks) if isinstance(operation.command, Get | Getm) else None
            left, version = draw(st.none() | numbers), draw(st.none() | numbers)
            history.answered(operation, Answer(draw(st.sampled_from(Told)), version, value, left), now)
    return history


class JsonLinesTests(SynchronousTestCase):
    """
    Tests for L{jsonLines} and L{readJsonLines}.
    """

    def example(self) -> History:
        """
        A short history of all kinds of ends.
        """
        history = History()
        stored = history.invoke(Set(b"k", 5, b"v1", False), 1.0, 3)
        swapped = history.invoke(Cas(b"k", 0, 8, b"\xff", True), 1.5)
        history.answered(stored, Answer(Told.STORED, 9), 2.0)
        found = history.invoke(Getm(b"k"), 2.5, 3)
        history.lost(swapped, 3.0)
        history.answered(found, Answer(Told.FOUND, 9, b"v1", 4), 3.5)
        history.failed(history.invoke(Delete(b"k"), 4.0), 4.5)
        history.invoke(Get(b"k"), 5.0)
        return history

    def test_lines(self) -> None:
        """
        One event is one line, with what other checkers read: process, type, f, key, value and time.
        """
        lines = [json.loads(line) for line in jsonLines(self.example())]
        names = ("process", "type", "f", "key", "value", "time")
        self.assertEqual(
            [tuple(line[name] for name in names) for line in lines],
            [
                (0, "invoke", "set", "k", "v1", 1.0),
                (1, "invoke", "cas", "k", {"hex": "ff"}, 1.5),
                (0, "ok", "set", "k", "v1", 2.0),
                (0, "invoke", "getm", "k", None, 2.5),
                (1, "info", "cas", "k", {"hex": "ff"}, 3.0),
                (0, "ok", "getm", "k", "v1", 3.5),
                (0, "invoke", "delete", "k", None, 4.0),
                (0, "fail", "delete", "k", None, 4.5),
                (0, "invoke", "get", "k", None, 5.0),
            ],
        )
        self.assertNotIn("\n", "".join(jsonLines(self.example())))

    def test_bytes(self) -> None:
        """
        A value is text if all of it is printable ASCII.
        """
        history = History()
        for value in (b" ~", b"", b"\x7f", b"a\n", b"\x80"):
            history.invoke(Set(b"k", 0, value, False), 1.0)
        values = [json.loads(line)["value"] for line in jsonLines(history)]
        self.assertEqual(values, [" ~", "", {"hex": "7f"}, {"hex": "610a"}, {"hex": "80"}])

    @settings(derandomize=True, deadline=None, max_examples=200)
    @given(histories())
    def test_backAndForth(self, history: History) -> None:
        """
        What was written is read without loss: operations, events, and what each process is doing.
        """
        lines = list(jsonLines(history))
        again = readJsonLines(lines)
        self.assertEqual([fields(one) for one in again.operations], [fields(one) for one in history.operations])
        events = [[(kind, time, one.number) for kind, time, one in each.events] for each in (again, history)]
        self.assertEqual(*events)
        self.assertEqual([one.number for one in again.open()], [one.number for one in history.open()])
        self.assertEqual(list(jsonLines(again)), lines)
        process = again.invoke(Get(b"k"), 1e12).process
        busy = {one.process for one in history.operations if one.ended > 1e12}
        self.assertNotIn(process, busy)

    def test_part(self) -> None:
        """
        The lines of some of the operations can be read on their own.
        """
        lines = [line for line in jsonLines(self.example()) if '"getm"' in line or '"delete"' in line]
        history = readJsonLines(lines)
        self.assertEqual([operation.number for operation in history.operations], [2, 3])

    def test_malformed(self) -> None:
        """
        A line that is none is refused, and the message names it and what is wrong.
        """
        line = json.loads(next(jsonLines(self.example())))
        changes: list[tuple[dict[str, object], str]] = [
            ({"type": "began"}, "there is no type 'began'"),
            ({"type": 1}, "type is no text: 1"),
            ({"type": MISSING}, "type is missing"),
            ({"f": "appendix"}, "there is no f 'appendix'"),
            ({"key": 3}, 'key is neither ASCII text nor {"hex": "..."}: 3'),
            ({"key": {"hex": "f"}}, "key is neither ASCII text nor {\"hex\": \"...\"}: {'hex': 'f'}"),
            ({"value": "\u00e4"}, 'value is neither ASCII text nor {"hex": "..."}: \'\u00e4\''),
            ({"value": None}, 'value is neither ASCII text nor {"hex": "..."}: None'),
            ({"time": "1"}, "time is no number of seconds: '1'"),
            ({"time": float("nan")}, "time is no number of seconds: nan"),
            ({"process": -1}, "process is no number from 0 up: -1"),
            ({"process": True}, "process is no number from 0 up: True"),
            ({"exptime": 0.5}, "exptime is no number from 0 up: 0.5"),
            ({"noreply": None}, "noreply is neither true nor false: None"),
            ({"connection": MISSING}, "connection is missing"),
            ({"type": "ok"}, "process 0 has not begun operation 0"),
        ]
        for change, reason in changes:
            changed = {name: value for name, value in (line | change).items() if value is not MISSING}
            error = self.assertRaises(ValueError, readJsonLines, [json.dumps(changed)])
            self.assertEqual(str(error), f"line 1: {reason}")
        for text, reason in (("", "no JSON: "), ("{", "no JSON: "), ("[]", "a line is an object")):
            error = self.assertRaises(ValueError, readJsonLines, [text])
            self.assertTrue(str(error).startswith(f"line 1: {reason}"), str(error))

    def test_contradictory(self) -> None:
        """
        So are lines which do not go together.
        """
        invoked, _, answered, second, *_ = jsonLines(self.example())
        early = json.dumps(json.loads(answered) | {"time": 0.5})
        other = json.dumps(json.loads(answered) | {"number": 1})
        untold = json.dumps(json.loads(answered) | {"told": "perhaps"})
        cases = [
            ([invoked, invoked], "line 2: operation 0 comes after operation 0"),
            ([invoked, second], "line 2: process 0 has not ended what it did before"),
            ([invoked, early], "line 2: operation 0 ends before it begins"),
            ([invoked, other], "line 2: process 0 has not begun operation 1"),
            ([invoked, untold], "line 2: there is no told 'perhaps'"),
            ([invoked, answered, answered], "line 3: process 0 has not begun operation 0"),
        ]
        for lines, reason in cases:
            self.assertEqual(str(self.assertRaises(ValueError, readJsonLines, lines)), reason)

    def test_lostProcess(self) -> None:
        """
        A process whose outcome is unknown does nothing else.
        """
        history = History()
        history.lost(history.invoke(Get(b"k"), 0.0), 1.0)
        lines = list(jsonLines(history))
        again = json.dumps(json.loads(lines[0]) | {"number": 1})
        error = self.assertRaises(ValueError, readJsonLines, [*lines, again])
        self.assertEqual(str(error), "line 3: process 0 has not ended what it did before")
