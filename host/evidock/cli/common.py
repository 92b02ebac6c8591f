"""What the commands share: the language, the store's default, the passphrase, and how results are printed.

Interface: "Command line". Results go to standard output, progress and complaints to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidock import errors, language
from evidock.errors import WrongUsage

if TYPE_CHECKING:
    from evidock.client import Recorder
    from evidock.store import Store

Port = Annotated[
    str,
    typer.Option("--port", metavar="PORT", help="A device, a pty, socket://HOST:PORT, rfc2217://HOST:PORT …"),
]
Baud = Annotated[
    int | None,
    typer.Option(
        "--baud",
        metavar="BITS",
        min=50,
        max=20_000_000,
        help="Fix the rate of the line, in bits per second. Default: 115200, and sync and dock the highest that works.",
    ),
]
Patience = Annotated[
    float,
    typer.Option(
        "--patience",
        metavar="SECONDS",
        min=0,
        max=86_400,
        help="Wait so long for a line that was lost to come back and bring something; 0: end at once.",
    ),
]
PATIENCE = 30.0
StoreFolder = Annotated[
    Path | None, typer.Argument(metavar="STORE", help="The store's folder; EVIDOCK_STORE when it is not given.")
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", metavar="FILE", help="A file whose first line is the passphrase."),
]
NewPassphraseFile = Annotated[
    Path | None,
    typer.Option("--new-passphrase-file", metavar="FILE", help="A file whose first line is the new passphrase."),
]
OrgKey = Annotated[
    Path | None,
    typer.Option("--org-key", metavar="PATH", help="The organisation key; default: in the user's own folder."),
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


def warn_out_of_use(store: Store, recorder: Recorder) -> str | None:
    """Says on standard error, and returns, that the registry has a recorder as lost, retired or revoked."""
    from evidock import registry

    state = registry.out_of_use(store, recorder.device)
    if state is not None and recorder.device is not None:
        told = language.name("registry", state, lang())
        print(say("cli.out_of_use", device=recorder.device.hex()[:16], state=told), file=sys.stderr)
    return state


def store_folder(given: Path | None) -> Path:
    """The store that the user means. Raises WrongUsage when none is named."""
    named = given if given is not None else Path(os.environ.get("EVIDOCK_STORE", ""))
    if str(named) in ("", "."):
        if given is not None:
            return given
        raise WrongUsage("no_store")
    return named


def store_and_file(given: list[Path]) -> tuple[Path, Path]:
    """The store and the file of `[STORE] FILE`. Raises WrongUsage for any other number of names."""
    if len(given) not in (1, 2):
        raise WrongUsage("which_file")
    return store_folder(given[0] if len(given) == 2 else None), given[-1]


def key_path(given: Path | None) -> Path:
    """The organisation key that the user means."""
    if given is not None:
        return given
    from evidock import organisation

    return organisation.default_path()


def hexadecimal(text: str, length: int) -> bytes:
    """`length` bytes that the user gave in hexadecimal. Raises WrongUsage."""
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    if len(raw) != length:
        raise WrongUsage("not_hexadecimal", given=text[:80], digits=2 * length)
    return raw


def passphrase(key: Path, file: Path | None, new: bool) -> str:
    """The passphrase of the organisation key: from `file`, EVIDOCK_PASSPHRASE, or the terminal (twice when `new`)."""
    return _passphrase(key, file, new, False)


def new_passphrase(key: Path, file: Path | None) -> str:
    """The passphrase that replaces one, or that a new file gets: from `file`, EVIDOCK_NEW_PASSPHRASE, the terminal."""
    return _passphrase(key, file, True, True)


def _passphrase(key: Path, file: Path | None, new: bool, second: bool) -> str:
    variable = "EVIDOCK_NEW_PASSPHRASE" if second else "EVIDOCK_PASSPHRASE"
    if file is not None:
        with errors.at(file):
            lines = file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        text = lines[0] if lines else ""
    elif variable in os.environ:
        text = os.environ[variable]
    else:
        text = _ask(key, new, second)
    if not text:
        raise WrongUsage("empty_passphrase")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise WrongUsage("passphrase_not_text") from None
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


def _ask(key: Path, new: bool, second: bool) -> str:
    import getpass

    if not sys.stdin.isatty():
        raise WrongUsage("no_new_passphrase" if second else "no_passphrase")
    text = getpass.getpass(say("cli.passphrase_new" if new else "cli.passphrase", path=key))
    if new and getpass.getpass(say("cli.passphrase_again")) != text:
        raise WrongUsage("passphrases_differ")
    return text
