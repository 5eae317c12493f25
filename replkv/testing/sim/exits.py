"""
The exit statuses of C{replkv sim} that the other commands of C{replkv} do not have
(L{replkv.cli.statuses.STATUSES}).
"""

from __future__ import annotations

from typing import Final

VIOLATED: Final = 2
"""
A seed failed.
"""

NEVER_SEEN: Final = 3
"""
No seed failed, but something rare that had to happen never did: what was to be tested was not.
"""

INTERRUPTED: Final = 130
"""
It was told to stop (128 and the number of SIGINT, as a shell has it).
"""
