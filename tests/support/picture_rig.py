"""A picture track that records on a rig, and a reader of its files without the product's code."""

from __future__ import annotations

import struct
from typing import Any

from support.track_rig import Rig, root_of

from evidock_agent.picture import PictureTrack
from evidock_protocol import avi, codes

RATE = 15


def begun(rate: int = RATE, piece: int = 1 << 20) -> tuple[Rig, PictureTrack]:
    """A track that records from tick 0."""
    rig = Rig(rate, piece)
    track = PictureTrack(rig)  # pyright: ignore[reportArgumentType]
    track.start()
    track.open(1, rig.moments.now())
    return rig, track


def chunks_of(data: bytes) -> list[bytes]:
    """The pictures of a closed file, read without the product's code; its index must name just these."""
    assert struct.unpack_from("<4sI4s", data) == (b"RIFF", len(data) - 8, b"AVI ")
    end = 508 + struct.unpack_from("<I", data, 504)[0]
    found, rows, at = [], [], 512
    while at < end:
        name, length = struct.unpack_from("<4sI", data, at)
        assert name == b"00dc"
        found.append(data[at + 8 : at + 8 + length])
        assert not any(data[at + 8 + length : at + 8 + length + (length & 1)])
        rows.append((b"00dc", 0x10 if length else 0, at - 508, length))
        at += 8 + length + (length & 1)
    assert at == end
    index = b"".join(struct.pack("<4sIII", *row) for row in rows)
    assert data[end:] == (b"idx1" + struct.pack("<I", len(index)) + index if rows else b"")
    assert avi.read_header(data[:512])[3:] == (len(found), end - 512)
    return found


def check(rig: Rig, segment: Any, boot: int = 1) -> tuple[dict[str, Any], list[bytes]]:
    """Seals a segment; (fields of SEGMENT, its pictures). File, leaves, counts and time must agree."""
    body = rig.seal(segment, boot)
    assert body is not None
    data = rig.file(segment, "AVI")
    root, leaves = root_of(data)
    assert rig.file(segment, "LVS") == leaves
    assert (body["root"], body["length"], body["attested_length"]) == (root, len(data), len(data))
    assert (body["media"], body["track"], body["rate"]) == (codes.MEDIA_AVI, codes.TRACK_PICTURE, rig.camera.rate)
    assert (body["header_length"], body["leaf_size"], body["boot"]) == (512, 65536, boot)
    assert body["expected"] == (body["last_tick"] - body["first_tick"]) * body["rate"] // 1000
    pictures = chunks_of(data)
    assert body["written"] + body["lost"] == len(pictures)
    # No second is without pictures that neither came nor are declared lost: the verifier allows half a second.
    assert body["expected"] - len(pictures) <= body["rate"] // 2
    return body, pictures
