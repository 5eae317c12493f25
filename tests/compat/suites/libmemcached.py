"""
The programs that come with libmemcached: one that tries each command, and two that make a load.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import partial
from typing import Final

from tests.compat.counting import countMemaslap, countMemcapable, countMemcslap
from tests.compat.suite import HOST, Call, Kit, Suite

_SLAP_THREADS: Final = 4
_SLAP_KEYS: Final = 1000

# Two threads, twice as many connections. Of what is read, some is compared with what was written; some expires.
_LOAD: Final = ["--threads=2", "--concurrency=4", "--verify=0.2", "--exp_verify=0.05"]


def program(*names: str) -> str:
    """
    Find a program under one of its names: Debian has others than libmemcached itself.
    """
    return next((found for name in names if (found := shutil.which(name))), names[0])


def _version(kit: Kit) -> str:
    told = subprocess.run([program("memcslap"), "--version"], capture_output=True, text=True).stdout
    found = re.search(r"libmemcached v([\d.]+)", told)
    return found[1] if found else ""


def _memcapable(kit: Kit, port: int) -> Call:
    # It prints names and what came of them by two ways, which stay in order only where neither is buffered.
    return Call(["stdbuf", "-o0", program("memccapable", "memcapable"), "-a", "-v", "-h", HOST, "-p", str(port)])


def _memaslap(kit: Kit, port: int, amount: Sequence[str]) -> Call:
    return Call([program("memcaslap", "memaslap"), f"--servers={HOST}:{port}", *_LOAD, *amount])


def _memcslap(kit: Kit, port: int) -> Call:
    command = f"--servers={HOST}:{port} --concurrency={_SLAP_THREADS} --execute-number={_SLAP_KEYS}"
    script = f"for test in set get mget; do {program('memcslap')} {command} --test=$test; done"
    return Call(["sh", "-c", script])


CAPABLE: Final = Suite(
    name="memcapable",
    version=_version,
    call=_memcapable,
    count=countMemcapable,
)

ASLAP: Final = Suite(
    name="memaslap",
    version=_version,
    call=partial(_memaslap, amount=["--time=10s"]),
    short=partial(_memaslap, amount=["--time=3s"]),
    count=countMemaslap,
    seconds=60,
)

SLAP: Final = Suite(
    name="memcslap",
    version=_version,
    call=_memcslap,
    count=partial(countMemcslap, expected=_SLAP_THREADS * _SLAP_KEYS),
    seconds=60,
)
