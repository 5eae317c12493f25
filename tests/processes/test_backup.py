"""
Tests of backups, and of what becomes of them, on real servers.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from replkv.cli.statuses import DAMAGED, DONE, MISTAKE
from replkv.client.replies import Found
from tests.processes.cluster import Cluster, onReactor, until


async def command(*arguments: str) -> tuple[int, str, str]:
    """
    Run C{replkv}.

    @return: the exit status, and what it wrote to the standard output and to the standard error.
    """
    words = [sys.executable, "-m", "replkv", *arguments]
    done = await deferToThread(subprocess.run, words, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def byKey(exported: bytes) -> dict[str, dict[str, Any]]:
    """
    Read an export.
    """
    return {line["key"]: line for line in map(json.loads, exported.splitlines())}


@onReactor
async def test_busyCluster(tmp_path: Path) -> None:
    """
    The backup of a cluster that is written to has all that was answered before. It is restored to the very same state
    on all servers of a fresh cluster, in which versions and expiry go on; and a survivor of that goes on alone.
    """
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    cluster = Cluster(tmp_path / "first", 3)
    backup = str(tmp_path / "backup")
    try:
        cluster.start()
        version = await cluster.put(b"before", b"kept")
        await cluster.put(b"lives", b"long", 100_000)
        await cluster.put(b"raw", b"\xff\x00")
        await cluster.fill(500, 100, 500)
        writing = Deferred.fromCoroutine(cluster.fill(2_000, 100, 500))
        status, told, errors = await command("backup", backup, "--config", str(cluster.config))
        assert (status, errors) == (DONE, ""), errors
        await writing
    finally:
        cluster.close()
    index = int(told.split("entry ")[1].split(" ")[0])
    assert (await command("verify", backup))[0] == DONE
    exported = str(tmp_path / "exported")
    status, _, errors = await command("export", "--backup", backup, exported)
    assert (status, errors) == (DONE, "exported 503 keys\n")
    fields = byKey(tmp_path.joinpath("exported").read_bytes())
    assert fields["before"] == {"key": "before", "value": "kept", "version": version}
    assert fields["raw"]["valueBase64"] == "/wA="
    assert 99_000 < fields["lives"]["exptime"] <= 100_000

    restored = Cluster(tmp_path / "second", 3)
    try:
        status, told, errors = await command("restore", backup, "--config", str(restored.config))
        assert (status, errors) == (DONE, ""), errors
        hashed = told.split("hash ")[1].split()[0]
        assert told.count(hashed) == 3
        assert (await command("restore", backup, "--config", str(restored.config)))[0] == MISTAKE
        restored.start()
        await restored.leader()
        for server in range(3):
            await restored.applied(server, index + 1)

        async def areAlike() -> bool:
            return len({(await restored.stats(server)).get("state_hash") for server in range(3)}) == 1

        await until(areAlike, "all hold the same")
        client = restored.client()
        assert await client.getm(b"before") == Found(b"kept", version, 0)
        lives = await client.getm(b"lives")
        assert lives is not None
        assert 90_000 < lives.exptime <= 100_000
        later = await restored.put(b"after", b"new")
        assert later > index
        assert await client.delete(b"raw")
        status, told, errors = await command("import", exported, "--config", str(restored.config))
        assert (status, told, errors) == (DONE, "imported 503 keys\n", "")
        assert await client.get(b"raw") == b"\xff\x00"
        status, told, errors = await command("export", "-", "--config", str(restored.config))
        assert (status, errors) == (DONE, "exported 504 keys\n")
        again = byKey(told.encode())
        assert [again[key].get("value") for key in fields] == [line.get("value") for line in fields.values()]
        assert again["before"]["version"] > later
        assert 90_000 < again["lives"]["exptime"] <= 100_000
        client.close()
        await restored.applied(1, later)
        restored.close()

        content = json.loads(restored.config.read_text())
        arguments = ("recover", "--config", str(restored.config), "--id", "1")
        assert (await command(*arguments))[0] != DONE
        status, _, errors = await command(*arguments, "--yes")
        assert (status, errors) == (DONE, "")
        content["Servers"] = [content["Servers"][1]]
        restored.config.write_text(json.dumps(content))
        restored.start(1)
        survivor = restored.client()

        async def answers() -> bool:
            return await survivor.get(b"after") == b"new"

        await until(answers, "the survivor answers")
        survivor.close()
    finally:
        restored.close()


@onReactor
async def test_schedule(tmp_path: Path) -> None:
    """
    A server makes backups by itself, keeps as many as it is told to, and goes on with them after a restart.
    """
    cluster = Cluster(tmp_path, 1)
    folder = cluster.config.parent / "backups"
    content = json.loads(cluster.config.read_text())
    content["Backup"] = {"Every": "1s", "Keep": 1, "To": "backups"}
    cluster.config.write_text(json.dumps(content))

    async def isThere(number: int) -> bool:
        name = (await cluster.stats(0)).get("last_backup", "none")
        return name != "none" and int(name.split("-")[3]) >= number

    try:
        cluster.start()
        await cluster.fill(100, 100, 50)
        await until(lambda: isThere(2), "two backups were made")
        cluster.servers[0].signal(signal.SIGTERM)
        assert await cluster.servers[0].ended() == 0
        [name] = [path.name for path in folder.iterdir()]
        status, told, errors = await command("verify", str(folder / name))
        assert (status, errors) == (DONE, ""), errors
        assert "50 keys" in told
        cluster.start(0)
        await until(lambda: isThere(int(name.split("-")[3]) + 1), "it goes on")
    finally:
        cluster.close()


@onReactor
async def test_damagedBackup(tmp_path: Path) -> None:
    """
    A backup that is damaged or is none makes nothing.
    """
    cluster = Cluster(tmp_path, 1)
    try:
        (tmp_path / "backup").write_bytes(b"none")
        status, _, errors = await command("restore", str(tmp_path / "backup"), "--config", str(cluster.config))
        assert (status, errors.count("\n")) == (DAMAGED, 1)
    finally:
        cluster.close()
