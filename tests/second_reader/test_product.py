"""The second reader and the product on the same archives, whole and damaged: one verdict, one set of findings."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from second_reader.key_table import SECTOR, make_table, read_identity
from second_reader.reader import Summary, read_archive

SECONDS = 120
Edit = Callable[[Path], None]
SOUND = "media/*/*/*/R0000001/*.wav"
PICTURES = "media/*/*/*/R0000001/*.avi"
ENCODED = "media/*/*/*/R0000001/*.mp4"


def program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def run(folder: Path, name: str, *arguments: str, statuses: tuple[int, ...] = (0,)) -> str:
    """What a program of the product writes; its settings lie in `folder`, not in the user's home."""
    settings = os.environ | {"XDG_CONFIG_HOME": str(folder / "settings")}
    command = [program(name), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, env=settings)
    assert done.returncode in statuses, f"{command}: {done.returncode}\n{done.stderr[-3000:]}"
    return done.stdout


@contextmanager
def recorder(folder: Path, scenario: str) -> Iterator[Path]:
    """A virtual recorder on a port, whose states are written to states.json."""
    port = folder / "port"
    command = [program("evidock-sim"), "run", scenario, "--link", str(port), "--seed", "7", "--speed", "max", "--json"]
    with (folder / "states.json").open("w") as states:
        process = subprocess.Popen(command, stdout=states, stderr=subprocess.DEVNULL)
    try:
        wait(port.exists)
        yield port
    finally:
        process.kill()
        process.wait()


def wait(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def make_store(folder: Path, scenario: str) -> Path:
    """A store into which the recorder of a scenario was docked after its shift."""
    store = folder / "store"
    (folder / "passphrase").write_text("a passphrase of the tests\n")
    secret = ("--org-key", str(folder / "organisation.key"), "--passphrase-file", str(folder / "passphrase"))
    run(folder, "evidock", "init", str(store), *secret, "--zone", "Europe/Berlin")
    with recorder(folder, scenario) as port:
        run(folder, "evidock", "provision", "--port", str(port), str(store), "--serial", "1", "--asset", "2")
        wait(lambda: '"docked"' in (folder / "states.json").read_text())
        run(folder, "evidock", "sync", "--port", str(port), str(store))
    return store


def read(store: Path) -> tuple[Path, list[str]]:
    (folder,) = (store / "recorders").iterdir()
    return folder, [json.loads((store / "store.json").read_text("utf-8"))["organisation"]]


def product_durations(report: dict[str, Any]) -> dict[tuple[int, str, str], timedelta]:
    """By recording, track and state."""
    found = dict[tuple[int, str, str], timedelta]()
    for span in report["coverage"]["tracks"]:
        place = span["recording"], span["track"], span["state"]
        length = datetime.fromisoformat(span["to"]) - datetime.fromisoformat(span["from"])
        found[place] = found.get(place, timedelta()) + length
    return found


def own_durations(summary: Summary) -> dict[tuple[int, str, str], timedelta]:
    return {
        (recording, track, state): timedelta(milliseconds=length)
        for recording, tracks in summary.coverage.items()
        for track, states in tracks.items()
        for state, length in states.items()
        if track != "all" and length
    }


def milliseconds(time: str | None) -> int | None:
    return None if time is None else round(datetime.fromisoformat(time).timestamp() * 1000)


def product_spans(report: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Every stretch of the time line, and what has no place on it with the bounds between which it lies."""
    spans = [
        (milliseconds(span["from"]), milliseconds(span["to"]), span["state"], span["cause"], span["recording"])
        for span in report["coverage"]["spans"]
    ]
    unplaced = [
        (
            boot["boot"],
            {state.removesuffix("_s"): round(length * 1000) for state, length in boot["seconds"].items()},
            (milliseconds(boot["between"]["from"]), milliseconds(boot["between"]["to"])),
        )
        for boot in report["coverage"]["unplaced"]
    ]
    return [*spans, *unplaced]


def own_spans(summary: Summary) -> list[tuple[Any, ...]]:
    spans = [(span.begin, span.end, *span.key) for span in summary.seconds.spans]
    return [*spans, *((boot.boot, boot.totals, boot.between) for boot in summary.seconds.unplaced)]


def product_totals(report: dict[str, Any]) -> dict[str, int]:
    totals = {name: length for name, length in report["coverage"].items() if name.endswith("_s") and length}
    return {name.removesuffix("_s"): round(length * 1000) for name, length in totals.items()}


def own_totals(summary: Summary) -> dict[str, int]:
    return {state: length for state, length in summary.seconds.totals.items() if length}


def product_gaps(report: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Each gap with its cause, its verdict, what it is about, and whether somebody said why."""
    return sorted(
        (
            (
                *(milliseconds(gap["from"]), milliseconds(gap["to"]), gap["cause"], gap["verdict"]),
                *(gap["recording"], gap["resumed"], gap["voice"] is not None),
            )
            for gap in report["gaps"]
        ),
        key=str,
    )


def own_gaps(summary: Summary) -> list[tuple[Any, ...]]:
    return sorted(
        (
            (
                *(summary.times.at(*gap.begin), summary.times.at(*(gap.end or gap.begin)), gap.cause, gap.verdict),
                *(gap.recording, gap.resumed, gap.voice is not None),
            )
            for gap in summary.gaps
        ),
        key=str,
    )


def compare(store: Path, settings: Path) -> Summary:
    """Both read a store alike."""
    folder, pins = read(store)
    trust = ("--trust", pins[0])
    report = json.loads(run(settings, "evidock", "verify", str(store), "--json", *trust, statuses=(0, 3, 4, 5, 6)))
    summary = read_archive(folder, pins)
    theirs = {(f["code"], f.get("recording"), f.get("segment")) for f in report["findings"]}
    ours = {(finding.code, finding.recording, finding.segment) for finding in summary.findings}
    assert ours == theirs
    assert summary.verdict == report["verdict"]
    assert own_spans(summary) == product_spans(report)
    assert own_gaps(summary) == product_gaps(report)
    assert own_totals(summary) == product_totals(report)
    first, second = own_durations(summary), product_durations(report)
    assert first.keys() == second.keys()
    apart = [place for place in first if first[place] != second[place]]
    assert [(place, first[place], second[place]) for place in apart] == []
    return summary


def files(store: Path, pattern: str) -> list[Path]:
    (folder,) = (store / "recorders").iterdir()
    found = sorted(folder.glob(pattern))
    assert found
    return found


def flip(pattern: str, place: float) -> Edit:
    def edit(store: Path) -> None:
        path = files(store, pattern)[0]
        content = bytearray(path.read_bytes())
        content[int(place * (len(content) - 1))] ^= 1
        path.write_bytes(content)

    return edit


def remove(pattern: str, which: slice = slice(None)) -> Edit:
    def edit(store: Path) -> None:
        for path in files(store, pattern)[which]:
            path.unlink()

    return edit


def change_length(pattern: str, by: int) -> Edit:
    def edit(store: Path) -> None:
        path = files(store, pattern)[0]
        content = path.read_bytes()
        path.write_bytes(content[:by] if by < 0 else content + bytes(by))

    return edit


def leave(pattern: str, name: str) -> Edit:
    """A file beside a segment."""

    def edit(store: Path) -> None:
        files(store, pattern)[0].with_name(name).write_bytes(b"\0")

    return edit


def rename(pattern: str, suffix: str) -> Edit:
    def edit(store: Path) -> None:
        path = files(store, pattern)[0]
        path.rename(path.with_suffix(suffix))

    return edit


def exchange(pattern: str, other: str) -> Edit:
    def edit(store: Path) -> None:
        first, second = files(store, pattern)[0], files(store, other)[-1]
        contents = first.read_bytes(), second.read_bytes()
        first.write_bytes(contents[1])
        second.write_bytes(contents[0])

    return edit


def attack(name: str) -> Edit:
    """One of the simulator's attacks."""

    def edit(store: Path) -> None:
        attacked = store.with_name("attacked")
        run(store.parent, "evidock-sim", "attack", name, str(store), str(attacked))
        shutil.rmtree(store)
        attacked.rename(store)

    return edit


def damages(pattern: str) -> dict[str, tuple[Edit, str]]:
    """What can happen to the files of one track, and the code that says so."""
    return {
        "a byte of a header": (flip(pattern, 0.0), "CONTENT_MISMATCH"),
        "a byte inside": (flip(pattern, 0.5), "CONTENT_MISMATCH"),
        "the last byte": (flip(pattern, 1.0), "CONTENT_MISMATCH"),
        "a file cut": (change_length(pattern, -100), "CONTENT_MISMATCH"),
        "a file longer": (change_length(pattern, 100), "UNCOVERED_TAIL"),
        "first file": (remove(pattern, slice(0, 1)), "HEAD_MISSING"),
        "last file": (remove(pattern, slice(-1, None)), "TAIL_OPEN"),
        "another extension": (rename(pattern, ".bin"), "STORE_MISMATCH"),
        "litter": (leave(pattern, "Thumbs.DB"), "LITTER"),
        "a foreign file": (leave(pattern, "Thumbs.db.txt"), "INSERTED"),
        "a number that nothing seals": (leave(pattern, "S0000099.avi"), "UNSIGNED_CONTENT"),
        "exchanged in a track": (exchange(pattern, pattern), "ORDER"),
    }


# What contradicts what keys, heads, registry, orders and receipts say, and the code that says so.
TRUST = {
    "continue-after-cut": "FORK",
    "roll-back": "ROLLBACK",
    "roll-back-and-outgrow": "ROLLBACK",
    "second-head": "EQUIVOCATION",
    "cloned-flash-works-on": "EQUIVOCATION",
    "backdate-entry": "EPOCH_VIOLATION",
    "backdate-drop": "EPOCH_VIOLATION",
    "turn-off": "FORK",
    "revoked-goes-on": "REVOKED",
    "delete-without-receipt": "UNACKED_DELETE",
    "firmware-ordered-otherwise": "FIRMWARE_CHANGE",
    "receipt-without-media": "RECEIPT_UNBACKED",
    "stolen-dock-key": "COMMANDED",
}
DAMAGES = {
    "patrol": {
        **damages(PICTURES),
        "every picture": (remove(PICTURES), "PICTURE_MISSING"),
        "every sound": (remove(SOUND), "AUDIO_MISSING"),
        "a file inside": (remove(PICTURES, slice(1, 2)), "SEGMENT_MISSING"),
        "exchanged between tracks": (exchange(SOUND, PICTURES), "ORDER"),
        "every file": (remove("media/*/*/*/R0000001/*.*"), "RECORDING_MISSING"),
        **{name: (attack(name), code) for name, code in TRUST.items()},
    },
    "external-encoder": {**damages(ENCODED), "every file": (remove(ENCODED), "RECORDING_MISSING")},
    "faulty-camera": {
        "a byte inside": (flip(PICTURES, 0.5), "CONTENT_MISMATCH"),
        "pictures in another rate": (attack("swap-picture-rate"), "CONTENT_MISMATCH"),
        "newest segment and all behind it": (attack("trim-tail"), "TAIL_OPEN"),
        "a recording with its entries": (attack("erase-recording"), "CHAIN_BREAK"),
        "an EPOCH with another key": (attack("hijack-epoch"), "FORK"),
        "GENESIS edited, so that ties count": (attack("edit-genesis"), "BAD_SIGNATURE"),
        "an entry edited": (attack("edit-entry"), "BAD_SIGNATURE"),
        "a signature edited": (attack("edit-signature"), "BAD_SIGNATURE"),
        "custody chain cut": (attack("cut-custody"), "CUSTODY_BREAK"),
        "newest head deleted": (attack("delete-newest-head"), "STORE_MISMATCH"),
        "media alone": (attack("loose-media"), "NO_JOURNAL"),
    },
    "faulty-encoder": {
        name: (attack(name), "BAD_SIGNATURE")
        for name in ("add-group-order", "small-order-signature", "non-canonical-signature")
    },
}
DECLARED = {
    "patrol": ("VERIFIED_DECLARED_GAPS", {"GAP_DECLARED", "BREAK"}),
    "external-encoder": ("VERIFIED_DECLARED_GAPS", {"BREAK"}),
    "faulty-camera": ("INCOMPLETE", {"CAPTURE_FAULT", "SAMPLES_LOST", "PICTURE_MISSING", "BREAK"}),
    "faulty-encoder": ("INCOMPLETE", {"CAPTURE_FAULT", "COVERAGE_HOLE", "GAP_DECLARED", "BREAK", "NO_VOICE"}),
}


def check_identity(flash: bytes) -> None:
    """The key table in the flash of a virtual recorder is the one that the organisation's key has."""
    sectors = (flash[begin : begin + SECTOR] for begin in range(0, len(flash), SECTOR))
    (identity,) = filter(None, map(read_identity, sectors))
    assert identity.table == make_table(identity.genesis.body.octets("organisation"))


# The worst of what each shift has, and codes that it must have.
SHIFTS = {
    "exempt": ("VERIFIED_DECLARED_GAPS", set[str]()),
    "clock-2021": ("INDETERMINATE", {"CLOCK_LOST", "CLOCK_UNSET", "UNCHECKED"}),
    "false-reason": ("INCOMPLETE", {"REASON_CONFLICT", "SETTINGS"}),
    "tail-removed": ("INCOMPLETE", {"MEDIA_LOST", "COVERAGE_HOLE", "GAP_DECLARED"}),
}
MORE_SHIFTS = (
    *("anchors-gone", "battery-empty", "battery-low", "brown-out", "card-fails", "card-removed", "card-stall"),
    *("deleted-after-receipt", "epoch-brown-out", "firmware-changed", "firmware-ordered", "foreign-card"),
    *("provisioned-again", "storage-pressure"),
    *("clock-lost", "clock-stepped", "docked-while-recording", "dropped", "exempt-idle", "microphone-pauses"),
    *("midnight", "no-card", "nonsense-settings", "officer-stops", "other-card", "overrun"),
    *("picture-tail-removed", "power-lost", "power-lost-resume", "power-lost-silent", "quiet-shift"),
    *("rotten-flash", "software-reset", "storage-full", "tail-appended", "tail-file-removed", "thermal"),
    *("unchecked-start", "watchdog"),
)


@pytest.mark.parametrize("scenario", SHIFTS)
def test_both_readers_agree_on_a_shift(tmp_path: Path, scenario: str) -> None:
    summary = compare(make_store(tmp_path, scenario), tmp_path)
    verdict, codes = SHIFTS[scenario]
    assert summary.verdict == verdict
    assert codes <= {finding.code for finding in summary.findings}


@pytest.mark.hunt
@pytest.mark.parametrize("scenario", MORE_SHIFTS)
def test_both_readers_agree_on_more_shifts(tmp_path: Path, scenario: str) -> None:
    store = make_store(tmp_path, scenario)
    compare(store, tmp_path)
    # Without GENESIS nothing says that the recorder is simulated, so that its hosts' times tie its boots.
    attack("edit-genesis")(store)
    compare(store, tmp_path)


@pytest.mark.parametrize("scenario", DAMAGES)
def test_both_readers_agree(tmp_path: Path, scenario: str) -> None:
    check_damages(tmp_path, scenario, 4)


@pytest.mark.hunt
@pytest.mark.parametrize("scenario", DAMAGES)
def test_both_readers_agree_on_all_damages(tmp_path: Path, scenario: str) -> None:
    check_damages(tmp_path, scenario, 1)


def check_damages(tmp_path: Path, scenario: str, step: int) -> None:
    """The archive as it is, and every `step`-th of its damages."""
    store = make_store(tmp_path, scenario)
    check_identity((tmp_path / "port.flash").read_bytes())
    summary = compare(store, tmp_path)
    assert (summary.verdict, {finding.code for finding in summary.findings}) == DECLARED[scenario]
    for name, (edit, code) in list(DAMAGES[scenario].items())[::step]:
        copy = tmp_path / "copy"
        shutil.copytree(store, copy)
        edit(copy)
        try:
            found = {finding.code for finding in compare(copy, tmp_path).findings}
        except AssertionError as error:
            raise AssertionError(f"{scenario}, {name}: {error}") from error
        assert code in found, f"{scenario}, {name}: {found}"
        shutil.rmtree(copy)
