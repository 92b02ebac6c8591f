"""The command line's frame: the commands, the language, and one line and the right status for whatever goes wrong.

Interface: "Command line". Starts quickly: a command's heavy modules are imported when it runs.
"""

from __future__ import annotations

import io
import os
import sys
from importlib import import_module
from typing import Annotated, cast

import typer

from evidock.cli import common
from evidock.cli.check import check
from evidock.cli.exempt import exempt
from evidock.cli.init import init
from evidock.cli.issue import issue, return_
from evidock.cli.provision import provision
from evidock.cli.status import status
from evidock.cli.sync import sync
from evidock.errors import EvidockError, WrongUsage, from_os_error
from evidock_protocol.versions import SOFTWARE

# Commands in the order of help; those given by name stand in modules of the same name, as a function or a group.
COMMANDS = (
    "demo", init, "org", provision, "registry", issue, check, exempt, return_, status, sync, "dock", "order",
    "configure", "firmware", "heads", "stamp", "verify", "timeline", "export", "inspect",
)  # fmt: skip

# typer brings its own click, whose place has changed between releases.
_UsageError = cast(type[Exception], typer.BadParameter.__bases__[0])
_INTERRUPTED = 130  # what typer returns when the user presses Ctrl-C

app = typer.Typer(
    name="evidock", add_completion=False, no_args_is_help=False, rich_markup_mode=None, pretty_exceptions_enable=False
)


@app.callback(invoke_without_command=True)
def evidock(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
    lang: Annotated[
        str | None,
        typer.Option("--lang", metavar="en|zh", help="Language of messages and reports; anywhere in the line."),
    ] = None,
) -> None:
    """Recordings that answer for their own gaps: dock recorders, keep what they signed, verify it.

    Example: evidock init ./evidence
    """
    if version:
        print(f"evidock {SOFTWARE}")
    elif context.invoked_subcommand is None:
        print(context.get_help())


def run(arguments: list[str]) -> int:
    """Runs one command line; returns the exit status: 0, 1 it failed, 2 wrong usage, or what the command says."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character still gets the rest
    try:
        try:
            return _run(arguments)
        except BrokenPipeError:
            # The reader of our output has gone; Python's own flush at exit must not complain either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except OSError as error:
            raise from_os_error(error) from error
    except EvidockError as error:
        _complain(error.message(common.lang()))
        return error.exit_status


def _run(arguments: list[str]) -> int:
    common.choose_language(_take_language(arguments))
    try:
        result: object = app(arguments, prog_name="evidock", standalone_mode=False)
        sys.stdout.flush()
    except KeyboardInterrupt:
        result = _INTERRUPTED
    except _UsageError as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else "evidock"
        reason = str(getattr(error, "format_message", lambda said=error: said)()).rstrip(".")
        raise WrongUsage("usage", reason=" ".join(reason.split()), command=command) from None
    if result == _INTERRUPTED:
        raise EvidockError("interrupted")
    return result if isinstance(result, int) else 0


def _take_language(arguments: list[str]) -> str | None:
    """Takes `--lang X` out of the arguments, wherever it stands before `--`."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    for place, argument in enumerate(arguments[:end]):
        if argument.startswith("--lang="):
            del arguments[place]
            return argument.removeprefix("--lang=")
        if argument == "--lang" and place + 1 < end:
            del arguments[place]
            return arguments.pop(place)
    return None


def _complain(line: str) -> None:
    print(f"evidock: {line}", file=sys.stderr)


def _register() -> None:
    for command in COMMANDS:
        if not isinstance(command, str):
            app.command(command.__name__.rstrip("_"))(command)
            continue
        found = getattr(import_module(f"evidock.cli.{command}"), command)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=command)
        else:
            app.command(command)(found)


_register()
