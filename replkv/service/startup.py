"""
What a process does before anything else.
"""

from __future__ import annotations

import os
import signal
import sys


def prepareServer() -> None:
    """
    Prepare a process that is to become a server. Nothing that it does at its start is harmed by a sudden end.
    """
    fillDescriptors()
    endOnInterrupt()


def endOnInterrupt() -> None:
    """
    Have Ctrl-C end the process as C{kill} does, until its reactor runs and other handlers are there. Python's own way,
    an exception wherever the process happens to be, is lost where someone catches all exceptions, such as Twisted where
    it loads plugins and begins services; and it waits for a name server that is silent.
    """
    # It may be ignored, as under nohup.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def fillDescriptors() -> None:
    """
    Open C{/dev/null} in place of the standard descriptors that are closed. The next files to be opened would get their
    numbers, and one of them may be the lock of a data folder: to daemonize is to replace these descriptors, and
    anything may write to them.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    # Where Python found a descriptor closed, it has no stream for it.
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            stream = open(number, "r" if name == "stdin" else "w", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
