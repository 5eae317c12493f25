"""
For what a server's open files are, of which the system allows it so many and no more.

Clients get what the log, the store and the other servers cannot need. So it is a client that is turned away when there
are no more descriptors, and never the log's next file that cannot be opened.
"""

from __future__ import annotations

import resource
from typing import Final, NamedTuple

from replkv.config import Config
from replkv.frontends.admission import MAX_EXTRA
from replkv.frontends.clients import MAX_REFUSALS
from replkv.peers.listener import MAX_STRANGERS
from replkv.tls.accepting import MAX_CONNECTED

OWN: Final = 48
"""
For the reactor, the log file, the ports, the log's segments and how they are written, the resolver's threads, and what
the store has open beside its tables. About 24 are in use all the time.
"""

PER_PEER: Final = 4
"""
For each other server: a connection to it and one from it, and one more of each while they are being replaced.
"""


class Tables(NamedTuple):
    """
    How many of its tables the store may have open.

    @ivar least: fewer are not enough. RocksDB takes no number below 20.
    @ivar most: more are of no use.
    """

    least: int
    most: int


STORE: Final = Tables(24, 256)

LEAST_CLIENTS: Final = 8
"""
For fewer clients than that no server is started.
"""


class TooFewDescriptors(Exception):
    """
    No server can do with so few open files. The message is one line for the operator.
    """


class Descriptors(NamedTuple):
    """
    @ivar clients: how many clients may be connected.
    @ivar store: how many of its tables the store may have open.
    """

    clients: int
    store: int


def wanted(config: Config) -> int:
    """
    How many open files the settings need.
    """
    return _reserve(config) + STORE.most + config.maxConnections


def allow(count: int) -> int:
    """
    Make sure, as far as that is possible, that this process may have so many files open at once.

    @return: how many it may.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= count:
        return count
    allowed = count if hard == resource.RLIM_INFINITY else min(count, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed


def allot(allowed: int, config: Config) -> Descriptors:
    """
    Share out what the system allows.

    @param allowed: how many open files it allows.
    @raise TooFewDescriptors: if that is not enough for a server.
    """
    left = allowed - _reserve(config)
    least = min(LEAST_CLIENTS, config.maxConnections)
    if left < STORE.least + least:
        raise TooFewDescriptors(
            f"the system allows {allowed} open files, and a server of this cluster needs at least "
            f"{allowed - left + STORE.least + least}: raise the limit (ulimit -Hn, or LimitNOFILE= of its systemd unit)"
        )
    store = min(STORE.most, max(STORE.least, left // 3, left - config.maxConnections), left - least)
    return Descriptors(min(config.maxConnections, left - store), store)


def _reserve(config: Config) -> int:
    """
    What is for neither clients nor the store's tables.
    """
    doors = 1 + any(server.memcachedPort is not None for server in config.servers)
    handshakes = MAX_CONNECTED * ((config.tls is not None) + doors * (config.clientTls is not None))
    peers = PER_PEER * (len(config.servers) - 1) + 2 * MAX_STRANGERS
    return OWN + peers + MAX_EXTRA + MAX_REFUSALS + handshakes
