"""
All commands.
"""

from __future__ import annotations

from typing import Final

from replkv.commands.add import Add
from replkv.commands.append import Append
from replkv.commands.auth import Auth
from replkv.commands.cad import Cad
from replkv.commands.cas import Cas
from replkv.commands.command import Command, argumentsOf
from replkv.commands.count import Count
from replkv.commands.decr import Decr
from replkv.commands.delete import Delete
from replkv.commands.deleteprefix import DeletePrefix
from replkv.commands.expire import Expire
from replkv.commands.extras import Help, Piece, Quit, Snapshot, Stats, Transfer, Version
from replkv.commands.gat import Gat
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.gets import Gets
from replkv.commands.grant import GrantRight
from replkv.commands.incr import Incr
from replkv.commands.members import (
    MemberAdd,
    MemberPromote,
    MemberRemove,
    MemberReplace,
    Members,
    MemberUpdate,
)
from replkv.commands.passwd import Passwd
from replkv.commands.prepend import Prepend
from replkv.commands.put import Put
from replkv.commands.replace import Replace
from replkv.commands.revoke import RevokeRight
from replkv.commands.scan import Scan
from replkv.commands.set import Set
from replkv.commands.touch import Touch
from replkv.commands.txn import Txn
from replkv.commands.useradd import UserAdd
from replkv.commands.userdel import UserDel
from replkv.commands.users import Users

COMMANDS: Final[tuple[type[Command], ...]] = (
    Set,
    Get,
    Getm,
    Cas,
    Add,
    Replace,
    Append,
    Prepend,
    Incr,
    Decr,
    Delete,
    Cad,
    Touch,
    Put,
    Gets,
    Expire,
    Gat,
    Scan,
    Count,
    DeletePrefix,
    Txn,
    Auth,
    Help,
    Stats,
    Version,
    Users,
    UserAdd,
    UserDel,
    Passwd,
    GrantRight,
    RevokeRight,
    Members,
    MemberAdd,
    MemberRemove,
    MemberReplace,
    MemberUpdate,
    MemberPromote,
    Transfer,
    Snapshot,
    Piece,
    Quit,
)
"""
In the order in which people are told of them.
"""

ARGUMENTS: Final = {kind: argumentsOf(kind) for kind in COMMANDS}
"""
The arguments of each, in their order, with their types.
"""
