"""
C{replkv bench} on real servers.
"""

from __future__ import annotations

import json

from replkv.cli.statuses import UNAVAILABLE
from replkv.tlsfiles import SUGGESTED_TLS
from tests.processes.cluster import onReactor
from tests.processes.conftest import MakeCluster
from tests.processes.test_command_line import Shell
from tests.processes.test_tls import certify
from tests.processes.test_users import added

SHORT = "$R bench --seconds 0.4 --warm-up 0.1 --keys 100"


@onReactor
async def test_bench(makeCluster: MakeCluster) -> None:
    """
    A load is put on the leader, wherever that is, by one process or two, in a closed loop or in an open one; it is
    told as a table and as JSON. Where nobody answers, that is one line.
    """
    cluster = makeCluster(3)
    cluster.start()
    leader = await cluster.leader()
    shell = Shell(cluster)
    output, errors = await shell.run(f"{SHORT} --clients 4 --depth 2")
    assert (output.decode().split()[:2], output.count(b"\n"), errors) == (["per", "second"], 2, b"")
    before = await cluster.number(leader, "keys")
    assert 0 < before <= 100
    output, _ = await shell.run(f"{SHORT} --reads 50 --rate 200 --processes 2 --json")
    told = json.loads(output)
    assert (told["errors"], await cluster.number(leader, "keys")) == ({}, 100)
    assert told["reads"]["p50"] <= told["reads"]["p999"]
    assert {"writes", "reads"} <= told.keys()
    cluster.close()
    _, errors = await shell.run(f"{SHORT} --timeout 1", UNAVAILABLE)
    assert errors.startswith(b"replkv: unavailable: ")
    assert errors.count(b"\n") == 1


@onReactor
async def test_protected(makeCluster: MakeCluster) -> None:
    """
    Over TLS, in the name of a user.
    """
    cluster = makeCluster(1)
    await certify(cluster, "init")
    content = json.loads(cluster.config.read_text())
    cluster.config.write_text(json.dumps({**content, "Tls": SUGGESTED_TLS, "ClientTls": SUGGESTED_TLS}))
    cluster.start()
    shell = Shell(cluster)
    await shell.run("$R client --timeout 30 set a 1")
    shell.environment.update(REPLKV_USER="root", REPLKV_TOKEN=await added(shell, "root", "--admin"))
    output, errors = await shell.run(f"{SHORT} --reads 50 --clients 5 --value-bytes 100000")
    assert (output.count(b"\n"), errors) == (3, b"")
