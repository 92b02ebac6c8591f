"""Vectors of flash layouts, messages and the WAV header, packed with struct, zlib and cbor2 alone."""

import struct
import zlib

from vectors import entry_samples as samples
from vectors.independent import cbor, frame, public, to_json


def rejected(rows) -> list[dict]:
    return [{"name": name, "hex": raw.hex(), "error": "Malformed", "why": why} for name, raw, why in rows]


def crc(data: bytes) -> bytes:
    return struct.pack("<I", zlib.crc32(data))


def flip(raw: bytes, place: int) -> bytes:
    return raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]


def sector_head(magic: bytes, generation: int) -> bytes:
    body = magic + struct.pack("<II", generation, 0)
    return body + crc(body)


def record(kind: int, data: bytes, zero: int = 0) -> bytes:
    start = struct.pack("<BBH", kind, zero, len(data))
    return start + crc(start + data) + data


def anchor(start: int, number: int, length: int, tick: int) -> bytes:
    body = struct.pack("<IIIH", start, length, tick, number)
    return body + struct.pack("<H", zlib.crc32(body) & 0xFFFF)


def key_slot(epoch: int, secret: bytes) -> bytes:
    body = b"EVK1" + struct.pack("<I", epoch) + secret
    return body + crc(body)


def flash() -> dict:
    heads = [(b"EVJ1", 0), (b"EVJ1", 77), (b"EVA1", 1), (b"EVI1", 0), (b"EVJ1", 2**32 - 2)]
    head = sector_head(b"EVJ1", 77)
    data = b"\x82\x04\x81\x41\x00"
    whole = record(2, data)
    anchors = [(4, 1, 524_800, 91_250), (0, 1, 0, 0), (2**32 - 2, 65_535, 2**32 - 1, 2**32 - 1)]
    note = anchor(4, 1, 524_800, 91_250)
    slot = key_slot(1, samples.NEXT)
    return {
        "sector_heads": {
            "accepted": [
                {"magic": magic.decode(), "generation": generation, "hex": sector_head(magic, generation).hex()}
                for magic, generation in heads
            ],
            "rejected": [
                {"name": name, "magic": "EVJ1", "hex": raw.hex()}
                for name, raw in (
                    ("erased", b"\xff" * 16),
                    ("wiped", bytes(16)),
                    ("another ring's", sector_head(b"EVA1", 77)),
                    ("generation differs", flip(head, 4)),
                    ("check differs", flip(head, 15)),
                    ("torn: last bytes erased", head[:10] + b"\xff" * 6),
                    ("cut short", head[:15]),
                )
            ],
        },
        "records": {
            "accepted": [
                {
                    "name": name,
                    "kind": kind,
                    "data": content.hex(),
                    "hex": record(kind, content).hex(),
                    "span": (8 + len(content) + 3) // 4 * 4,
                }
                for name, kind, content in (
                    ("private openings", 1, data),
                    ("entry", 2, bytes(range(256))),
                    ("one byte", 2, b"\x00"),
                    ("four bytes", 2, b"\x00\xff\x00\xff"),
                )
            ],
            "rejected": [
                {"name": name, "hex": raw.hex()}
                for name, raw in (
                    ("data differ", flip(whole, 9)),
                    ("kind differs", flip(whole, 0)),
                    ("check differs", flip(whole, 5)),
                    ("second byte not zero", record(2, data, 1)),
                    ("torn: data erased from the middle", whole[:10] + b"\xff" * (len(whole) - 10)),
                )
            ],
        },
        "anchors": {
            "accepted": [
                {"start": start, "number": number, "length": length, "tick": tick, "hex": raw.hex()}
                for start, number, length, tick in anchors
                for raw in (anchor(start, number, length, tick),)
            ],
            "rejected": [
                {"name": name, "hex": raw.hex()}
                for name, raw in (
                    ("erased", b"\xff" * 16),
                    ("wiped", bytes(16)),
                    ("length differs", flip(note, 4)),
                    ("check differs", flip(note, 14)),
                    ("torn: last word erased", note[:12] + b"\xff" * 4),
                )
            ],
        },
        "keys": {
            "accepted": [
                {
                    "epoch": epoch,
                    "seed": secret.hex(),
                    "public_key": public(secret).hex(),
                    "hex": key_slot(epoch, secret).hex(),
                }
                for epoch, secret in ((0, samples.RECORDER), (1, samples.NEXT), (2**32 - 1, bytes(32)))
            ],
            "rejected": [
                {"name": name, "hex": raw.hex()}
                for name, raw in (
                    ("erased", b"\xff" * 44),
                    ("wiped", bytes(44)),
                    ("seed differs", flip(slot, 8)),
                    ("epoch differs", flip(slot, 4)),
                    ("check differs", flip(slot, 43)),
                    ("torn: last word erased", slot[:40] + b"\xff" * 4),
                    ("cut short", slot[:43]),
                )
            ],
        },
    }


CHECK = [[1, 1, 0], [2, 1, 81], [6, 2, 0]]
HELLO_ASKED = {"package": [1], "wire": [1], "flash": [1], "software": "0.1.0"}
HELLO_ANSWERED = {
    **HELLO_ASKED,
    "device": samples.DEVICE,
    "model": "sample",
    "protection": 1,
    "maximum_payload": 4224,
    "maximum_unread": 255,
    "state": 1,
    "key_agreement": None,
    "rates": [115_200, 921_600],
    "rate": 115_200,
}
STATUS = {
    "battery": 81,
    "millivolts": 3951,
    "temperature": -55,
    "storage_free": 60_817_408,
    "storage_total": 62_500_000,
    "wall": [2, samples.NOON],
    "boot": 2,
    "ticks": 90_000,
    "recording": None,
    "epoch": 1,
    "size": 12,
    "backlog_segments": 1,
    "backlog_bytes": 40_512,
    "docked": True,
    "check": CHECK,
    "refusals": 0,
}
RAW = samples.CERTIFICATE_RAW  # some signed statement
# number, name, request, answer
MESSAGES = [
    (1, "HELLO", HELLO_ASKED, HELLO_ANSWERED),
    (2, "STATUS", {}, STATUS),
    (
        3,
        "PROVISION",
        {
            "organisation": public(samples.ORGANISATION),
            "successor": samples.HASH,
            "serial": "SN-0001",
            "asset": "A-7",
            "certificate": RAW,
            "time": None,
        },
        {"genesis": RAW},
    ),
    (4, "OPEN", {"certificate": RAW, "host_nonce": samples.HOST_NONCE}, {"challenge": RAW}),
    (5, "PROVE", {"challenge": RAW}, {"head": RAW}),
    (6, "HEAD", {}, {"head": RAW}),
    (7, "JOURNAL", {"first": 0, "limit": 4096}, {"first": 0, "entries": RAW + RAW}),
    (8, "PRIVATE", {"first": 0, "limit": 4096}, {"first": 0, "next": 12, "openings": b""}),
    (
        9,
        "LEAVES",
        {"recording": 1, "number": 1, "first": 0, "count": 4},
        {"first": 0, "hashes": samples.HASH * 4},
    ),
    (
        10,
        "MEDIA",
        {"recording": 1, "number": 1, "offset": 512, "length": 4096, "chunk": 1024},
        {"index": 2, "data": bytes(1024)},
    ),
    (11, "COMMAND", {"command": RAW, "openings": None}, {"sequence": 13}),
    (12, "RECEIPT", {"receipt": RAW}, {"sequence": 14}),
    (13, "CLOSE", {}, {"head": RAW}),
    (14, "RATE", {"rate": 921_600}, {"rate": 921_600}),
]


def messages() -> dict:
    accepted = []
    for kind, name, asked, answered in MESSAGES:
        for direction, offset, values in (("request", 0, asked), ("answer", 128, answered)):
            raw = cbor([kind + offset, 7, *values.values()])
            accepted.append(
                {
                    "name": f"{name} {direction}",
                    "direction": direction,
                    "type": kind,
                    "number": 7,
                    "values": to_json(values),
                    "hex": raw.hex(),
                    "frame": frame(raw).hex(),
                }
            )
    raw = cbor([255, 7, 14, "offset 99 of 98"])
    accepted.append(
        {
            "name": "refusal",
            "direction": "refusal",
            "type": 255,
            "number": 7,
            "values": {"code": 14, "text": "offset 99 of 98"},
            "hex": raw.hex(),
            "frame": frame(raw).hex(),
        }
    )
    hello = [1, 7, [1], [1], [1], "0.1.0"]
    requests = [
        ("no byte", b"", "empty"),
        ("a map", cbor({0: 1, 1: 7}), "a message is an array"),
        ("only a type", cbor([1]), "type and number come first"),
        ("negative type", cbor([-1, 7]), "types are unsigned"),
        ("type true", cbor([True, 7]), "a bool is no number"),
        ("number as text", cbor([1, "7"]), "numbers are unsigned"),
        ("number 2^63", cbor([2, 2**63]), "numbers end at 2^63-1"),
        ("HELLO, field less", cbor(hello[:-1]), "all fields stand"),
        ("HELLO, field more", cbor([*hello, 0]), "no other fields stand"),
        ("HELLO, versions a number", cbor([1, 7, 1, [1], [1], "0.1.0"]), "a list of versions"),
        ("HELLO, 65 versions", cbor([1, 7, [1] * 65, [1], [1], "0.1.0"]), "at most 64 items"),
        ("HELLO, text of 65 bytes", cbor([1, 7, [1], [1], [1], "x" * 65]), "at most 64 bytes of text"),
        ("STATUS with a field", cbor([2, 7, 0]), "no field stands"),
        ("STATUS with null", cbor([2, 7, None]), "no field stands"),
        ("OPEN, nonce of 15 bytes", cbor([4, 7, RAW, bytes(15)]), "nonces have 16 bytes"),
        ("MEDIA, negative offset", cbor([10, 7, 1, 1, -1, 1, 1]), "numbers are unsigned"),
        ("MEDIA, length true", cbor([10, 7, 1, 1, 0, True, 1]), "a bool is no number"),
        ("trailing byte", cbor([2, 7]) + b"\x00", "one item"),
        ("type in two bytes", b"\x82\x18\x02\x07", "shortest heads"),
        ("indefinite array", b"\x9f\x02\x07\xff", "definite lengths"),
        ("array bomb", b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", "an array of 2^64-1 items"),
        ("nested too deep", b"\x82\x02" + b"\x81" * 60 + b"\x00", "eight arrays inside each other"),
    ]
    answers = [
        ("request in an answer's place", cbor(hello), "answers are 128 higher"),
        ("type 127", cbor([127, 7]), "no such answer"),
        ("type 254", cbor([254, 7]), "no such answer"),
        ("STATUS, field less", cbor([130, 7, *list(STATUS.values())[:-1]]), "all fields stand"),
        ("STATUS, docked as 1", cbor([130, 7, *{**STATUS, "docked": 1}.values()]), "1 is no bool"),
        ("STATUS, wall [0, 5]", cbor([130, 7, *{**STATUS, "wall": [0, 5]}.values()]), "an unset clock has no time"),
        ("MEDIA, data as text", cbor([138, 7, 0, "data"]), "data are bytes"),
        ("refusal without text", cbor([255, 7, 14]), "[255, number, code, text]"),
        ("refusal, text of 65 bytes", cbor([255, 7, 14, "x" * 65]), "at most 64 bytes"),
        ("refusal, code true", cbor([255, 7, True, "x"]), "a bool is no number"),
        ("refusal, item more", cbor([255, 7, 14, "x", 0]), "[255, number, code, text]"),
    ]
    return {
        "accepted": accepted,
        "unknown_requests": [
            {"type": kind, "number": 7, "hex": cbor([kind, 7, *rest]).hex()}
            for kind, rest in ((0, []), (15, [1, 2]), (127, [{0: 1}]), (1000, []))
        ],
        "rejected": [
            {"direction": direction, **case}
            for direction, rows in (("request", requests), ("answer", answers))
            for case in rejected(rows)
        ],
        "media_head": {
            "why": "what a recorder sends before 1,024 data bytes of a MEDIA answer",
            "type": 10,
            "number": 7,
            "index": 2,
            "length": 1024,
            "hex": cbor([138, 7, 2, bytes(1024)])[:-1024].hex(),
        },
    }


def wav_header(rate: int, channels: int, bits: int, length: int) -> bytes:
    """RIFF, "fmt " for PCM, JUNK up to byte 504, the head of "data"."""
    frame_size = channels * bits // 8
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * frame_size, frame_size, bits)
    body = b"WAVE" + b"fmt " + struct.pack("<I", len(form)) + form
    fill = 504 - (8 + len(body) + 8)
    body += b"JUNK" + struct.pack("<I", fill) + bytes(fill) + b"data" + struct.pack("<I", length)
    return b"RIFF" + struct.pack("<I", len(body) + length) + body


def wav() -> dict:
    return {
        "accepted": [
            {"rate": rate, "channels": channels, "bits": bits, "data_length": length,
             "hex": wav_header(rate, channels, bits, length).hex()}
            for rate, channels, bits, length in (
                (16_000, 1, 16, 0),
                (8_000, 1, 16, 40_000),
                (48_000, 2, 16, 11_520_000),
                (16_000, 1, 16, 2**32 - 1 - 512),
            )
        ],
        "rejected": [
            {"rate": 16_000, "channels": 1, "bits": 16, "data_length": 2**32 - 512, "error": "Malformed",
             "why": "a file of more than 2^32-1 bytes"},
        ],
    }  # fmt: skip
