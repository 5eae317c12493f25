"""
What a servers file says of the members, beside what the log says.
"""

from __future__ import annotations

from replkv.config import Config
from replkv.raft.configuration import Configuration
from replkv.raft.member import Address


def differences(config: Config, configuration: Configuration) -> str:
    """
    Say in one line in what a servers file differs from the members. It is the log that counts; whoever reads the file
    is to know.

    @return: empty where it does not.
    """
    told = []
    for server in config.servers:
        address = Address(server.hostname, server.clientPort, server.logPort)
        member = configuration.member(server.id)
        if member is None:
            told.append(f"server {server.id} is no member")
        elif member.address not in (None, address):
            told.append(f"server {server.id} is at {_shown(member.address)}, not at {_shown(address)}")
    ids = {server.id for server in config.servers}
    told += [
        f"server {missing} is a member, and not in the file" for missing in configuration.ids if missing not in ids
    ]
    return "; ".join(told)


def _shown(address: Address | None) -> str:
    return "" if address is None else "{}, ports {} and {}".format(*address)
