"""What the commands share: the language, the store's default, the passphrase, and how results are printed.

Interface: "Command line". Results go to standard output, progress and complaints to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from evidock import errors, language
from evidock.errors import WrongUsage

Port = Annotated[
    str,
    typer.Option("--port", metavar="PORT", help="A device, a pty, socket://HOST:PORT, rfc2217://HOST:PORT …"),
]
StoreFolder = Annotated[
    Path | None, typer.Argument(metavar="STORE", help="The store's folder; EVIDOCK_STORE when it is not given.")
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", metavar="FILE", help="A file whose first line is the passphrase."),
]

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

_chosen: list[str] = []  # the language of this run, once it is chosen


def choose_language(option: str | None) -> None:
    """Fixes the language of this run; raises WrongUsage for one that there is not."""
    try:
        _chosen[:] = [language.choose(option, os.environ)]
    except ValueError:
        _chosen[:] = [language.choose(None, os.environ)]
        raise WrongUsage("unknown_language", language=option) from None


def lang() -> str:
    """The language of this run: "en" or "zh"."""
    return _chosen[0] if _chosen else language.choose(None, os.environ)


def say(key: str, **values: object) -> str:
    """A sentence of the catalogue in the language of this run."""
    return language.text(key, lang(), **values)


def store_folder(given: Path | None) -> Path:
    """The store that the user means. Raises WrongUsage when none is named."""
    named = given if given is not None else Path(os.environ.get("EVIDOCK_STORE", ""))
    if str(named) in ("", "."):
        if given is not None:
            return given
        raise WrongUsage("no_store")
    return named


def passphrase(key: Path, file: Path | None, new: bool) -> str:
    """The passphrase of the organisation key: from `file`, EVIDOCK_PASSPHRASE, or the terminal (twice when `new`)."""
    if file is not None:
        with errors.at(file):
            lines = file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        text = lines[0] if lines else ""
    elif "EVIDOCK_PASSPHRASE" in os.environ:
        text = os.environ["EVIDOCK_PASSPHRASE"]
    else:
        text = _ask(key, new)
    if not text:
        raise WrongUsage("empty_passphrase")
    return text


def print_json(value: dict[str, object]) -> None:
    """One JSON object on standard output."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def human_bytes(count: float) -> str:
    """A number of bytes as people read it, in powers of ten."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def human_time(seconds: float) -> str:
    """A length of time as h:mm:ss."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table: columns as wide as their widest cell."""
    count = max((len(row) for row in rows), default=0)
    widths = [max(columns(row[at]) for row in rows if at < len(row)) for at in range(count)]
    return [
        "  ".join(cell + " " * (widths[at] - columns(cell)) for at, cell in enumerate(row)).rstrip() for row in rows
    ]


def columns(text: str) -> int:
    """Columns that text takes in a terminal: Chinese characters take two."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)


def _ask(key: Path, new: bool) -> str:
    import getpass

    if not sys.stdin.isatty():
        raise WrongUsage("no_passphrase")
    text = getpass.getpass(say("cli.passphrase_new" if new else "cli.passphrase", path=key))
    if new and getpass.getpass(say("cli.passphrase_again")) != text:
        raise WrongUsage("passphrases_differ")
    return text
