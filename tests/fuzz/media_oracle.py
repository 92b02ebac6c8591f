"""What must hold for any bytes of a media file at all: walking an AVI file, its header, its index, and JPEG pictures.

Specification: "AVI" and "WAV". The first byte says what the rest is.
"""

# These run on MicroPython too, which has no typing module to say more.
# pyright: reportArgumentType=false, reportCallIssue=false, reportOptionalSubscript=false
# pyright: reportOptionalIterable=false

import io
import struct

from fuzz.oracles import refusal_of

from evidock_protocol import avi, jpeg, wav
from evidock_protocol.errors import Malformed

LONGEST = 1 << 16  # bytes of an input that are looked at


def containers(data):
    if not data:
        return
    rest = data[1 : 1 + LONGEST]
    (chunks, header, picture, sound)[data[0] & 3](rest, data[0] >> 2)


def chunks(body, cut):
    """The chunks behind a header are those that a reader of the whole file in memory finds, none beyond the end."""
    expected, end = [], 0
    limit = max(0, len(body) - cut)
    while body[end : end + 4] == b"00dc" and end + 8 <= limit:
        length = struct.unpack("<I", body[end + 4 : end + 8])[0]
        if end + 8 + length + length % 2 > limit:
            break
        expected.append((end, length))
        end += 8 + length + length % 2
    file = io.BytesIO(bytes(avi.AVI_HEADER) + body)
    walker = avi.Walker(file, avi.AVI_HEADER + limit)
    found = []
    while True:
        start = walker.position - avi.AVI_HEADER
        length = walker.hop()
        if length < 0:
            break
        found.append((start, length))
        assert walker.chunks == len(found)
    assert found == expected, "other chunks than are there"
    assert walker.position == avi.AVI_HEADER + end
    check_index(file, found, end)


def check_index(file, found, end):
    """The index of these chunks, and that one chunk more or less is refused."""
    written = []
    for _ in avi.index_steps(file, avi.AVI_HEADER + end, len(found), lambda part: written.append(bytes(part))):
        pass
    index = b"".join(written)
    assert len(index) == avi.index_length(len(found))
    for place, (start, length) in enumerate(found):
        row = struct.unpack("<4sIII", index[8 + 16 * place : 24 + 16 * place])
        assert row == (b"00dc", 16 if length else 0, start + 4, length)
    wrong = [len(found) + 1] + ([len(found) - 1] if len(found) > 1 else [])
    for count in wrong:
        refused = refusal_of(lambda count=count: list(avi.index_steps(file, avi.AVI_HEADER + end, count, len)))[1]
        assert refused == "Malformed", f"an index of {count} chunks where {len(found)} are"


def header(raw, _mode):
    """A header that is accepted is the one that its own figures make; figures make headers that are accepted."""
    fields, refused = refusal_of(avi.read_header, raw[: avi.AVI_HEADER])
    if refused is None:
        assert avi.avi_header(*fields) == raw[: avi.AVI_HEADER]
    if len(raw) >= 14:
        fields = struct.unpack("<HHHII", raw[:14])
        made, refused = refusal_of(avi.avi_header, *fields)
        if refused is None:
            assert len(made) == avi.AVI_HEADER
            assert avi.read_header(made) == fields
            assert struct.unpack("<I", made[4:8])[0] + 8 == avi.AVI_HEADER + fields[4] + avi.index_length(fields[3])


def picture(raw, pace):
    """A picture that comes in parts is judged as one that comes at once, and as a plain reader judges it."""
    found = []
    for step in (len(raw) or 1, pace + 1):
        check = jpeg.PictureCheck()
        check.begin(len(raw))
        for at in range(0, len(raw), step):
            part = raw[at : at + step]
            # What lies before and behind in the buffer is no part of it.
            check.feed(b"\xff" + part + b"\xd9\xff\xd9", 1, 1 + len(part))
        found.append((check.width, check.height, check.is_whole))
    assert found[0] == found[1], f"at once {found[0]}, in parts {found[1]}"
    width, height, whole = found[0]
    assert not whole or (raw[:2] == b"\xff\xd8" and raw.rstrip(b"\x00")[-2:] == b"\xff\xd9" and width and height)
    if width:
        assert bytes((height >> 8, height & 255, width >> 8, width & 255)) in raw


def sound(raw, _mode):
    if len(raw) < 10:
        return
    rate, channels, bits, length = struct.unpack("<IBBI", raw[:10])
    if rate * channels * bits // 8 > 0xFFFFFFFF:
        return
    try:
        made = wav.wav_header(rate, channels, bits, length)
    except Malformed:
        assert length > 0xFFFFFFFF - wav.WAV_HEADER
        return
    assert len(made) == wav.WAV_HEADER
    assert struct.unpack("<I", made[4:8])[0] + 8 == wav.WAV_HEADER + length
