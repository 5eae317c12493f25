"""
Tests for L{tests.compat.counting} and L{tests.compat.outcome}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.compat.counting import (
    countMarks,
    countMemaslap,
    countMemcapable,
    countMemcslap,
    countPytest,
    countUnittest,
    countUnsure,
)
from tests.compat.outcome import Outcome, State

PASSED, FAILED, SKIPPED, UNSURE = State.PASSED, State.FAILED, State.SKIPPED, State.UNSURE


class OutcomeTests(SynchronousTestCase):
    """
    Tests for L{Outcome}.
    """

    def test_lacks(self) -> None:
        """
        A test that did not run is lacking. One that does not pass elsewhere is not, nor one that was unsure.
        """
        here = Outcome({"a": PASSED, "b": FAILED, "c": FAILED, "d": SKIPPED, "g": UNSURE})
        there = Outcome({**dict.fromkeys("acdeg", PASSED), "b": FAILED, "f": SKIPPED})
        self.assertEqual(here.lacks(there), ["c", "d", "e"])
        self.assertEqual([here.count(state) for state in State], [1, 2, 1, 1])


class PytestTests(SynchronousTestCase):
    """
    Tests for L{countPytest}.
    """

    def test_states(self) -> None:
        """
        Each test has its line, wherever it stands. What could not be set up or taken down has failed.
        """
        text = """
rootdir: /somewhere/tooz/tests
collecting ... collected 6 items

env/lib/tests/test_a.py::TestAPI::test_one PASSED [ 16%]
env/lib/tests/test_a.py::TestAPI::test_two[a b-c] FAILED [ 33%]
env/lib/tests/test_a.py::TestAPI::test_three SKIPPED (Group watching not sup...) [ 50%]
env/lib/tests/test_a.py::TestAPI::test_four PASSED [ 66%]
env/lib/tests/test_a.py::TestAPI::test_four ERROR [ 66%]
env/lib/tests/test_a.py::TestAPI::test_five ERROR                        [ 83%]
env/lib/tests/test_a.py::TestAPI::test_six SKIPPED                       [100%]
=========================== short test summary info ============================
FAILED env/lib/tests/test_a.py::TestAPI::test_two[a b-c] - AssertionError
"""
        tests = {
            "test_a.py::TestAPI::test_one": PASSED,
            "test_a.py::TestAPI::test_two[a b-c]": FAILED,
            "test_a.py::TestAPI::test_three": SKIPPED,
            "test_a.py::TestAPI::test_four": FAILED,
            "test_a.py::TestAPI::test_five": FAILED,
            "test_a.py::TestAPI::test_six": SKIPPED,
        }
        self.assertEqual(countPytest(text).tests, tests)

    def test_hangs(self) -> None:
        """
        A test that has not ended is none.
        """
        self.assertEqual(
            countPytest("test_a.py::test_one PASSED [ 50%]\ntest_a.py::test_two ").tests,
            {"test_a.py::test_one": PASSED},
        )


class UnsureTests(SynchronousTestCase):
    """
    Tests for L{countUnsure}.
    """

    def test_states(self) -> None:
        """
        Unsure is who failed for that, and nobody else.
        """
        text = """
env/test_a.py::TestAPI::test_one PASSED [ 20%]
env/test_a.py::TestAPI::test_two FAILED [ 40%]
env/test_a.py::TestAPI::test_three FAILED [ 60%]
env/test_a.py::test_four FAILED [ 80%]
env/test_a.py::TestAPI::test_five PASSED [100%]
=================================== FAILURES ===================================
_______________________ TestAPI.test_two _______________________
MemcacheServerError: b'no answer from the cluster: it may have been done, or may yet be'
_______________________ TestAPI.test_three _______________________
AssertionError: 1 != 2
________________________________ test_four _____________________________________
MemcacheServerError: b'no answer from the cluster: it may have been done, or may yet be'
"""
        outcome = countUnsure(text)
        self.assertEqual(list(outcome.tests.values()), [PASSED, UNSURE, FAILED, UNSURE, PASSED])
        self.assertEqual(countPytest(text).count(UNSURE), 0)

    def test_none(self) -> None:
        """
        Where nothing failed there is nothing to tell.
        """
        self.assertEqual(countUnsure("test_a.py::test_one PASSED [100%]\n").tests, {"test_a.py::test_one": PASSED})


class UnittestTests(SynchronousTestCase):
    """
    Tests for L{countUnittest}.
    """

    def test_states(self) -> None:
        """
        What comes of a test may stand behind its name, behind its docstring, or alone. A part that failed fails it.
        """
        text = """
  Applying sites.0001_initial... OK
Found 7 test(s).
test_add (cache.tests.PyMemcacheCacheTests.test_add) ... ok
test_clear (cache.tests.PyMemcacheCacheTests.test_clear)
The cache can be emptied using clear ... ok
test_cull (cache.tests.PyMemcacheCacheTests.test_cull) ... skipped "Cull isn't implemented."
test_zero_cull (cache.tests.PyMemcacheCacheTests.test_zero_cull) ... skipped 'no'
test_close (cache.tests.PyMemcacheCacheTests.test_close) ... a warning
ok
test_incr (cache.tests.PyMemcacheCacheTests.test_incr)
Cache values can be incremented ... ERROR
test_location (cache.tests.PyMemcacheCacheTests.test_location) ...
  test_location (cache.tests.PyMemcacheCacheTests.test_location) (location='a') ... FAIL

======================================================================
ERROR: test_incr (cache.tests.PyMemcacheCacheTests.test_incr)
----------------------------------------------------------------------
Ran 7 tests in 13.184s

FAILED (failures=1, errors=1, skipped=2)
"""
        tests = {
            "test_add": PASSED,
            "test_clear": PASSED,
            "test_cull": SKIPPED,
            "test_zero_cull": SKIPPED,
            "test_close": PASSED,
            "test_incr": FAILED,
            "test_location": FAILED,
        }
        self.assertEqual(countUnittest(text).tests, tests)


class LibmemcachedTests(SynchronousTestCase):
    """
    Tests for what counts in the output of libmemcached's programs.
    """

    def test_memcapable(self) -> None:
        """
        What does not pass fails, whatever stands there.
        """
        text = """ascii version                           [pass]
ascii quit                              [ERROR
]
ascii set noreply                       [FAIL]
ascii get                               tests/capable.c:7: Expected "END", got "ERROR"
[FAIL]
ascii stat                              [pass]
3 of 5 tests failed
"""
        tests = {
            "ascii version": PASSED,
            "ascii quit": FAILED,
            "ascii set noreply": FAILED,
            "ascii get": FAILED,
            "ascii stat": PASSED,
        }
        self.assertEqual(countMemcapable(text).tests, tests)

    def test_memaslap(self) -> None:
        """
        Nothing may be missing, and it has to come to its end.
        """
        text = """servers: 127.0.0.1:12216
cmd_get: 28606
get_misses: 0
verify_misses: 0
verify_failed: 3
expired_get: 0
unexpired_unget: 1
written_bytes: 5515092

"""
        tests = {
            "get_misses": PASSED,
            "verify_misses": PASSED,
            "verify_failed": FAILED,
            "expired_get": PASSED,
            "unexpired_unget": FAILED,
        }
        self.assertEqual(countMemaslap(text).tests, {"operations": FAILED, **tests})
        text += "Run time: 3.0s Ops: 0 TPS: 0 Net_rate: 0.0M/s\n"
        self.assertEqual(countMemaslap(text).tests["operations"], FAILED)
        text += "Run time: 3.0s Ops: 31785 TPS: 10594 Net_rate: 11.9M/s\n"
        self.assertEqual(countMemaslap(text).tests["operations"], PASSED)

    def test_memcslap(self) -> None:
        """
        All keys have to be done by the threads; what was put there before does not count.
        """
        text = """Time to generate       1000 test keys:                0.002 seconds.
Time to set            4000 keys by    4 threads:     0.068 seconds.
Time to set            1000 keys:                     0.052 seconds.
Fatal error for key 'x': SERVER HAS FAILED
Time to get            3999 keys by    4 threads:     0.042 seconds.
"""
        self.assertEqual(countMemcslap(text, 4000).tests, {"set": PASSED, "get": FAILED})


class MarksTests(SynchronousTestCase):
    """
    Tests for L{countMarks}.
    """

    def test_states(self) -> None:
        """
        Other lines do not count.
        """
        text = "passed a.caches\nTraceback: failed\nfailed a.locks\nskipped b.c\npassed it all the same\n"
        self.assertEqual(countMarks(text).tests, {"a.caches": PASSED, "a.locks": FAILED, "b.c": SKIPPED})
