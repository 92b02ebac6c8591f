"""The steps of the demonstration, in order; the command line prints what each returns.

Interface: `evidock demo`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from evidock import client, docking, durable, errors, organisation, picture, provisioning, verification
from evidock.demonstration import edit
from evidock.demonstration import media as own_media
from evidock.demonstration.virtual import VirtualRecorder
from evidock.errors import StoreError
from evidock.report import Report
from evidock.store import Store

SCENARIO = "patrol"
ZONE = "Asia/Shanghai"  # where the scenario's officer walks
PASSPHRASE = "demonstration"  # protects nothing: the key certifies this demonstration only
MARKER = ".evidock-demo"  # says that a folder was made here, so that it may be made anew


class Result(NamedTuple):
    """A verified store: its folder, the report, and its picture."""

    store: Path
    report: Report
    picture: Path


class Demonstration:
    """One demonstration in a folder. Call the steps in their order."""

    def __init__(self, folder: Path, seed: int, lang: str):
        """Makes the folder, or empties it when an earlier demonstration made it. Raises StoreError for any other."""
        self.folder = folder
        self._seed = seed
        self._lang = lang
        self._fingerprint = ""
        with errors.at(folder):
            if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
                if not (folder / MARKER).is_file():
                    raise StoreError("demo_folder", path=folder)
                shutil.rmtree(folder)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / MARKER).touch()

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the demonstration's organisation key, which is pinned for this demonstration only."""
        return self._fingerprint

    def shift(
        self,
        media: Sequence[Path],
        tell: Callable[[str], None],
        progress: Callable[[docking.Progress], None] | None,
    ) -> docking.SyncResult:
        """Enrols a simulated recorder, lets it work its shift, and docks it. `tell` hears "shift", then "docked".

        Raises EvidockError.
        """
        work = self.folder / "recorder"
        with errors.at(work):
            work.mkdir()
        played = own_media.prepare(media, work)
        key = organisation.create(self.folder / "organisation.key", PASSPHRASE)
        self._fingerprint = key.key.thumbprint.hex()
        with (
            Store.create(self.folder / "store", key, "demonstration dock", ZONE) as store,
            VirtualRecorder(SCENARIO, work, self._seed, played) as virtual,
        ):
            virtual.wait_for("waiting")
            with client.connect(str(virtual.port), store) as recorder:
                provisioning.provision(recorder, store, "DEMO-1", "0001")
            tell("shift")
            virtual.wait_for("docked")
            tell("docked")
            with client.connect(str(virtual.port), store) as recorder:
                return docking.sync(recorder, store, progress)

    def verify(self, name: str) -> Result:
        """Verifies the store or its copy of that name and draws its timeline."""
        store = self.folder / name
        report = verification.verify(store, trust=[self._fingerprint], lang=self._lang)
        drawn = self.folder / f"{name}.svg"
        durable.write_whole(drawn, picture.draw_svg(report, self._lang).encode())
        return Result(store, report, drawn)

    def edit_copy(self) -> edit.Edit:
        """Copies the store and edits the copy."""
        copy = self.folder / "edited"
        with errors.at(copy):
            shutil.copytree(self.folder / "store", copy)
        return edit.edit(copy)
