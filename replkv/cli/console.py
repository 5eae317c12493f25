"""
The C{replkv} command.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final, cast

from twisted.python.usage import UsageError

from replkv.cli.command import Command, CommonOptions, Signalled
from replkv.cli.failures import failed
from replkv.cli.statuses import DONE, INTERNAL, MISTAKE, SIGNALLED, STATUS_HELP, SYSTEM
from replkv.cli.streams import StreamError, Unread, finish, remark, tell
from replkv.client.errors import ClientError
from replkv.config import ConfigError


class HelpCommand(Command):
    """
    C{replkv help}.
    """

    synopsis = "[COMMAND]"
    longdesc = "Shows what there is, or more about a command, as --help does."

    def parseArgs(self, *words: str) -> None:
        """
        Take the name of a command.
        """
        super().parseArgs(*words[1:])
        self["command"] = words[:1]

    def carryOut(self) -> int:
        """
        Show the help.
        """
        return _run([*self["command"], "--help"])


def _lazy(name: str) -> Callable[[], Command]:
    """
    What makes a command, by the name of its class. The module is imported only then: no command is to wait for what
    only others need.
    """
    module, _, kind = name.rpartition(".")
    return lambda: cast(Command, getattr(import_module(f"replkv.cli.{module}"), kind)())


class ReplkvOptions(CommonOptions):
    """
    The command line of C{replkv}.
    """

    subCommands: Final = [
        ["cluster", None, _lazy("cluster.command.ClusterCommand"), "Run all servers of a servers file on this host."],
        ["client", None, _lazy("client.ClientCommand"), "Talk to the cluster: a prompt, or a single command."],
        ["status", None, _lazy("status.StatusCommand"), "Show how the servers are."],
        ["transfer", None, _lazy("transfer.TransferCommand"), "Have another server lead."],
        ["bench", None, _lazy("bench.BenchCommand"), "Put a load on the cluster, and tell how fast it is."],
        ["member", None, _lazy("member.command.MemberCommand"), "Say which servers are the cluster."],
        ["user", None, _lazy("user.command.UserCommand"), "Say who may do what."],
        ["backup", None, _lazy("backup.BackupCommand"), "Make a backup of a cluster that runs."],
        ["verify", None, _lazy("backup.VerifyCommand"), "Verify a backup."],
        ["restore", None, _lazy("backup.RestoreCommand"), "Make a fresh cluster of a backup."],
        ["export", None, _lazy("export.ExportCommand"), "Write all keys of a cluster, or of a backup, as JSON lines."],
        ["import", None, _lazy("importing.ImportCommand"), "Store keys from JSON lines."],
        ["recover", None, _lazy("backup.RecoverCommand"), "Make a cluster of one of a folder that survived."],
        ["inspect", None, _lazy("inspect.InspectCommand"), "Look inside a server's data folder, and change nothing."],
        ["cert", None, _lazy("cert.CertCommand"), "Make the certificates by which servers know each other."],
        ["clean-data", None, _lazy("cluster.clean.CleanDataCommand"), "Remove all that is stored on this machine."],
        ["sim", None, _lazy("sim.SimCommand"), "Simulate clusters, with faults, under the eyes of a judge."],
        ["help", None, HelpCommand, "Show this help, or that of a command."],
    ]

    def getSynopsis(self) -> str:
        """
        See L{twisted.python.usage.Options.getSynopsis}. The synopsis of a command begins with this one.
        """
        return "Usage: replkv" if self.subCommand else "Usage: replkv COMMAND [OPTIONS]"

    def getUsage(self, width: int | None = None) -> str:
        """
        See L{twisted.python.usage.Options.getUsage}. Unlike C{longdesc}, what is added here keeps its lines.
        """
        hint = "replkv COMMAND --help tells more about a command."
        return "\n".join([super().getUsage(width).rstrip(), hint, *STATUS_HELP])


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command line.

    @param arguments: without the program's name; by default those of the process.
    @return: the exit status.
    """
    try:
        status = _run(sys.argv[1:] if arguments is None else arguments)
        finish()
    except StreamError as error:
        # As any other program in a pipe, it ends without a word when nobody reads on.
        if not isinstance(error, Unread):
            tell(str(error))
        return error.status
    except Signalled as error:
        return SIGNALLED + error.number
    except OSError as error:
        tell(str(error))
        return SYSTEM
    except Exception:
        # Not the user's mistake: whoever mends it needs to see where it was.
        remark(traceback.format_exc().rstrip())
        tell("this is an error in replkv itself")
        return INTERNAL
    return status


def _run(arguments: Sequence[str]) -> int:
    options = ReplkvOptions()
    try:
        options.parseOptions(list(arguments))
        if options.subCommand is None:
            raise UsageError("name a command")
    except SystemExit:
        # After --help and --version.
        return DONE
    except UsageError as error:
        name = f"replkv {options.subCommand}" if options.subCommand else "replkv"
        tell(f"{error}; see {name} --help")
        return MISTAKE
    command: Command = options.subOptions
    try:
        return command.carryOut()
    except (ConfigError, UsageError) as error:
        tell(str(error))
        return MISTAKE
    except ClientError as error:
        status, text = failed(error)
        tell(text)
        return status
