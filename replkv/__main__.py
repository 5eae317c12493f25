"""
Where the C{replkv} command begins and ends.
"""

from __future__ import annotations

import os
import signal
from typing import NoReturn


def main() -> NoReturn:
    """
    Run the command line of this process.
    """
    # The imports take a while. Until there is something to end in order, Ctrl-C ends the process as it does any other.
    interruptible = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if interruptible:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from replkv.cli.streams import openStreams

    openStreams()
    from replkv.cli import console
    from replkv.cli.statuses import INTERRUPTED

    try:
        if interruptible:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        status = console.main()
    except KeyboardInterrupt:
        status = INTERRUPTED
    # All is written, and no thread is waited for: one may still be reading, or asking a name server that is silent.
    os._exit(status)


if __name__ == "__main__":
    main()
