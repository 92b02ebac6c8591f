"""What the hardware of a recorder hears and sees: opens the media files that its world names.

Interface: "Command line" (IMAGE.world).
"""

from evidock_simulator.virtual.sound import NotUsable, Tone, WavFile

SOUND, PICTURE, ENCODER = TRACKS = ("sound", "picture", "encoder")
QUIET = "quiet"  # a scenario's `sound` when nothing but what its events say is heard
_KEYS = {SOUND: "media", PICTURE: "picture", ENCODER: "encoder"}  # in the world's state


def set_media(state: dict, media: dict) -> None:
    """Changes what the tracks that `media` names play."""
    for track, path in media.items():
        state[_KEYS[track]] = path


def tracks(state: dict) -> list[str]:
    """The tracks that this recorder has."""
    return state["scenario"].get("tracks", [SOUND])


def open_all(state: dict) -> tuple:
    """(source of sound, source of pictures, encoder's clip), each None when the recorder has no such track."""
    found = tracks(state)
    return (
        _sound(state) if SOUND in found else None,
        open_one(PICTURE, state.get(_KEYS[PICTURE]), state["seed"]) if PICTURE in found else None,
        open_one(ENCODER, state.get(_KEYS[ENCODER]), state["seed"]) if ENCODER in found else None,
    )


def _sound(state: dict):
    path = state.get(_KEYS[SOUND])
    if not path and state["scenario"].get("sound") == QUIET:
        from evidock_simulator.virtual.quiet import Quiet  # each loaded only where it is needed

        return Quiet(state["seed"])
    return open_one(SOUND, path, state["seed"])


def open_one(track: str, path: str | None, seed: int):
    """The source in a file, or one made from the seed. Raises NotUsable or OSError."""
    if track == SOUND:
        return WavFile(path) if path else Tone(seed)
    if track == PICTURE:
        if not path:
            from evidock_simulator.virtual.drawn import Drawn

            return Drawn(seed)
        from evidock_simulator.virtual.pictures import AviFile

        return AviFile(path)
    from evidock_simulator.virtual.clip import open_clip

    if not path:
        raise NotUsable("an encoder without a clip")
    return open_clip(path)
