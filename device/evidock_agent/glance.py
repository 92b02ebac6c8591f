"""What kind an entry of the ring is, without parsing all of it: a ring has hundreds, and most matter to nobody.

Specification: "Entry payload". For entries that the recorder made, or parsed at boot.
"""

from evidock_protocol import cbor
from evidock_protocol.errors import ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.journal import Journal

_LENGTH = 47  # where an entry says how long its payload is: behind tag, array, protected and unprotected header
_DEVICE = 41  # bytes of the payload up to the epoch: map, format, suite and device, and the key of the epoch
_PREVIOUS = 35  # bytes of the previous entry's hash, with its key and head
_EVERY = 16  # entries between two slices


def kind_of(raw: bytes) -> int:
    """The kind of an entry by its bytes."""
    at = _LENGTH + (2 if raw[_LENGTH] == 0x58 else 3) + _DEVICE
    _epoch, at = cbor.decode_at(raw, at)
    _sequence, at = cbor.decode_at(raw, at + 1)
    kind, _end = cbor.decode_at(raw, at + _PREVIOUS + 1)
    return kind  # pyright: ignore[reportReturnType]


def each(journal: "Journal", kind: int):
    """Yields the bytes of each entry of this kind that the ring has, oldest first, and b"" between two slices."""
    sequence, end = journal.first, journal.size
    while sequence < end:
        if sequence < journal.first:  # meanwhile the ring let go of it
            sequence = journal.first
            continue
        raw = journal.raw(sequence)
        sequence += 1
        try:
            found = raw and kind_of(raw) == kind
        except (ProtocolError, IndexError):  # it rotted since it was written, or read at boot
            found = False
        if found:
            yield raw
        if sequence % _EVERY == 0:
            yield b""
