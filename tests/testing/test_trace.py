"""
Tests for the trace of a simulation.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from replkv.testing.trace import Trace


def digest(*notes: Callable[[Trace], None]) -> str:
    """
    The digest of a trace in which this was noted.
    """
    trace = Trace()
    for note in notes:
        note(trace)
    return trace.digest


class TraceTests(SynchronousTestCase):
    """
    Tests for L{Trace}.
    """

    def test_digest(self) -> None:
        """
        The digest is 32 hexadecimal digits, the same for the same steps, and asking for it is no step.
        """
        trace = Trace()
        trace.step(1.0, "a")
        self.assertRegex(trace.digest, "^[0-9a-f]{32}$")
        self.assertEqual(trace.digest, digest(lambda trace: trace.step(1.0, "a")))

    def test_everything(self) -> None:
        """
        It depends on each time and each value, on their kinds and their number, on the order of the steps, and on where
        one ends and the next one begins.
        """
        runs: list[list[tuple[object, ...]]] = [
            [],
            [(1.0,)],
            [(1.0000001,)],
            [(1.0, "a")],
            [(1.0, b"a")],
            [(1.0, "a", "b")],
            [(1.0, "ab")],
            [(1.0, ("a", "b"))],
            [(1.0, "a"), (1.0, "b")],
            [(1.0, "b"), (1.0, "a")],
            [(1.0, "a"), (1.0, "b"), (2.0,)],
            [(1.0, 1)],
            [(1.0, "1")],
            [(1.0, None)],
        ]
        digests = set()
        for run in runs:
            trace = Trace()
            for step in run:
                trace.step(*step)  # type: ignore[arg-type]
            digests.add(trace.digest)
        self.assertEqual(len(digests), len(runs))

    def test_never(self) -> None:
        """
        A step is never taken back: after it, another digest stays another one.
        """
        one = digest(lambda trace: trace.step(1.0, "a"), lambda trace: trace.step(2.0, "c"))
        other = digest(lambda trace: trace.step(1.0, "b"), lambda trace: trace.step(2.0, "c"))
        self.assertNotEqual(one, other)

    def test_story(self) -> None:
        """
        The story has a line for all that is told, with the time to a millisecond, and for nothing else.
        """
        story: list[str] = []
        trace = Trace(story.append)
        trace.tell(0.0, "server 2", "starts")
        trace.step(0.5, "a step")
        trace.tell(12.3456, "a long name", "does something")
        trace.tell(1234567.0, "network", "is slow")
        self.assertEqual(
            story,
            [
                "    0.000 s  server 2   starts",
                "   12.346 s  a long name  does something",
                "1234567.000 s  network    is slow",
            ],
        )

    def test_remark(self) -> None:
        """
        What is only said of it has a line in the story, and no part in the digest.
        """
        story: list[str] = []
        trace = Trace(story.append)
        trace.remark(1.0, "judge", "does not like it")
        self.assertEqual(story, ["    1.000 s  judge      does not like it"])
        self.assertEqual(trace.digest, digest())

    def test_toldIsNoted(self) -> None:
        """
        What is told belongs to the digest, whether anyone listens or not.
        """

        def tell(trace: Trace) -> None:
            trace.tell(1.0, "server 2", "starts")

        heard = Trace(lambda line: None)
        tell(heard)
        self.assertEqual(heard.digest, digest(tell))
        others: list[tuple[float, str, str]] = [
            (1.1, "server 2", "starts"),
            (1.0, "server 1", "starts"),
            (1.0, "server 2", "stops"),
        ]
        for other in others:
            self.assertNotEqual(heard.digest, digest(lambda trace, other=other: trace.tell(*other)))  # type: ignore[misc]
