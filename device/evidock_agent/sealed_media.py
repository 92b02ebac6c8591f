"""Which of the files that bear a segment's name on the card is the one that was sealed.

Specification: "The card", "Hash trees". Whoever held the card may have put a file of another kind beside it (AT-34).
The header's leaf tells them apart, and the header itself says of which kind it is: so not even a copy passes for it.
"""

from evidock_protocol import card, codes, merkle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports

_HEADER = 512  # bytes of the header leaf, if the file is as long
_UNSEALED = bytes(merkle.HASH_SIZE)
_FORMS = {codes.MEDIA_WAV: b"WAVE", codes.MEDIA_AVI: b"AVI "}  # bytes 8 to 11 of such a header


def leaf_list(cards: "ports.Card", stem: str) -> tuple[bytes, int]:
    """(the header's leaf, bytes of all leaves) of a segment, (b"", 0) when it was given up or never sealed.

    `stem` ends with a dot. The header's leaf comes first and is written last, when a segment is closed, over 32 zero
    bytes. So the list of one that was given up begins with zeros, and a file of an encoder that nothing was hashed of
    has no list. Raises OSError.
    """
    size = cards.size(stem + card.LEAVES)
    if not size:
        return b"", 0
    with cards.open(stem + card.LEAVES, "rb") as file:
        leaf = file.read(merkle.HASH_SIZE)
    return (b"", 0) if len(leaf) < merkle.HASH_SIZE or leaf == _UNSEALED else (leaf, size)


def find(cards: "ports.Card", stem: str, leaf: bytes) -> tuple[str, int] | None:
    """(path, bytes) of the file whose header has this leaf, else of the first there is, or None; raises OSError.

    One whose header was changed is handed out too: it is for the host to say so.
    """
    found = None
    for media, extension in card.EXTENSIONS:
        path = stem + extension
        size = cards.size(path)
        if size is None:
            continue
        with cards.open(path, "rb") as file:
            header = file.read(_HEADER)
        if merkle.leaf_hash(header) == leaf and header[8:12] == _FORMS.get(media, header[8:12]):
            return path, size
        if found is None:
            found = path, size
    return found
