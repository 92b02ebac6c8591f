"""What internal flash holds beside the rings: the settings file, and the agent that its measurement stands for.

Interface: "Command line" (IMAGE.world keeps both). Architecture: "Where bytes live" (internal flash, file system).
"""

import hashlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_simulator.virtual.supply import Supply

EIO = 5
OWN = "own"  # the agent that runs here
OTHER = "other"  # some other: what runs is the same, and measures itself otherwise
FIRMWARES = (OWN, OTHER)


def measurement(own: bytes, firmware: str) -> bytes:
    """What a recorder measures with this firmware, where its own agent measures `own`."""
    return own if firmware == OWN else hashlib.sha256(b"evidock simulated firmware " + firmware.encode() + own).digest()


class Files:
    """The file system of internal flash. `state` is what IMAGE.world keeps; `save()` keeps it."""

    def __init__(self, state: dict, save):
        self._state = state
        self._save = save

    def settings(self) -> bytes:
        """The settings file: what an order made of it, or what the scenario has."""
        kept = self._state.get("settings")
        return (self._state["scenario"].get("settings", "") if kept is None else kept).encode()

    def save_settings(self, raw: bytes, supply: "Supply") -> None:
        """Replaces the settings file: whole, or not at all when power goes."""
        if supply.operation():
            raise OSError(EIO)
        self._state["settings"] = raw.decode()
        self._save()

    def measurement(self, own: bytes) -> bytes:
        """What a boot measures."""
        return measurement(own, self._state.get("firmware", OWN))

    def flash(self, firmware: str) -> None:
        """Puts another firmware on the recorder, which boots from it next."""
        self._state["firmware"] = firmware
