"""
Real servers, and clients that speak memcached's protocol.
"""

from __future__ import annotations

import json
import signal

from tests.processes.cluster import onReactor
from tests.processes.conftest import MakeCluster
from tests.processes.memcached import MemcachedClient, withMemcached
from tests.processes.test_bench import SHORT
from tests.processes.test_command_line import Shell


@onReactor
async def test_memcached(makeCluster: MakeCluster) -> None:
    """
    What a client of memcached's stores is there for all: those of the text protocol, those who ask a server that does
    not lead, and after a kill of all servers. Then all is removed.
    """
    cluster = makeCluster(3)
    ports = withMemcached(cluster)
    cluster.start()
    leader = await cluster.leader()
    assert f"memcached's clients on 127.0.0.1:{ports[leader]}" in cluster.servers[leader].logged()
    with MemcachedClient(ports[leader]) as client:
        assert client.ask(b"set greeting 5 0 5\r\nhello\r\n") == b"STORED\r\n"
        assert client.ask(b"get greeting nothing\r\n", 3) == b"VALUE greeting 5 5\r\nhello\r\nEND\r\n"
        assert client.ask(b"ma count N0 J41 v\r\nma count v\r\n", 4) == b"VA 2\r\n41\r\nVA 2\r\n42\r\n"
        assert client.ask(b"set short 0 -1 1\r\nx\r\nget short\r\n", 2) == b"STORED\r\nEND\r\n"
        # Who writes without a reply may be gone at once, and the next one finds it all the same.
        with MemcachedClient(ports[leader]) as other:
            assert other.ask(b"mn\r\n") == b"MN\r\n"
            other.send(b"set quiet 0 0 1 noreply\r\nx\r\n" + b"incr count 1 noreply\r\n" * 100)
        assert client.ask(b"get count quiet\r\n", 5) == b"VALUE count 0 3\r\n142\r\nVALUE quiet 0 1\r\nx\r\nEND\r\n"
    for follower in {0, 1, 2} - {leader}:
        with MemcachedClient(ports[follower]) as client:
            assert client.ask(b"incr count 1\r\nget count\r\n", 4).endswith(b"\r\nEND\r\n")
            assert client.ask(b"set greeting %d 0 5 noreply\r\nhello\r\nget greeting\r\n" % follower, 3) == (
                b"VALUE greeting %d 5\r\nhello\r\nEND\r\n" % follower
            )
    assert await cluster.client().get("greeting") == b"hello"
    for server in cluster.servers.values():
        server.kill()
    cluster.start()
    leader = await cluster.leader()
    with MemcachedClient(ports[leader]) as client:
        assert client.ask(b"get count\r\n", 3) == b"VALUE count 0 3\r\n144\r\nEND\r\n"
        client.send(b"".join(b"set key%d 0 0 1 noreply\r\nx\r\n" % number for number in range(500)))
        # The reply to the last line comes when all before it is done.
        assert client.ask(b"mn\r\n") == b"MN\r\n"
    with MemcachedClient(ports[(leader + 1) % 3]) as client:
        assert client.ask(b"flush_all\r\nget greeting count key0 key499\r\n", 2) == b"OK\r\nEND\r\n"


@onReactor
async def test_stop(makeCluster: MakeCluster) -> None:
    """
    A server that is told to stop answers what it has taken, and closes these connections too.
    """
    cluster = makeCluster(1)
    ports = withMemcached(cluster)
    cluster.start()
    await cluster.leader()
    with MemcachedClient(ports[0]) as client:
        assert client.ask(b"mn\r\n") == b"MN\r\n"
        client.send(b"set k 0 0 1 noreply\r\nx\r\n" * 1000 + b"get k\r\n")
        cluster.servers[0].signal(signal.SIGTERM)
        # It may stop before it has taken the last of them.
        assert client.rest() in (b"", b"VALUE k 0 1\r\nx\r\nEND\r\n")
    assert await cluster.servers[0].ended() == 0
    assert cluster.servers[0].errors() == []


@onReactor
async def test_bench(makeCluster: MakeCluster) -> None:
    """
    C{replkv bench} speaks it too.
    """
    cluster = makeCluster(1)
    withMemcached(cluster)
    cluster.start()
    await cluster.leader()
    shell = Shell(cluster)
    output, errors = await shell.run(f"{SHORT} --protocol memcached --reads 50 --clients 4 --depth 2 --json")
    told = json.loads(output)
    assert (told["errors"], errors) == ({}, b"")
    assert told["reads"]["perSecond"] > 0
