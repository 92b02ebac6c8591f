"""The files of a sealed segment on the card: which they are, whether they are what was sealed, and their unlinking.

Specification: "Deletion on the recorder". Loaded on demand, where a TOMBSTONE says that something was deleted.
"""

import struct

from evidock_agent import glance, sealed_media
from evidock_protocol import card, entry, kinds, merkle, versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports
    from evidock_agent.agent import Agent

_HEADER = 512  # bytes of a media file's header
_LONGEST = (versions.MAXIMUM_FILE // versions.LEAF_SOUND + 2) * merkle.HASH_SIZE  # bytes of a leaf list
_NOTHING = (b"", "", False)  # (root, path, whether another media file bears the name) of a segment that is not there


def finish(agent: "Agent"):
    """Generator: unlinks what a TOMBSTONE names and a cut left on the card that was just taken up. Raises OSError."""
    cards = agent.board.card
    recording, names = 0, []
    for raw in glance.each(agent.journal, kinds.TOMBSTONE):
        if not raw:
            yield
            continue
        body = entry.parse(raw).body
        if body["recording"] != recording:
            recording = body["recording"]
            names = cards.names(agent.folder + "/" + card.recording_folder(recording))
        stem = card.segment_stem(body["number"])
        if any(name.startswith(stem) for name in names):
            yield from unlink(agent, recording, body["number"], body["root"])


def look(agent: "Agent", recording: int, number: int):
    """Generator: (root, path, whether another media file bears the name) of a segment that is sealed on this card.

    The root is that of its leaf list, b"" without; the path that of the file which is nothing but what was sealed, ""
    without: of another one nobody has a receipt. Raises OSError.
    """
    cards = agent.board.card
    stem = card.segment_base(agent.folder, recording, number)
    leaf, size = sealed_media.leaf_list(cards, stem)
    if not leaf or size % merkle.HASH_SIZE or size > _LONGEST:
        return _NOTHING
    tree = merkle.TreeHasher()
    with cards.open(stem + card.LEAVES, "rb") as file:
        file.seek(merkle.HASH_SIZE)
        for at in range(size // merkle.HASH_SIZE - 1):
            tree.append(file.read(merkle.HASH_SIZE))
            if at % 16 == 15:
                yield
    found = sealed_media.find(cards, stem, leaf)
    path = found[0] if found is not None and _is_sealed(cards, found[0], found[1], leaf) else ""
    others = [name for _media, name in card.EXTENSIONS if stem + name != path and cards.size(stem + name) is not None]
    return merkle.segment_root(leaf, tree.root()), path, bool(others)


def unlink(agent: "Agent", recording: int, number: int, root: bytes):
    """Generator: removes a segment's files; the leaf list last, since it tells them from others. Raises OSError."""
    cards = agent.board.card
    found, path, other = yield from look(agent, recording, number)
    if found != root or (other and not path):
        return
    if path:
        cards.remove(path)
        yield
    stem = card.segment_base(agent.folder, recording, number)
    cards.remove(stem + card.CHECKPOINTS)
    cards.remove(stem + card.LEAVES)


def _is_sealed(cards: "ports.Card", path: str, length: int, leaf: bytes) -> bool:
    """Whether a file has the header with this leaf, and is no longer than that says: nobody holds what lies behind."""
    with cards.open(path, "rb") as file:
        header = file.read(_HEADER)
    if merkle.leaf_hash(header) != leaf:
        return False
    if header[:4] != b"RIFF" or len(header) < 8:
        return True
    return struct.unpack_from("<I", header, 4)[0] + 8 == length
