"""
The C{replkv} command as a person, a script and a service run it, against a real server.
"""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from twisted.internet.threads import deferToThread

from tests.processes.cluster import HOST, PATIENCE, Cluster, freePorts, heedSignals, onReactor
from tests.processes.conftest import MakeCluster

REPLKV = [sys.executable, "-m", "replkv"]


class Shell:
    """
    Runs command lines of the shell's, in which C{$R} is C{replkv} and C{none.json} names servers that are not there.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._folder = cluster.config.parent
        state = str(self._folder / "state")
        self.environment = {**os.environ, "REPLKV_CONFIG": str(cluster.config), "XDG_STATE_HOME": state}
        self.environment["R"] = f"{sys.executable} -m replkv"
        port = freePorts(1)[0]
        text = cluster.config.read_text().replace(str(cluster.servers[0].clientPort), str(port))
        (self._folder / "none.json").write_text(text)

    async def run(self, line: str, status: int = 0) -> tuple[bytes, bytes]:
        """
        Run a command line, and see that it ends with this status.

        @return: what it wrote to the standard output and the standard error.
        """
        done: subprocess.CompletedProcess[bytes] = await deferToThread(
            subprocess.run,
            ["bash", "-c", line],
            cwd=self._folder,
            env=self.environment,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == status, (line, done)
        assert b"Traceback" not in done.stderr, (line, done)
        return done.stdout, done.stderr


class Terminal:
    """
    A person at C{replkv client}.
    """

    def __init__(self, environment: dict[str, str]) -> None:
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            heedSignals()
            os.execvpe(sys.executable, [*REPLKV, "client"], {**environment, "TERM": "dumb"})
        self._seen = b""

    def expect(self, text: bytes) -> bytes:
        """
        Wait until this is shown.

        @return: what was shown before it.
        """
        while text not in self._seen:
            assert select.select([self._terminal], [], [], PATIENCE)[0], (text, self._seen)
            self._seen += os.read(self._terminal, 65536)
        before, _, self._seen = self._seen.partition(text)
        return before

    def type(self, text: bytes) -> None:
        """
        Type this.
        """
        os.write(self._terminal, text)

    def interrupt(self, text: bytes) -> None:
        """
        Press Ctrl-C until this is shown. Python misses the one that comes just before it waits for a key, and heeds it
        with the next key only.
        """
        while text not in self._seen:
            self.type(b"\x03")
            while text not in self._seen and select.select([self._terminal], [], [], 2.0)[0]:
                self._seen += os.read(self._terminal, 65536)
        self._seen = self._seen.partition(text)[2]

    def ended(self) -> int:
        """
        Wait for its end.

        @return: the exit status.
        """
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])

    def close(self) -> None:
        """
        Close the terminal.
        """
        os.close(self._terminal)


@pytest.fixture
def cluster(makeCluster: MakeCluster) -> Cluster:
    """
    A cluster of one server.
    """
    cluster = makeCluster(1)
    cluster.start()
    return cluster


@onReactor
async def test_streams(cluster: Cluster) -> None:
    """
    A standard stream that is closed, full or not read any more is told from every answer, and never by a traceback.
    """
    await cluster.leader()
    shell = Shell(cluster)
    assert (await shell.run("$R client set k v 0 <&-"))[0].strip().isdigit()
    full = b"replkv: the output cannot be written: No space left on device\n"
    assert await shell.run("$R client get k > /dev/full", 74) == (b"", full)
    assert await shell.run("echo get k | $R client > /dev/full", 74) == (b"", full)
    closed = b"replkv: the output cannot be written: Bad file descriptor\n"
    assert await shell.run("$R client get k >&-", 74) == (b"", closed)
    assert await shell.run("$R status >&-", 74) == (b"", closed)
    unreadable = b"replkv: the standard input cannot be read: Bad file descriptor\n"
    assert await shell.run("$R client set k - <&-", 74) == (b"", unreadable)
    assert await shell.run("$R client <&-", 74) == (b"", unreadable)
    assert await shell.run("$R client get none 2>&-", 1) == (b"", b"")
    script = (
        "set -o pipefail; head -c 500000 /dev/urandom | $R client set bin - > version && $R client get bin | head -c 9"
    )
    assert len((await shell.run(script, 141))[0]) == 9


@onReactor
async def test_scripts(cluster: Cluster) -> None:
    """
    The same words mean the same as arguments and in lines, bytes pass through in any locale, and a status tells how it
    went.
    """
    await cluster.leader()
    shell = Shell(cluster)
    locale = "env LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0"
    await shell.run(rf"{locale} $R client set -- -k $'\xff\n\xc3\xa4 \"C:\\temp\"'")
    value = b'\xff\n\xc3\xa4 "C:\\temp"'
    assert await shell.run(f"{locale} $R client get -- -k") == (value, b"")
    lines = b'set counter 10 60\nget counter\nget none\nset j {"a":1}\r\nget j\nset b "x\\x00y"\nget b\nget -k'
    (Path(shell.environment["XDG_STATE_HOME"]).parent / "lines").write_bytes(lines)
    output, errors = await shell.run(f"{locale} $R client < lines", 1)
    one, *rest = output.split(b"\n", 2)
    assert one.isdigit()
    assert rest[0] == b"10"
    assert rest[1].split(b"\n", 1)[1].startswith(b'{"a":1}\n')
    assert output.endswith(b"\nx\0y\n" + value + b"\n")
    assert errors == b"replkv: line 3: no such key\n"
    assert b" leader " in (await shell.run("$R status"))[0]
    assert (await shell.run("$R status -c none.json", 3))[1] == b"replkv: no server leads\n"
    assert (await shell.run("$R status -c missing.json", 64))[0] == b""
    assert b"unavailable" in (await shell.run("$R client -c none.json --timeout 0.2 get k", 3))[1]
    server = f"{HOST}:{cluster.servers[0].clientPort}"
    assert (await shell.run(f"$R client --servers {server} get counter"))[0] == b"10"
    assert (await shell.run(f"echo get counter | $R client --servers {server}"))[0] == b"10\n"
    # What is wrong before any server is asked ends it too.
    missing = (b"", b"replkv: /nowhere.pem: No such file or directory\n")
    assert await shell.run(f"$R client --servers {server} --tls-ca /nowhere.pem get counter", 64) == missing
    assert await shell.run("$R status --tls-ca /nowhere.pem", 64) == missing


@onReactor
async def test_prompt(cluster: Cluster) -> None:
    """
    At a terminal, commands are completed, former lines come back in the next run, and Ctrl-C drops a line and not the
    conversation.
    """
    await cluster.leader()
    environment = Shell(cluster).environment

    def converse() -> None:
        with closing(Terminal(environment)) as terminal:
            terminal.expect(b"replkv> ")
            terminal.type(b"se\tgreeting hello\n")
            terminal.expect(b"stored, version ")
            terminal.expect(b"replkv> ")
            terminal.type(b"rubbish")
            terminal.expect(b"rubbish")
            terminal.interrupt(b"replkv> ")
            terminal.type(b"get greeting\n")
            terminal.expect(b"hello\r\n")
            terminal.expect(b"replkv> ")
            terminal.type(b"\x04")
            assert terminal.ended() == 0
        with closing(Terminal(environment)) as terminal:
            terminal.expect(b"replkv> ")
            terminal.type(b"\x10")
            terminal.expect(b"get greeting")
            terminal.type(b"\n")
            terminal.expect(b"hello\r\n")
        # The terminal goes, and the process with it.
        assert terminal.ended() in (-signal.SIGHUP, 0, 74)

    await deferToThread(converse)
