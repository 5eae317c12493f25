"""
Room for RocksDB: it ends the process, with no word that an operator understands, if the system gives it no memory or no
thread when it is opened. So that is asked for first.
"""

from __future__ import annotations

import mmap
import threading
from typing import Final

from replkv.kv.engine import EngineStarved

ADDRESS_BYTES: Final = 512 << 20
"""
What the store takes of the address space when it is opened. Measured: 400 MiB, most of it for its threads, and next to
nothing of real memory.
"""

THREADS: Final = 8
"""
How many threads it starts, and the server after it.
"""


def checkRoom() -> None:
    """
    Make sure that the system has room for the store.

    @raise EngineStarved: if it has not.
    """
    try:
        mmap.mmap(-1, ADDRESS_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ).close()
    except OSError as error:
        raise EngineStarved(
            f"the system gives this process too little memory, and a store needs {ADDRESS_BYTES >> 20} MiB of address "
            f"space ({error.strerror}): raise the limit (ulimit -v) or free memory"
        ) from None
    try:
        _startThreads()
    except RuntimeError as error:
        raise EngineStarved(
            f"the system lets this process start no more threads ({error}): raise the limit (ulimit -u, or TasksMax= "
            "of its systemd unit)"
        ) from None


def _startThreads() -> None:
    enough = threading.Event()
    threads = [threading.Thread(target=enough.wait) for _ in range(THREADS)]
    started = []
    try:
        for thread in threads:
            thread.start()
            started.append(thread)
    finally:
        enough.set()
        for thread in started:
            thread.join()
