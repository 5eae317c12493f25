"""
Rare things that whole servers can meet, besides those of their cores: see L{replkv.testing.rare}.
"""

from __future__ import annotations

from typing import Final

TORN_TAIL: Final = "a torn write cut off a log"
ROT_FOUND: Final = "a log refused for a record that has rotted"
ROT_IN_LAST: Final = "a bit rotted in the last record of a log"
DISK_STOP: Final = "a server stopped by its disk"
READ_BACK: Final = "entries read back from the disk for a peer"
CUT_COMMAND: Final = "a command cut off in its middle"
CARRIED_OUT: Final = "a command without a reply carried out"
REDIRECT: Final = "a command redirected"
UNKNOWN_WRITE: Final = "a write with an unknown outcome"

MEANINGS: Final = {
    TORN_TAIL: "a server found, when it started, a write at the end of its log that a crash had left unfinished",
    ROT_FOUND: "a server found, when it started, that a record in its log was damaged, and refused to go on",
    ROT_IN_LAST: "a bit rotted where that cannot be told from a torn write",
    DISK_STOP: "a server stopped itself because its disk failed, was full, or gave back what was not written to it",
    READ_BACK: "a leader had to read entries from its disk, since they were no longer in its memory",
    CUT_COMMAND: "a client went away when it had sent a part of a command",
    CARRIED_OUT: "a command with noreply was carried out, as a later reply on its connection has shown",
    REDIRECT: "a server that did not lead sent a client to the one that did",
    UNKNOWN_WRITE: "a client was told, or had to assume, that a write may have been carried out or not",
}
"""
What each means.
"""
