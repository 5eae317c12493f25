"""
Open files: a process that makes a load has a socket for each client.
"""

from __future__ import annotations

import resource


def allowFiles(count: int) -> None:
    """
    Have this process, and those that it starts, open so many files, as far as the system allows it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(hard, count)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
