"""The command line in this process, as the user of a fresh home folder; keys under cheap passphrases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evidock import keys
from evidock.cli.main import run

PASSPHRASE = "correct horse"


class Told:
    """What one command said."""

    def __init__(self, status: int, out: str, err: str):
        self.status, self.out, self.err = status, out, err

    @property
    def complaint(self) -> str:
        """The one line of complaint; fails when there is not exactly one."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("evidock: ")
        return lines[0]

    @property
    def json(self) -> Any:
        """What was printed, as JSON; fails for a command that failed."""
        assert self.status == 0, self.err
        return json.loads(self.out)


class CommandLine:
    """Runs command lines; `said` is all that they printed."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
        self.home = folder / "home"
        self.key = self.home / "evidock" / "organisation.key"
        self.said = ""
        self._capsys = capsys
        for name in ("HOME", "XDG_CONFIG_HOME"):
            monkeypatch.setenv(name, str(self.home))
        for name in ("EVIDOCK_STORE", "EVIDOCK_NEW_PASSPHRASE", "LC_ALL", "LC_MESSAGES", "LANG"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("EVIDOCK_PASSPHRASE", PASSPHRASE)
        monkeypatch.setattr(keys, "OPERATIONS", 1)
        monkeypatch.setattr(keys, "MEMORY", 8192)
        monkeypatch.chdir(folder)

    def __call__(self, *arguments: str) -> Told:
        self._capsys.readouterr()
        status = run(list(arguments))
        told = self._capsys.readouterr()
        self.said += told.out + told.err
        return Told(status, told.out, told.err)

    def does(self, *arguments: str) -> str:
        """Runs a command that must succeed; what it printed."""
        told = self(*arguments)
        assert told.status == 0, told.err
        return told.out


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its path; locks, which hold nothing, apart."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}
