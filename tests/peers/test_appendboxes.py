"""
Tests for the boxes of AppendEntries that are made by hand: they are what AMP makes of an C{amp.Command}.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.protocols import amp
from twisted.trial.unittest import SynchronousTestCase

from replkv.peers.appendboxes import decodeReply, decodeRequest, encodeReply, encodeRequest, isRequest
from replkv.peers.argument import MAX_BYTES
from replkv.peers.boxes import BoxCutter
from replkv.peers.receiver import Timed
from replkv.raft.entry import Batch, Entry
from replkv.raft.messages import AppendEntries, AppendEntriesReply
from replkv.raft.validity import GREATEST, Impossible, check
from replkv.times import FAR_FUTURE
from tests.peers.ampappend import AppendEntriesCommand, argumentsOf, responseOf
from tests.peers.peer import FULL, HEARD, HEARTBEAT

TAG = b"1f"
NOBODY = cast(amp.AMP, None)
NUMBERS = st.integers(0, GREATEST)
TIMES = st.integers(0, FAR_FUTURE)


def append(*data: bytes) -> Timed:
    """
    A request with entries that have C{data}.
    """
    batch = Batch([Entry(8 + number, 3, each) for number, each in enumerate(data)])
    assert isinstance(HEARTBEAT.message, AppendEntries)
    return HEARTBEAT._replace(message=HEARTBEAT.message._replace(batch=batch))


REQUESTS = st.builds(
    lambda term, previous, commit, readRound, data, time: Timed(
        AppendEntries(
            term=term,
            prevLogIndex=previous,
            prevLogTerm=min(term, previous),
            leaderCommit=commit,
            readRound=readRound,
            batch=Batch([Entry(previous + 1 + number, term, each) for number, each in enumerate(data)]),
        ),
        time,
    ),
    st.integers(1, GREATEST),
    st.integers(0, GREATEST - 10),
    NUMBERS,
    NUMBERS,
    st.lists(st.binary(max_size=50), max_size=5),
    TIMES,
)

REPLIES = st.builds(
    lambda message, time, isFull: Timed(message, time, isFull),
    st.builds(
        AppendEntriesReply,
        term=NUMBERS,
        success=st.booleans(),
        matchIndex=NUMBERS,
        prevLogIndex=NUMBERS,
        conflictIndex=NUMBERS,
        conflictTerm=NUMBERS,
        readRound=NUMBERS,
        lostIndex=st.just(0) | NUMBERS,
    ),
    TIMES,
    st.booleans(),
)

# What no number is, or is beyond its bounds.
WORDS = st.sampled_from(
    [b"", b"-1", b"+1", b" 1", b"1_0", b"0x1", b"\xd9\xa1", b"9" * 30, b"%d" % (GREATEST + 1), b"0", b"True", b"true"]
)


def requestBytes(request: Timed) -> bytes:
    """
    A request as it is made by hand.
    """
    message, time, _ = request
    assert isinstance(message, AppendEntries)
    return encodeRequest(TAG, message, time)


def replyBytes(reply: Timed) -> bytes:
    """
    An answer as it is made by hand.
    """
    assert isinstance(reply.message, AppendEntriesReply)
    return encodeReply(TAG, reply.message, reply.time, reply.isFull)


def askBox(request: Timed) -> amp.AmpBox:
    """
    The box that AMP makes of a request.
    """
    box: amp.AmpBox = AppendEntriesCommand.makeArguments(argumentsOf(request), NOBODY)
    box[amp.ASK], box[amp.COMMAND] = TAG, b"AppendEntries"
    return box


def answerBox(reply: Timed) -> amp.AmpBox:
    """
    The box that AMP makes of an answer.
    """
    box: amp.AmpBox = AppendEntriesCommand.makeResponse(responseOf(reply), NOBODY)
    box[amp.ANSWER] = TAG
    return box


def cut(data: bytes) -> dict[bytes, bytes]:
    """
    The one box that bytes are.
    """
    cutter = BoxCutter()
    cutter.add(data)
    box = cutter.cut(2**30, 2**30)
    assert box is not None
    return box


def outcome(make: Callable[[], Timed]) -> Timed | type[Exception]:
    """
    What comes of a box.
    """
    try:
        return make()
    except (ValueError, KeyError, TypeError) as error:
        return type(error)


def requestByAMP(box: dict[bytes, bytes]) -> Timed:
    """
    Read a request as a server does that leaves all of it to AMP.
    """
    fields = AppendEntriesCommand.parseArguments(amp.AmpBox(box), NOBODY)
    time = fields.pop("time")
    message = AppendEntries(**{**fields, "batch": Batch.decode(fields["batch"])})
    check(message)
    return Timed(message, time)


def replyByAMP(box: dict[bytes, bytes]) -> Timed:
    """
    Read an answer as such a server does.
    """
    fields = AppendEntriesCommand.parseResponse(amp.AmpBox(box), NOBODY)
    time, isFull = fields.pop("time"), bool(fields.pop("full"))
    message = AppendEntriesReply(**{**fields, "lostIndex": fields["lostIndex"] or 0})
    check(message)
    return Timed(message, time, isFull)


class RequestTests(SynchronousTestCase):
    """
    Tests for requests.
    """

    @settings(derandomize=True, deadline=None, max_examples=150)
    @given(REQUESTS)
    @example(HEARTBEAT)
    def test_asAMP(self, request: Timed) -> None:
        """
        They are, byte by byte, what AMP makes of them, and are read as it reads them.
        """
        data = requestBytes(request)
        self.assertEqual(data, askBox(request).serialize())
        self.assertEqual(decodeRequest(cut(data)), request)
        self.assertEqual(requestByAMP(cut(data)), request)

    def test_sizes(self) -> None:
        """
        So they are with batches that just fit into one value, that do not, that have more than ten parts, and that are
        as large as any entry.
        """
        header = len(append(b"").message.batch.encoded)  # type: ignore[union-attr]
        for size in (0, 65_534, 65_535, 65_536, 2 * 65_535, 2 * 65_535 + 1, 1024 * 1024, 8 * 1024 * 1024):
            request = append(bytes(max(size - header, 0))) if size else HEARTBEAT
            data = requestBytes(request)
            self.assertEqual(data, askBox(request).serialize())
            self.assertEqual(decodeRequest(cut(data)), request)

    def test_tooLong(self) -> None:
        """
        A batch that no server takes is not sent.
        """
        self.assertRaises(amp.TooLong, requestBytes, append(bytes(MAX_BYTES)))

    @settings(derandomize=True, deadline=None, max_examples=300)
    @given(
        REQUESTS,
        st.sampled_from(
            [key for key, _ in AppendEntriesCommand.arguments] + [b"batch.0", b"batch.1", b"batch.-1", b"other"]
        ),
        st.none() | WORDS | st.binary(max_size=40),
    )
    def test_changed(self, request: Timed, key: bytes, value: bytes | None) -> None:
        """
        Where something in a box is another or missing, what comes of it is what came of it with AMP, or it is refused
        for the same.
        """
        box = dict(askBox(request))
        if value is None:
            box.pop(key, None)
        else:
            box[key] = value
        self.assertEqual(outcome(lambda: decodeRequest({**box})), outcome(lambda: requestByAMP({**box})))

    def test_manyEntries(self) -> None:
        """
        One with more entries than any leader makes is not even decoded.
        """
        box = dict(askBox(HEARTBEAT))
        for count, reason in ((2**17, "shorter than its table"), (2**17 + 1, "the most")):
            box[b"batch.0"] = bytes(8) + count.to_bytes(4, "big")
            self.assertIn(reason, str(self.assertRaises(ValueError, decodeRequest, {**box})))

    def test_senseless(self) -> None:
        """
        One that no server sends in its right mind is refused.
        """
        box = dict(askBox(HEARTBEAT))
        self.assertRaises(Impossible, decodeRequest, {**box, b"prevLogTerm": b"0"})

    def test_others(self) -> None:
        """
        What has another name, or is an answer, is not taken for one; nor what wants no answer.
        """
        box = dict(askBox(HEARTBEAT))
        self.assertTrue(isRequest(box))
        others: list[dict[bytes, bytes]] = [
            {**box, amp.COMMAND: b"RequestVote"},
            {**box, amp.ANSWER: TAG},
            {**box, amp.ERROR: TAG},
            {key: value for key, value in box.items() if key != amp.ASK},
            {key: value for key, value in box.items() if key != amp.COMMAND},
            {},
        ]
        self.assertEqual([isRequest(other) for other in others], [False] * 6)


class ReplyTests(SynchronousTestCase):
    """
    Tests for answers.
    """

    @settings(derandomize=True, deadline=None, max_examples=150)
    @given(REPLIES)
    @example(HEARD)
    @example(FULL)
    def test_asAMP(self, reply: Timed) -> None:
        """
        They are, byte by byte, what AMP makes of them, and are read as it reads them.
        """
        data = replyBytes(reply)
        self.assertEqual(data, answerBox(reply).serialize())
        self.assertEqual(outcome(lambda: decodeReply(cut(data))), outcome(lambda: replyByAMP(cut(data))))

    def test_read(self) -> None:
        """
        What was said is read.
        """
        lost = Timed(AppendEntriesReply.rejected(term=3, prevLogIndex=7, conflictIndex=5, lostIndex=9), 0)
        for reply in (HEARD, FULL, lost):
            self.assertEqual(decodeReply(cut(replyBytes(reply))), reply)

    @settings(derandomize=True, deadline=None, max_examples=300)
    @given(
        REPLIES,
        st.sampled_from([key for key, _ in AppendEntriesCommand.response] + [b"other"]),
        st.none() | WORDS | st.binary(max_size=40),
    )
    @example(Timed(AppendEntriesReply.rejected(term=3, prevLogIndex=0, conflictIndex=3), 0), b"full", b"x")
    def test_changed(self, reply: Timed, key: bytes, value: bytes | None) -> None:
        """
        Where something in a box is another or missing, what comes of it is what came of it with AMP, or it is refused
        for the same.
        """
        box: dict[bytes, Any] = dict(answerBox(reply))
        if value is None:
            box.pop(key, None)
        else:
            box[key] = value
        self.assertEqual(outcome(lambda: decodeReply({**box})), outcome(lambda: replyByAMP({**box})))
