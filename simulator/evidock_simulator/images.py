"""The files of a virtual recorder: flash image, card and IMAGE.world, made when they are missing.

Interface: "Command line" (evidock-sim run).
"""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evidock_protocol.flash import SECTOR
from evidock_simulator import fat32
from evidock_simulator.scenario import load
from evidock_simulator.virtual import keeping, nor, slot, sources
from evidock_simulator.virtual.sound import NotUsable

_FOLDER = Path(__file__).parent / "media"
MEDIA = {"sound": _FOLDER / "patrol-en-zh.wav", "picture": _FOLDER / "patrol.avi", "encoder": _FOLDER / "patrol.mp4"}

_FOREIGN = b"Somebody else's files, which a recorder leaves as they are.    \n"
_KINDS = {
    sources.SOUND: "a WAV file of 16-bit PCM",
    sources.PICTURE: "an AVI file of MJPEG",
    sources.ENCODER: "a file for the encoder",
}


class BadImage(ValueError):
    """Files that do not belong together, or cannot be used; the text says what to do."""


def world_path(image: Path) -> Path:
    """Where the world of a flash image is kept."""
    return image.with_name(image.name + ".world")


def prepare(
    image: Path,
    card: Path,
    scenario: str,
    seed: int | None = None,
    media: Sequence[Path] = (),
    folder: bool = False,
    only_media: bool = False,
) -> dict[str, Any]:
    """Makes what is missing and returns the state that the recorder starts from. Raises BadScenario, BadImage, OSError.

    `media` replaces what a track plays: WAV the sound, AVI the pictures, anything else the encoder's file. With
    `only_media` a new recorder has only the tracks that `media` is for. With `folder` the card is a folder, for an
    interpreter without FAT. An existing recorder keeps its seed; a scenario of another name starts once the shift that
    it was made for is over.
    """
    shift, start = load(scenario)
    kept = world_path(image)
    if image.exists() != kept.exists():
        missing, there = (kept, image) if image.exists() else (image, kept)
        raise BadImage(f"{there} is there and {missing} is not: remove it to begin anew, or bring the other back")
    if not image.exists():
        # Without a seed each recorder is another: two of one seed would have the same keys.
        seed = secrets.randbelow(1 << 32) if seed is None else seed
        if only_media and media:
            given = {_fitting(shift, path) for path in media}
            shift["tracks"] = [track for track in shift["tracks"] if track in given]
        state = keeping.new(seed, shift, {}, start)
        sources.set_media(state, _media(shift, media))
        _make_cards(card, state["seed"], folder, shift)
        image.parent.mkdir(parents=True, exist_ok=True)
        image.write_bytes(b"\xff" * (nor.TOTAL * SECTOR))
        keeping.save(str(kept), state)
        return state
    state = _load(kept)
    if image.stat().st_size != nor.TOTAL * SECTOR:
        raise BadImage(f"{image} has {image.stat().st_size} bytes, expected {nor.TOTAL * SECTOR}: it is no flash image")
    if seed is not None and seed != state["seed"]:
        raise BadImage(f"{image} was made with seed {state['seed']}, not {seed}")
    _make_cards(card, state["seed"], folder, shift)
    if state["scenario"]["name"] != shift["name"]:
        if not state["over"]:
            raise BadImage(f"{image} is in the middle of scenario {state['scenario']['name']}")
        state.update(scenario=shift, began=None, event=0, over=False, docked=False)
        if "settings" in shift:
            state.pop("settings", None)  # the scenario brings a file of its own
        sources.set_media(state, _media(shift, media))
    elif media:
        sources.set_media(state, _media(shift, media, shipped=False))
    keeping.save(str(kept), state)
    return state


def _load(kept: Path) -> dict[str, Any]:
    try:
        state = keeping.load(str(kept))
        if state["format"] != 1:
            raise BadImage(f"{kept} has format {state['format']}, expected 1")
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, BadImage):
            raise
        raise BadImage(f"{kept} cannot be read: {error}") from None
    return state


def _make_cards(card: Path, seed: int, folder: bool, shift: dict[str, Any]) -> None:
    """The recorder's own card, and the others that a scenario puts in, beside it."""
    _make_card(card, seed, folder)
    named = {event[2] for event in shift["events"] if event[1] == "card"}
    for number, name in enumerate((slot.OTHER, slot.FOREIGN), 1):
        beside = card.with_name(f"{card.name}.{name}")
        if name in named and not beside.exists():
            _make_card(beside, seed + number, folder)
            if name == slot.FOREIGN:
                _make_foreign(beside, folder)


def _make_foreign(card: Path, folder: bool) -> None:
    """A card of somebody's computer: a file system that no recorder reads, with something of worth in it."""
    if folder:
        (card / "MATTER").write_bytes(_FOREIGN * 64)
    else:
        card.write_bytes((b"\xeb\x76\x90EXFAT   " + bytes(501) + _FOREIGN * 64).ljust(1 << 20, b"\0"))


def _make_card(card: Path, seed: int, folder: bool) -> None:
    if folder:
        if card.is_file():
            raise BadImage(f"{card} is an image: without MicroPython the card must be a folder")
        card.mkdir(parents=True, exist_ok=True)
    elif card.is_dir():
        raise BadImage(f"{card} is a folder, expected an image")
    elif not card.exists():
        card.parent.mkdir(parents=True, exist_ok=True)
        fat32.make_image(card, serial=seed)


def _media(shift: dict[str, Any], given: Sequence[Path], shipped: bool = True) -> dict[str, str]:
    """The absolute path of a usable file for each track, those that ship with the simulator unless others are given."""
    found = {track: MEDIA[track] for track in shift["tracks"]} if shipped else {}
    if shift.get("sound") == sources.QUIET:
        found.pop(sources.SOUND, None)
    taken: set[str] = set()
    for path in given:
        track = _fitting(shift, path)
        if track in taken:
            raise BadImage(f"{path}: there is another {_KINDS[track]} before it")
        taken.add(track)
        found[track] = path
    for track, path in found.items():
        try:
            sources.open_one(track, os.fspath(path), 0)
        except NotUsable as error:
            raise BadImage(f"{path}: {error}") from None
    return {track: str(path.resolve()) for track, path in found.items()}


def _fitting(shift: dict[str, Any], path: Path) -> str:
    """The track of a scenario that a file is for."""
    track = _track(path)
    if track not in shift["tracks"]:
        kinds = " or ".join(_KINDS[track] for track in shift["tracks"])
        raise BadImage(f"{path}: not {kinds}, which is what the recorder of scenario {shift['name']} takes")
    return track


def _track(path: Path) -> str:
    """The track that a file is for, by its first bytes."""
    with path.open("rb") as file:
        head = file.read(12)
    if head[:4] == b"RIFF" and head[8:] in (b"WAVE", b"AVI "):
        return sources.SOUND if head[8:] == b"WAVE" else sources.PICTURE
    return sources.ENCODER
