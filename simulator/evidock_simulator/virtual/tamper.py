"""What a thief does to a card while the recorder is off: to its newest file, through a file system as anyone would.

Attacks: AT-33 and AT-34.
"""

from evidock_protocol import card
from evidock_simulator.virtual.supply import Supply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_simulator.virtual.board import Parts

TRIM = "trim"  # the second half of the file goes
REMOVE = "remove"  # the file goes, with all that lies beside it
APPEND = "append"  # a third more of the same comes behind it
TAMPERINGS = (TRIM, REMOVE, APPEND)
_MEDIA = (".WAV", ".AVI", ".MP4", ".BIN")
_BLOCK = 4096
_SPARE = "SPARE.TMP"


def tamper(parts: "Parts", what: str) -> None:
    """Does it to the newest file of the newest recording on the card that is in."""
    cards = parts.open_card(Supply())
    if not cards.mount():
        return
    folder = card.ROOT
    for _ in range(2):  # the recorder's folder, then the recording's
        folder += "/" + sorted(name for name in cards.names(folder) if "." not in name)[-1]
    name = sorted(name for name in cards.names(folder) if name[-4:] in _MEDIA)[-1]
    path = folder + "/" + name
    if what == REMOVE:
        for beside in cards.names(folder):
            if beside.startswith(name[:-4]):
                cards.remove(folder + "/" + beside)
    elif what == TRIM:
        _copy(cards, path, 0, cards.size(path) // 2, folder + "/" + _SPARE, "wb")
        cards.remove(path)
        cards.rename(folder + "/" + _SPARE, path)
    else:
        length = cards.size(path)
        _copy(cards, path, length // 2, length // 3, folder + "/" + _SPARE, "wb")
        _copy(cards, folder + "/" + _SPARE, 0, length // 3, path, "ab")
        cards.remove(folder + "/" + _SPARE)
    cards.unmount()


def _copy(cards, source: str, first: int, length: int, target: str, mode: str) -> None:
    with cards.open(source, "rb") as old, cards.open(target, mode) as new:
        old.seek(first)
        while length > 0:
            block = old.read(min(_BLOCK, length))
            new.write(block)
            length -= len(block)
