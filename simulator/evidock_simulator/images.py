"""The files of a virtual recorder: flash image, card and IMAGE.world, made when they are missing.

Interface: "Command line" (evidock-sim run).
"""

import os
import secrets
from pathlib import Path
from typing import Any

from evidock_protocol.flash import SECTOR
from evidock_simulator import fat32
from evidock_simulator.scenario import load
from evidock_simulator.virtual import keeping, nor
from evidock_simulator.virtual.sound import NotUsable, WavFile

MEDIA = Path(__file__).parent / "media" / "patrol-en-zh.wav"


class BadImage(ValueError):
    """Files that do not belong together, or cannot be used; the text says what to do."""


def world_path(image: Path) -> Path:
    """Where the world of a flash image is kept."""
    return image.with_name(image.name + ".world")


def prepare(
    image: Path, card: Path, scenario: str, seed: int | None = None, media: Path | None = None, folder: bool = False
) -> dict[str, Any]:
    """Makes what is missing and returns the state that the recorder starts from. Raises BadScenario, BadImage, OSError.

    With `folder` the card is a folder, for an interpreter without FAT. An existing recorder keeps its seed; a scenario
    of another name starts once the shift that it was made for is over.
    """
    shift, start = load(scenario)
    kept = world_path(image)
    if image.exists() != kept.exists():
        missing, there = (kept, image) if image.exists() else (image, kept)
        raise BadImage(f"{there} is there and {missing} is not: remove it to begin anew, or bring the other back")
    if not image.exists():
        # Without a seed each recorder is another: two of one seed would have the same keys.
        seed = secrets.randbelow(1 << 32) if seed is None else seed
        state = keeping.new(seed, shift, str(_sound(media or MEDIA)), start)
        _make_card(card, state["seed"], folder)
        image.parent.mkdir(parents=True, exist_ok=True)
        image.write_bytes(b"\xff" * (nor.TOTAL * SECTOR))
        keeping.save(str(kept), state)
        return state
    state = _load(kept)
    if image.stat().st_size != nor.TOTAL * SECTOR:
        raise BadImage(f"{image} has {image.stat().st_size} bytes, expected {nor.TOTAL * SECTOR}: it is no flash image")
    if seed is not None and seed != state["seed"]:
        raise BadImage(f"{image} was made with seed {state['seed']}, not {seed}")
    _make_card(card, state["seed"], folder)
    if media is not None:
        state["media"] = str(_sound(media))
    if state["scenario"]["name"] != shift["name"]:
        if not state["over"]:
            raise BadImage(f"{image} is in the middle of scenario {state['scenario']['name']}")
        state.update(scenario=shift, began=None, event=0, over=False, docked=False)
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


def _sound(media: Path) -> Path:
    """The absolute path of a usable WAV file."""
    try:
        WavFile(os.fspath(media))
    except NotUsable as error:
        raise BadImage(f"{media}: {error}") from None
    return media.resolve()
