"""
The exit statuses of a server that stops by its own decision.

A supervisor (C{replkv cluster}, systemd's C{RestartPreventExitStatus}) starts a server again whenever it ends, but not
after C{CONFIGURATION} and C{DISK}: to start it again would end in the same way, or would hide a broken disk. Whoever
runs the cluster mends the cause, which the last line of the server's standard error names, and starts it again. A
server that was told to stop, and did, exits with 0; one that was told so before it had started is ended by the signal.
"""

from __future__ import annotations

from typing import Final

NONE: Final = 0
"""
The server stopped in order: it was told to, or was removed from its cluster.
"""

CONFIGURATION: Final = 1
"""
A mistake of the operator's: the command line, the servers file, the id, a port that this user may not have, or a data
folder that is another server's, locked or not writable. No more was done than to make the data folder, where it was
missing.
"""

NOT_YET: Final = 75
"""
The server cannot start as things are, which may change by itself (C{EX_TEMPFAIL}): a name that cannot be resolved, an
address that this host does not have, a port in use. It is to be started again after a while.
"""

DISK: Final = 74
"""
The server stopped itself over its disk (C{EX_IOERR} of sysexits.h): a write or a sync failed, or what it had written
is damaged.
"""

SYSTEM: Final = 71
"""
The system had no descriptors or no memory left for something that a server cannot do without or wait for
(C{EX_OSERR}). It may be started again.
"""

INTERNAL: Final = 70
"""
The server stopped itself over an error of its own (C{EX_SOFTWARE}), before that could do harm. It may be started again.
"""
