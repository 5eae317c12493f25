"""
C{replkv cert}: the certificates by which servers know each other.
"""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime
from typing import ClassVar, Final

from twisted.python.usage import UsageError

from replkv.cli.command import PathCommand, ServersCommand, serversOf
from replkv.cli.statuses import DONE
from replkv.cli.streams import say
from replkv.config import BUILT_IN_FILE, DEFAULT_FILE, Config, ConfigError
from replkv.tls.authority import SERVER_DAYS
from replkv.tls.issuing import Issuer
from replkv.tlsfiles import ID_PLACE, SUGGESTED_TLS, TlsFiles

_ACTIONS: Final = ("init", "renew", "client", "authority", "retire")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
_MAX_DAYS: Final = 3650
_FOR: Final = {"Tls": "servers to know each other", "ClientTls": "clients to know servers"}


class CertCommand(PathCommand, ServersCommand):
    """
    C{replkv cert}.
    """

    subject = "what to do: init, renew, client, authority or retire"
    synopsis = "init|renew|client|authority|retire [--config FILE] [--id N] [--name NAME] [--days N]"
    longdesc = (
        "Makes the certificates by which the servers of a cluster know each other, in the files that Tls of the "
        'servers file names; where it names none, in the folder "tls" beside it. init makes an authority, and a '
        f"certificate for each server; where there is no servers file, it makes {DEFAULT_FILE} too, with three servers "
        "on localhost that have them, for their clients as well. renew makes new ones for all servers, or for server "
        "N, of the authority that there is; client makes one for a client, where servers want to know theirs "
        "(ClientTls). To replace the authority: authority makes another, which is believed besides the old one; then "
        "renew; and when all servers have read the new files, retire leaves the new one alone. Servers read their "
        "files again on SIGHUP, without losing a connection."
    )
    optParameters: ClassVar = [
        ["id", None, None, "With renew: only this server. [default: all]"],
        ["name", "n", None, "With client: whose certificate it is. Required."],
        ["days", "d", str(SERVER_DAYS), "For how many days a certificate is good; an authority's is for ten years."],
    ]

    def run(self, filename: str, config: Config) -> int:
        """
        Do it.
        """
        action = self["path"]
        if action not in _ACTIONS:
            raise UsageError(f"{action!r:.50} is nothing to do: {', '.join(_ACTIONS)}")
        isNew = filename == BUILT_IN_FILE
        if isNew:
            # The certificates go where the data does, and not where replkv is installed.
            if action != "init":
                raise ConfigError(f"there is no servers file: --config names one, and init makes {DEFAULT_FILE}")
            filename = DEFAULT_FILE
        files = config.tls or _suggested(filename)
        if len(config.servers) > 1 and (files.key == files.of(0).key or files.certificate == files.of(0).certificate):
            raise ConfigError(f"{filename}: Tls: each server has a certificate and a key: {ID_PLACE} stands for its id")
        issuer = Issuer(files, config.cluster, datetime.now(UTC))
        match action:
            case "init":
                issuer.begin()
                self._issue(issuer, config)
                say(f"Copy {files.authority} to all servers, and to each its own certificate and key.")
                say(f"Keep {issuer.keyPath} away from them: whoever has it can make servers.")
                if isNew:
                    _write(filename)
                    say(f"{filename} has servers on localhost, which these certificates protect, and their clients.")
                else:
                    for key, known in (("Tls", config.tls), ("ClientTls", config.clientTls)):
                        if known is None:
                            say(f'Write into {filename}, for {_FOR[key]}: "{key}": {json.dumps(SUGGESTED_TLS)}')
            case "renew":
                self._issue(issuer, config)
                say("Copy them to their servers, and send each SIGHUP.")
            case "client":
                name = self["name"] or ""
                if not _NAME.fullmatch(name):
                    raise UsageError(f"--name has to say whose it is, in letters, digits and _.@-; not {name!r:.50}")
                for path in issuer.issueClient(name, self._days()):
                    say(path)
            case "authority":
                issuer.replace()
                say(f"{files.authority} has another authority: copy it to all servers, send each SIGHUP, and renew")
            case "retire":
                gone = issuer.retire(config.servers)
                say(f"{files.authority} has {gone} authorities less: copy it to all servers, and send each SIGHUP")
        return DONE

    def _issue(self, issuer: Issuer, config: Config) -> None:
        for path in issuer.issue(serversOf(config, self["id"]), self._days()):
            say(path)

    def _days(self) -> int:
        days = self["days"]
        if not days.isascii() or not days.isdigit() or not 1 <= len(days) <= 4 or not 0 < int(days) <= _MAX_DAYS:
            raise UsageError(f"--days must be from 1 to {_MAX_DAYS}, not {days!r:.50}")
        return int(days)


def _suggested(filename: str) -> TlsFiles:
    folder = os.path.dirname(os.path.abspath(filename))
    return TlsFiles(*(os.path.join(folder, name) for name in SUGGESTED_TLS.values()))


def _write(filename: str) -> None:
    """
    Write a servers file as the one that comes with replkv, with certificates.

    @raise ConfigError: if that cannot be.
    """
    with open(BUILT_IN_FILE, encoding="utf-8") as file:
        text = file.read()
    place = text.index('  "Servers"')
    protected = [f'  "{key}": {json.dumps(SUGGESTED_TLS)},\n' for key in _FOR]
    try:
        with open(filename, "x", encoding="utf-8") as file:
            file.write("".join([text[:place], *protected, text[place:]]))
    except OSError as error:
        raise ConfigError(f"{filename} cannot be written: {error.strerror}") from None
