"""
Tests for L{replkv.config}.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from replkv.config import (
    BackupPlan,
    Config,
    ConfigError,
    ServerConfig,
    load,
)
from replkv.tlsfiles import ClientTlsFiles, TlsFiles

GOOD: dict[str, Any] = {
    "Path": "var",
    "Servers": [
        {"Id": 0, "Hostname": "localhost", "ClientPort": 9000, "LogPort": 10000},
        {"Id": 1, "Hostname": "localhost", "ClientPort": 9001, "LogPort": 10001},
        {"Id": 2, "Hostname": "localhost", "ClientPort": 9002, "LogPort": 10002},
    ],
}

BROKEN_TEXTS: list[tuple[bytes, str]] = [
    (b"", "is empty"),
    (b" \n", "is empty"),
    (b'{"Path": "var",\n  "Servers": [}', "line 2, column 15: not JSON: Expecting value"),
    (b'{"Path": "v\xff"}', "is not UTF-8: the byte at offset 11"),
    (b"[]", "must be an object, not a list"),
    (b"7", "must be an object, not 7"),
    (b"[" * 100_000, "is nested too deeply"),
    (b"9" * 5_000, "has a number with too many digits"),
    (b" " * (1 << 20) + b"{}", "is larger than 1048576 bytes"),
    (b'{"Path": "a", "Path": "b", "Servers": []}', "Path: is given twice"),
    (b'{"Path": "a", "Servers": [{"Id": 0, "Id": 1}]}', "Servers[0].Id: is given twice"),
    (b'{"Path": NaN, "Servers": []}', "Path: must be a string, not NaN"),
    (b'{"Pa\\nth": 1}', "Pa\\nth: unknown key, did you mean Path?"),
]

Change = Callable[[dict[str, Any]], object]


def put(key: str, value: object, server: int | None = None) -> Change:
    """
    A change of a servers file: give this key this value, at the top or in a server.
    """
    return lambda file: (file if server is None else file["Servers"][server]).update({key: value})


def drop(key: str, server: int | None = None) -> Change:
    """
    A change of a servers file: leave this key out.
    """
    return lambda file: (file if server is None else file["Servers"][server]).pop(key)


TLS = {"Certificate": "tls/{id}.pem", "Key": "tls/{id}.key", "Authority": "tls/ca.pem"}

BACKUP = {"Every": "15m", "Keep": 24, "To": "backups"}
EVERY = 'Backup.Every: must be from "1s" to "99999d", such as "15m" or "1h"'

MISTAKES: list[tuple[Change, str]] = [
    (drop("Path"), "Path: is missing"),
    (drop("Servers"), "Servers: is missing"),
    (drop("Id", 1), "Servers[1].Id: is missing"),
    (drop("Hostname", 1), "Servers[1].Hostname: is missing"),
    (drop("ClientPort", 0), "Servers[0].ClientPort: is missing"),
    (drop("LogPort", 2), "Servers[2].LogPort: is missing"),
    (put("HeartbeatMS", 50), "HeartbeatMS: unknown key, did you mean HeartbeatMs?"),
    (put("path", "x"), "path: unknown key, did you mean Path?"),
    (put("LISTEN", "x", 0), "Servers[0].LISTEN: unknown key, did you mean Listen?"),
    (put("Zebra", 1), "Zebra: unknown key"),
    (put("Z" * 101, 1), "Z" * 97 + "...: unknown key"),
    (put("Hostnam", "x", 2), "Servers[2].Hostnam: unknown key, did you mean Hostname?"),
    (put("Path", 7), "Path: must be a string, not 7"),
    (put("Path", None), "Path: must be a string, not null"),
    (put("Path", ""), "Path: is empty"),
    (put("Path", "a\0b"), "Path: has a character that cannot be printed"),
    (put("Path", "p" * 4097), "Path: is longer than 4096 characters"),
    (put("Servers", {}), "Servers: must be a list, not an object"),
    (put("Servers", []), "Servers: is empty, a cluster has at least one server"),
    (put("Servers", ["x" * 60]), 'Servers[0]: must be an object, not "' + "x" * 36 + "..."),
    (put("Cluster", ""), "Cluster: is empty"),
    (put("Id", True, 0), "Servers[0].Id: must be a whole number, not true"),
    (put("Id", 1.0, 0), "Servers[0].Id: must be a whole number, not 1.0"),
    (put("Id", "0", 0), 'Servers[0].Id: must be a whole number, not "0"'),
    (put("Id", -1, 0), "Servers[0].Id: must be from 0 to 2147483647, not -1"),
    (put("Id", 1 << 31, 0), "Servers[0].Id: must be from 0 to 2147483647, not 2147483648"),
    (put("Id", 0, 2), "Servers[2].Id: 0 is already used by Servers[0].Id"),
    (put("ClientPort", 0, 1), "Servers[1].ClientPort: must be from 1 to 65535, not 0"),
    (put("LogPort", 65536, 1), "Servers[1].LogPort: must be from 1 to 65535, not 65536"),
    (put("ClientPort", 9000, 2), "Servers[2].ClientPort: 9000 is already used by Servers[0].ClientPort"),
    (put("LogPort", 9000, 2), "Servers[2].LogPort: 9000 is already used by Servers[0].ClientPort"),
    (put("LogPort", 9001, 1), "Servers[1].LogPort: 9001 is already used by Servers[1].ClientPort"),
    (put("MemcachedPort", 0, 1), "Servers[1].MemcachedPort: must be from 1 to 65535, not 0"),
    (put("MemcachedPort", None, 1), "Servers[1].MemcachedPort: must be a whole number, not null"),
    (put("MemcachedPort", 9000, 2), "Servers[2].MemcachedPort: 9000 is already used by Servers[0].ClientPort"),
    (put("MemcachedPort", 10001, 1), "Servers[1].MemcachedPort: 10001 is already used by Servers[1].LogPort"),
    (put("Hostname", "a b", 0), 'Servers[0].Hostname: "a b" is not a host name: it has a space'),
    (put("Listen", "db[0]", 1), 'Servers[1].Listen: "db[0]" is not a host name: it has a ['),
    (
        put("Hostname", "0.0.0.0", 0),
        "Servers[0].Hostname: nobody can be sent to 0.0.0.0: name the server's own address, and add "
        '"Listen": "0.0.0.0" to listen on all',
    ),
    (put("Hostname", "", 0), "Servers[0].Hostname: is empty"),
    (put("Hostname", "h" * 254, 0), "Servers[0].Hostname: is longer than 253 characters"),
    (put("Listen", 5, 0), "Servers[0].Listen: must be a string, not 5"),
    (put("Listen", None, 0), "Servers[0].Listen: must be a string, not null"),
    (put("HeartbeatMs", 0), "HeartbeatMs: must be from 1 to 600000, not 0"),
    (put("HeartbeatMs", 126), "ElectionTimeoutMs: must be at least twice HeartbeatMs, 252, not 250"),
    (put("ElectionTimeoutMs", 99), "ElectionTimeoutMs: must be at least twice HeartbeatMs, 100, not 99"),
    (put("ElectionTimeoutMs", "1"), 'ElectionTimeoutMs: must be a whole number, not "1"'),
    (put("LeaderWaitMs", -1), "LeaderWaitMs: must be from 0 to 600000, not -1"),
    (put("RequestTimeoutMs", 0), "RequestTimeoutMs: must be from 1 to 600000, not 0"),
    (put("MaxValueBytes", (8 << 20) + 1), "MaxValueBytes: must be from 1 to 8388608, not 8388609"),
    (put("MaxConnections", 0), "MaxConnections: must be from 1 to 1000000, not 0"),
    (put("MaxConnectionsPerAddress", 0), "MaxConnectionsPerAddress: must be from 1 to 1000000, not 0"),
    (put("UnreadTimeoutMs", 999), "UnreadTimeoutMs: must be from 1000 to 604800000, not 999"),
    (put("IdleTimeoutMs", "1h"), 'IdleTimeoutMs: must be a whole number, not "1h"'),
    (put("ReserveBytes", -1), "ReserveBytes: must be from 0 to 1125899906842624, not -1"),
    (put("ReserveBytes", None), "ReserveBytes: must be a whole number, not null"),
    (put("Autopilot", True), "Autopilot: must be an object, not true"),
    (put("Autopilot", {}), "Autopilot.ReplaceAfter: is missing"),
    (
        put("Autopilot", {"ReplaceAfter": "soon"}),
        'Autopilot.ReplaceAfter: must be from "1s" to "99999d", such as "10m", not "soon"',
    ),
    (put("Backup", "1h"), 'Backup: must be an object, not "1h"'),
    (put("Backup", {"Every": "1h", "Keep": 24}), "Backup.To: is missing"),
    (put("Backup", {**BACKUP, "each": 1}), "Backup.each: unknown key"),
    (put("Backup", {**BACKUP, "Every": 60}), "Backup.Every: must be a string, not 60"),
    (put("Backup", {**BACKUP, "Every": "1 h"}), f'{EVERY}, not "1 h"'),
    (put("Backup", {**BACKUP, "Every": "0s"}), f'{EVERY}, not "0s"'),
    (put("Backup", {**BACKUP, "Every": "100000s"}), f'{EVERY}, not "100000s"'),
    (put("Backup", {**BACKUP, "Keep": 0}), "Backup.Keep: must be from 1 to 10000, not 0"),
    (put("Backup", {**BACKUP, "To": ""}), "Backup.To: is empty"),
    (put("Tls", {**TLS, "Required": False}), "Tls.Required: unknown key"),
    (put("ClientTls", {**TLS, "Key": ""}), "ClientTls.Key: is empty"),
    (put("ClientTls", {**TLS, "Required": "no"}), 'ClientTls.Required: must be true or false, not "no"'),
    (
        put("ClientTls", {**TLS, "Required": False, "VerifyClients": True}),
        "ClientTls.VerifyClients: is of no use where Required is false: whoever has no certificate would do without "
        "TLS",
    ),
]


class LoadTests(SynchronousTestCase):
    """
    Tests for L{load}.
    """

    def setUp(self) -> None:
        """
        Make a folder.
        """
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        # What lies in the current folder is spoken of, and where servers have run there is a var.
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)

    def write(self, content: bytes) -> str:
        """
        Make a servers file with this content.

        @return: its name.
        """
        name = os.path.join(self.folder, "servers.json")
        with open(name, "wb") as file:
            file.write(content)
        return name

    def loaded(self, *changes: Change) -> Config:
        """
        Load a good servers file with these changes.
        """
        file = copy.deepcopy(GOOD)
        for change in changes:
            change(file)
        return load(self.write(json.dumps(file).encode()))

    def assertRefused(self, name: str, mistake: str) -> None:
        """
        Assert that the file is refused with one line: its name and the mistake.
        """
        error = self.assertRaises(ConfigError, load, name)
        self.assertEqual(str(error), f"{name}: {mistake}")

    def test_defaults(self) -> None:
        """
        A file without optional keys gets the defaults, in seconds where the file has milliseconds.
        """
        expected = Config(
            path=os.path.join(self.folder, "var"),
            cluster="replkv",
            servers=tuple(ServerConfig(n, "localhost", 9000 + n, 10000 + n) for n in range(3)),
            heartbeat=0.05,
            electionTimeout=0.25,
            leaderWait=2.0,
            requestTimeout=5.0,
            maxValueBytes=1048576,
            maxConnections=10000,
            maxConnectionsPerAddress=None,
            unreadTimeout=60.0,
            idleTimeout=None,
        )
        self.assertEqual(self.loaded(), expected)

    def test_settings(self) -> None:
        """
        Every optional key of the file reaches the setting that it names.
        """
        config = self.loaded(
            put("Cluster", "blue"),
            put("HeartbeatMs", 100),
            put("ElectionTimeoutMs", 200),
            put("LeaderWaitMs", 0),
            put("RequestTimeoutMs", 1500),
            put("MaxValueBytes", 8 << 20),
            put("MaxConnections", 7),
            put("MaxConnectionsPerAddress", 5),
            put("UnreadTimeoutMs", 1500),
            put("IdleTimeoutMs", 90_000),
            put("ReserveBytes", 0),
            put("Listen", "0.0.0.0", 1),
        )
        self.assertEqual(config.cluster, "blue")
        self.assertEqual((config.heartbeat, config.electionTimeout), (0.1, 0.2))
        self.assertEqual((config.leaderWait, config.requestTimeout), (0.0, 1.5))
        self.assertEqual((config.maxValueBytes, config.maxConnections, config.reserveBytes), (8 << 20, 7, 0))
        self.assertEqual((config.maxConnectionsPerAddress, config.unreadTimeout, config.idleTimeout), (5, 1.5, 90.0))
        self.assertEqual([s.listen for s in config.servers], [None, "0.0.0.0", None])

    def test_brokenText(self) -> None:
        """
        What is not a JSON object in UTF-8 is refused, with the place where it stops being one.
        """
        for content, mistake in BROKEN_TEXTS:
            self.assertRefused(self.write(content), mistake)

    def test_mistakes(self) -> None:
        """
        Each mistake is refused with one line that names the place and the mistake.
        """
        for change, mistake in MISTAKES:
            file = copy.deepcopy(GOOD)
            change(file)
            self.assertRefused(self.write(json.dumps(file).encode()), mistake)

    def test_unreadable(self) -> None:
        """
        A file that cannot be read is refused with the system's reason.
        """
        self.assertRefused("/nowhere/servers.json", "cannot be read: No such file or directory")
        self.assertRefused(os.path.dirname(__file__), "cannot be read: Is a directory")
        error = self.assertRaises(ConfigError, load, "a\0b")
        self.assertIn("cannot be read", str(error))

    def test_byteOrderMark(self) -> None:
        """
        A byte order mark, which some editors write, is no mistake.
        """
        self.assertEqual(load(self.write(b"\xef\xbb\xbf" + json.dumps(GOOD).encode())), self.loaded())

    def test_autopilot(self) -> None:
        """
        A spare waits for ever, unless it is told for how long.
        """
        self.assertIsNone(self.loaded(put("Cluster", "shop")).replaceAfter)
        self.assertEqual(self.loaded(put("Autopilot", {"ReplaceAfter": "10m"})).replaceAfter, 600)

    def test_backup(self) -> None:
        """
        How backups are made is told in seconds, and with a whole path.
        """
        self.assertIsNone(self.loaded().backup)
        for every, seconds in (("30s", 30), ("15m", 900), ("1h", 3600), ("1d", 86400)):
            plan = self.loaded(put("Backup", {**BACKUP, "Every": every})).backup
            self.assertEqual(plan, BackupPlan(seconds, 24, os.path.join(self.folder, "backups")))
        plan = self.loaded(put("Backup", {**BACKUP, "To": "/srv/backups"})).backup
        self.assertEqual(plan, BackupPlan(900, 24, "/srv/backups"))

    def test_clientTls(self) -> None:
        """
        Where clients are known to speak TLS, they have to, unless the file says otherwise; their certificates are not
        asked for where it does not say so.
        """
        self.assertIsNone(self.loaded().clientTls)
        files = TlsFiles(*(os.path.join(self.folder, name) for name in TLS.values()))
        for settings, expected in (
            ({}, ClientTlsFiles(files, verifiesClients=False, isRequired=True)),
            ({"VerifyClients": True}, ClientTlsFiles(files, verifiesClients=True, isRequired=True)),
            ({"Required": False}, ClientTlsFiles(files, verifiesClients=False, isRequired=False)),
        ):
            self.assertEqual(self.loaded(put("ClientTls", {**TLS, **settings})).clientTls, expected)

    def test_samePortsOnOtherHosts(self) -> None:
        """
        Servers on different hosts may use the same ports; a host's name in other letters is the same host.
        """
        ports = [put("ClientPort", 9000, n) for n in range(3)] + [put("LogPort", 10000, n) for n in range(3)]
        hosts = [put("Hostname", f"db{n}", n) for n in range(3)]
        self.assertEqual([s.clientPort for s in self.loaded(*ports, *hosts).servers], [9000] * 3)
        error = self.assertRaises(ConfigError, self.loaded, *ports, *hosts, put("Hostname", "DB0", 1))
        self.assertIn("Servers[1].ClientPort: 9000 is already used by Servers[0].ClientPort", str(error))

    def test_memcachedPort(self) -> None:
        """
        A server may have a port for clients of memcached's, and need not.
        """
        first, second, _ = self.loaded(put("MemcachedPort", 11211, 0)).servers
        self.assertEqual((first.memcachedPort, second.memcachedPort), (11211, None))
        self.assertEqual(first.ports, [("ClientPort", 9000), ("LogPort", 10000), ("MemcachedPort", 11211)])
        self.assertEqual(second.ports, [("ClientPort", 9001), ("LogPort", 10001)])

    def test_oneServer(self) -> None:
        """
        One server is a cluster.
        """
        self.assertEqual(len(self.loaded(lambda file: file["Servers"].__delitem__(slice(1, 3))).servers), 1)

    def test_server(self) -> None:
        """
        A server is found by its id; an unknown id is refused with the ids that there are.
        """
        config = self.loaded(put("Id", 7, 1))
        self.assertEqual(config.server(7).clientPort, 9001)
        error = self.assertRaises(ConfigError, config.server, 1)
        self.assertEqual(str(error), "unknown id 1, the file has ids 0, 7, 2")


class PathTests(SynchronousTestCase):
    """
    Tests for what a relative C{Path} means.
    """

    def setUp(self) -> None:
        """
        Make a servers file in one folder, and stand in another one.
        """
        self.folder = os.path.realpath(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.addCleanup(os.chdir, os.getcwd())
        for name in ("etc", "current"):
            os.mkdir(os.path.join(self.folder, name))
        os.chdir(os.path.join(self.folder, "current"))

    def loaded(self, path: str, name: str = "../etc/servers.json") -> Config:
        """
        Load a servers file with this C{Path}.
        """
        with open(name, "w") as file:
            json.dump({**GOOD, "Path": path}, file)
        return load(name)

    def stamp(self, path: str) -> None:
        """
        Make a data folder there.
        """
        os.makedirs(os.path.join(self.folder, path))
        with open(os.path.join(self.folder, path, "stamp.json"), "w"):
            pass

    def test_relative(self) -> None:
        """
        A relative path starts at the folder of the file; an absolute one is what it says.
        """
        self.assertEqual(self.loaded("var").path, f"{self.folder}/etc/var")
        self.assertEqual(self.loaded("../data/").path, f"{self.folder}/data")
        self.assertEqual(self.loaded("/data").path, "/data")
        self.assertEqual(self.loaded("var", "servers.json").path, f"{self.folder}/current/var")

    def test_noCurrentFolder(self) -> None:
        """
        A file is read although the current folder is gone.
        """
        name = f"{self.folder}/etc/servers.json"
        self.loaded("var", name)
        os.rmdir(os.path.join(self.folder, "current"))
        self.assertEqual(load(name).path, f"{self.folder}/etc/var")

    def test_notice(self) -> None:
        """
        While the data of a server lies where a relative path once led and not where it leads now, a line tells where
        it is, and how to name it.
        """
        self.assertEqual(self.loaded("var").notice, "")
        self.stamp("current/var/2")
        self.assertEqual(
            self.loaded("var").notice,
            f'../etc/servers.json: Path: "var" starts at the folder of this file, and is {self.folder}/etc/var; '
            f"{self.folder}/current/var has data too: if it is this cluster's, move it there or write "
            '"../current/var"',
        )
        self.assertEqual(self.loaded("../current/var").notice, "")
        self.assertEqual(self.loaded(f"{self.folder}/current/var").notice, "")
        self.assertEqual(self.loaded("var", "servers.json").notice, "")
        self.stamp("etc/var/2")
        self.assertEqual(self.loaded("var").notice, "")
