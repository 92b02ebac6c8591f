"""A short, complete journal with its private sequence, segment and heads, and broken copies of it.

The shift: enrolled (boot 1), switched on (boot 2), checked, one recording of 2.5 s, an epoch change, a mark, switched
off, switched on (boot 3), docked, an epoch change at the end of the docking.
"""

from vectors import entry_samples as samples
from vectors.independent import (
    TYPES,
    cbor,
    leaf,
    numbered,
    peaks,
    public,
    root,
    seed,
    sha256,
    sign1,
    thumbprint,
    to_json,
)
from vectors.storage_vectors import wav_header

LEAF_SIZE = 16_384
RATE = 8_000
SAMPLES = 20_000
SECRETS = [samples.RECORDER, samples.NEXT, samples.THIRD]


class Writer:
    """Appends entries to a chain, signed by the key of the epoch in hand."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.records: list[bytes] = []
        self.epoch = 0

    @property
    def hashes(self) -> list[bytes]:
        return [sha256(raw) for raw in self.raw]

    @property
    def leaves(self) -> list[bytes]:
        return [leaf(entry_hash) for entry_hash in self.hashes]

    def add(self, kind: int, body: dict, boot: int, ticks: int, wall: list, private: dict | None = None) -> bytes:
        values = {
            "format": 1,
            "suite": 1,
            "device": samples.DEVICE,
            "epoch": self.epoch,
            "sequence": len(self.raw),
            "previous": self.hashes[-1] if self.raw else bytes(32),
            "kind": kind,
            "boot": boot,
            "ticks": ticks,
            "wall": wall,
            "body": numbered(body),
        }
        numbers = numbered(values)
        if private:
            openings = [cbor([seed(f"salt {label}")[:16], label, value]) for label, value in private.items()]
            self.records.append(cbor([len(self.raw), openings]))
            numbers[11] = {label: sha256(raw) for label, raw in zip(private, openings, strict=True)}
        self.raw.append(sign1(SECRETS[self.epoch], TYPES["entry"], cbor(numbers)))
        return self.raw[-1]

    def add_epoch(self, reason: int, boot: int, ticks: int, wall: list) -> None:
        body = {
            "public_key": public(SECRETS[self.epoch + 1]),
            "size": len(self.raw),
            "root": root(self.leaves),
            "peaks": peaks(self.leaves),
            "reason": reason,
            "organisation": None,
            "successor": None,
            "generation": 0,
            "time": 0,
        }
        self.add(2, body, boot, ticks, wall)
        self.epoch += 1

    def second_genesis(self) -> bytes:
        """What GENESIS would be as the next entry, well signed, without appending it."""
        body = samples.ENTRIES[1][1]
        self.add(1, body, 3, 9_100, [0, 0])
        return self.raw.pop()

    def head(self, phase: int, boot: int, ticks: int, wall: list) -> bytes:
        values = {
            "format": 1,
            "device": samples.DEVICE,
            "epoch": self.epoch,
            "size": len(self.raw),
            "newest": self.hashes[-1],
            "root": root(self.leaves),
            "boot": boot,
            "ticks": ticks,
            "wall": wall,
            "session": samples.SESSION,
            "host": samples.HOST_ID,
            "host_nonce": samples.HOST_NONCE,
            "device_nonce": samples.DEVICE_NONCE,
            "open": None,
            "phase": phase,
        }
        return sign1(SECRETS[self.epoch], TYPES["head"], cbor(numbered(values)))


def sound() -> bytes:
    """The segment's data: byte i is (31 i + 13 (i div 256) + 7) mod 256, so that no two leaves are alike."""
    return bytes((31 * place + 13 * (place // 256) + 7) % 256 for place in range(2 * SAMPLES))


def segment_leaves() -> tuple[bytes, bytes, list[bytes]]:
    """(header, header leaf, data leaves) of the one segment."""
    data = sound()
    header = wav_header(RATE, 1, 16, len(data))
    return header, leaf(header), [leaf(data[at : at + LEAF_SIZE]) for at in range(0, len(data), LEAF_SIZE)]


def write_shift() -> tuple[Writer, bytes, bytes]:
    """(the journal, first head, second head)."""
    noon = samples.NOON
    _header, header_leaf, data_leaves = segment_leaves()
    segment_root = sha256(b"\x01", header_leaf, root(data_leaves))
    command = sign1(samples.HOST, TYPES["command"], cbor(numbered(samples.COMMAND)))
    host_challenge = sign1(samples.HOST, TYPES["challenge"], cbor(numbered(samples.HOST_CHALLENGE)))
    bodies = {kind: body for kind, (_name, body) in samples.ENTRIES.items()}
    journal = Writer()
    journal.add(1, bodies[1], 1, 61_000, [0, 0])
    journal.add(3, {**bodies[3], "reset": 1, "anchor": None}, 1, 61_400, [0, 0])
    journal.add(17, {"old": [0, 0], "new": [2, noon], "source": 1, "order": command}, 1, 62_000, [2, noon])
    wall = noon + 600_000
    journal.add(3, {**bodies[3], "reset": 1, "anchor": None}, 2, 900, [1, wall + 900])
    journal.add(6, bodies[6], 2, 1_500, [1, wall + 1_500])
    start = {**bodies[9], "handover": None}
    journal.add(9, start, 2, 90_500, [1, wall + 90_500], {1: 4711, 3: "2025-0042"})
    journal.add(11, {**bodies[11], "root": segment_root}, 2, 93_050, [1, wall + 93_050])
    journal.add(10, bodies[10], 2, 93_100, [1, wall + 93_100])
    journal.add_epoch(1, 2, 93_150, [1, wall + 93_150])
    journal.add(16, {"recording": None, "type": 3, "count": 1}, 2, 120_000, [1, wall + 120_000])
    journal.add(4, bodies[4], 2, 130_000, [1, wall + 130_000])
    wall += 3_600_000
    journal.add(3, {**bodies[3], "reset": 1, "anchor": None}, 3, 850, [1, wall + 850])
    host = {**bodies[20], "statement": host_challenge, "host_time": noon}
    journal.add(20, host, 3, 5_000, [1, wall + 5_000])
    first = journal.head(1, 3, 5_050, [1, wall + 5_050])
    journal.add_epoch(3, 3, 9_000, [1, wall + 9_000])
    second = journal.head(2, 3, 9_050, [1, wall + 9_050])
    return journal, first, second


def broken(journal: Writer) -> list[dict]:
    """Copies of the journal with one thing wrong, and the finding that tells of it."""
    raw = journal.raw
    other = sign1(samples.HOST, TYPES["entry"], raw[9][49:-66])
    noon = cbor(samples.NOON + 600_000 + 120_000)
    edited = raw[9].replace(noon, cbor(samples.NOON + 600_000 + 120_001))
    payload = raw[9][49:-66]
    long_form = sign1(SECRETS[1], TYPES["entry"], payload.replace(b"\x04\x09\x05", b"\x04\x18\x09\x05"))
    checkpoint = sign1(SECRETS[1], TYPES["checkpoint"], payload)
    assert edited != raw[9]
    assert len(long_form) == len(raw[9]) + 1
    rows = [
        ("entry 9 edited", [*raw[:9], edited, *raw[10:]], 9, "BAD_SIGNATURE", 2),
        ("entry 6 removed", [*raw[:6], *raw[7:]], 6, "CHAIN_BREAK", 5),
        ("entries 3 and 4 exchanged", [*raw[:3], raw[4], raw[3], *raw[5:]], 3, "ORDER", 6),
        ("entry 4 twice", [*raw[:5], *raw[4:]], 5, "REPLAY", 6),
        ("entry 9 signed by a key that the chain does not name", [*raw[:9], other, *raw[10:]], 9, "KEY_CHANGE", 17),
        ("entry 9 with a number not in its shortest form", [*raw[:9], long_form, *raw[10:]], 9, "MALFORMED", 26),
        ("a checkpoint in the place of entry 9", [*raw[:9], checkpoint, *raw[10:]], 9, "WRONG_TYPE", 27),
        ("a second GENESIS after entry 13", [*raw, journal.second_genesis()], 14, "CHAIN_BREAK", 5),
        ("the head of entry 12 cut off", [*raw[:12], raw[12][46:], *raw[13:]], 12, "MALFORMED", 26),
    ]
    return [
        {"name": name, "at": place, "finding": finding, "attack": attack, "journal": b"".join(entries).hex()}
        for name, entries, place, finding, attack in rows
    ]


def journal() -> dict:
    shift, first, second = write_shift()
    header, header_leaf, data_leaves = segment_leaves()
    leaves = shift.leaves
    return {
        "device": samples.DEVICE.hex(),
        "organisation": public(samples.ORGANISATION).hex(),
        "host": {"seed": samples.HOST.hex(), "id": samples.HOST_ID.hex()},
        "certificate": samples.CERTIFICATE_RAW.hex(),
        "journal": b"".join(shift.raw).hex(),
        "private": b"".join(shift.records).hex(),
        "entries": [
            {"sequence": place, "hex": raw.hex(), "hash": sha256(raw).hex(), "leaf": leaves[place].hex()}
            for place, raw in enumerate(shift.raw)
        ],
        "epochs": [
            {
                "epoch": epoch,
                "first": first_entry,
                "seed": secret.hex(),
                "public_key": public(secret).hex(),
                "key_id": thumbprint(public(secret)).hex(),
            }
            for epoch, (secret, first_entry) in enumerate(zip(SECRETS, (0, 9, 14), strict=True))
        ],
        "size": len(shift.raw),
        "newest": shift.hashes[-1].hex(),
        "root": root(leaves).hex(),
        "roots": [root(leaves[:size]).hex() for size in range(len(leaves) + 1)],
        "heads": [{"phase": 1, "size": 13, "hex": first.hex()}, {"phase": 2, "size": 14, "hex": second.hex()}],
        "openings": [
            {"sequence": 5, "label": 1, "value": 4711},
            {"sequence": 5, "label": 3, "value": "2025-0042"},
        ],
        "segment": {
            "recording": 1,
            "number": 1,
            "header": header.hex(),
            "data": "byte i is (31 i + 13 (i div 256) + 7) mod 256",
            "data_length": 2 * SAMPLES,
            "leaf_size": LEAF_SIZE,
            "file_sha256": sha256(header, sound()).hex(),
            "header_leaf": header_leaf.hex(),
            "data_leaves": [item.hex() for item in data_leaves],
            "data_node": sha256(b"\x01", data_leaves[0], data_leaves[1]).hex(),
            "data_root": root(data_leaves).hex(),
            "root": sha256(b"\x01", header_leaf, root(data_leaves)).hex(),
        },
        "broken": broken(shift),
        "names": to_json(dict(enumerate(_names(shift)))),
    }


def _names(shift: Writer) -> list[str]:
    names = {kind: name for kind, (name, _body) in samples.ENTRIES.items()}
    kinds = [1, 3, 17, 3, 6, 9, 11, 10, 2, 16, 4, 3, 20, 2]
    assert len(kinds) == len(shift.raw)
    return [names[kind] for kind in kinds]
