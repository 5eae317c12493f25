"""
Bugs in what is done about states that are wrong.
"""

from __future__ import annotations

from typing import Final

from replkv.node.audit import Audit
from replkv.raft.core import Raft
from replkv.storage.folder import DataFolder
from tests.planted.bug import Bug, Patch

BUGS: Final = (
    Bug(
        "an audit that compares nothing",
        "cluster",
        60,
        (Patch(Audit, "_weigh", lambda audit, comparison: None),),
    ),
    Bug(
        "a server that knows that its state is wrong, and serves",
        "cluster",
        60,
        (Patch(Raft, "distrust", lambda raft: None),),
    ),
    Bug(
        "a wrong state forgotten over a restart",
        "cluster",
        60,
        (Patch(DataFolder, "whyWrong", lambda folder, store: None),),
    ),
)
