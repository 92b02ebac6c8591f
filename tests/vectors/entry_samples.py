"""Field values of one sample of every entry kind, custody kind and statement, in the order of their field numbers."""

from vectors.independent import cbor, numbered, public, seed, sha256, sign1, thumbprint

RECORDER = seed("recorder, epoch 0")
NEXT = seed("recorder, epoch 1")
THIRD = seed("recorder, epoch 2")
HOST = seed("host")
ORGANISATION = seed("organisation")
SUCCESSOR = seed("organisation, successor")

DEVICE = thumbprint(public(RECORDER))
HOST_ID = thumbprint(public(HOST))
CARD = bytes(range(16))
OTHER_CARD = bytes(range(16, 32))
SESSION = sha256(b"session")[:16]
HOST_NONCE = sha256(b"host nonce")[:16]
DEVICE_NONCE = sha256(b"device nonce")[:16]
FIRMWARE = sha256(b"firmware")
HASH = sha256(b"some hash")
NOON = 1_741_953_600_000  # 2025-03-14T12:00:00Z in milliseconds
ORDER = b"\x01\x02\x03"  # stands for a signed order; entries keep it as bytes

# kind: (name, body)
ENTRIES = {
    1: (
        "GENESIS",
        {
            "public_key": public(RECORDER),
            "model": "sample",
            "serial": "SN-0001",
            "asset": "资产 7",
            "organisation": public(ORGANISATION),
            "successor": sha256(public(SUCCESSOR)),
            "protection": 1,
            "random_source": 4,
            "firmware": FIRMWARE,
            "host": HOST_ID,
        },
    ),
    2: (
        "EPOCH",
        {
            "public_key": public(NEXT),
            "size": 3,
            "root": HASH,
            "peaks": [HASH, sha256(HASH)],
            "reason": 1,
            "organisation": None,
            "successor": sha256(public(SUCCESSOR)),
            "generation": 2,
            "time": NOON,
        },
    ),
    3: (
        "BOOT",
        {
            "reset": 2,
            "firmware": FIRMWARE,
            "counter": None,
            "battery": 81,
            "millivolts": 3_951,
            "storage_free": 60_817_408,
            "card": CARD,
            "anchor": [4, 1, 524_800, 91_250],
            "temperature": -55,
        },
    ),
    4: ("OFF", {"reason": 1, "battery": 17, "millivolts": 3_522, "storage_free": None}),
    5: ("JOURNAL", {"first": 12, "last": 15, "place": 1}),
    6: ("CHECK", {"items": [[1, 1, 0], [2, 1, 81], [3, 1, 60_817_408], [5, 2, -3]], "trigger": 1}),
    7: ("ISSUE", {"order": ORDER}),
    8: ("RETURN", {"order": ORDER}),
    9: (
        "START",
        {
            "recording": 1,
            "reason": 1,
            "tracks": 1,
            "card": CARD,
            "battery": 80,
            "storage_free": 60_817_408,
            "handover": [sha256(b"another recorder"), 7],
        },
    ),
    10: (
        "STOP",
        {
            "recording": 1,
            "reason": 1,
            "segments": 1,
            "last_tick": 93_000,
            "boot": 2,
            "battery": 79,
            "storage_free": 60_816_880,
        },
    ),
    11: (
        "SEGMENT",
        {
            "recording": 1,
            "number": 1,
            "media": 1,
            "header_length": 512,
            "length": 40_512,
            "leaf_size": 16_384,
            "root": HASH,
            "boot": 2,
            "first_tick": 90_500,
            "last_tick": 93_000,
            "expected": 20_000,
            "written": 20_000,
            "lost": 0,
            "rate": 8_000,
            "track": 1,
            "attested": 0,
            "stored": 0,
            "attested_length": 40_512,
        },
    ),
    13: (
        "INTERRUPT",
        {
            "recording": 1,
            "cause": 8,
            "boot": 2,
            "last_tick": 93_000,
            "battery": None,
            "millivolts": None,
            "storage_free": None,
            "temperature": None,
            "reset": 1,
            "handover": None,
        },
    ),
    14: ("RESUME", {"recording": 1, "interrupt": 9, "voice_first": 95_000, "voice_last": 99_000, "handover": None}),
    15: ("EXEMPT", {"class": 2, "begins": True, "recording": None, "order": None}),
    16: ("MARK", {"recording": 1, "type": 1, "count": 1}),
    17: ("CLOCK", {"old": [0, 0], "new": [2, NOON], "source": 1, "order": ORDER}),
    18: ("MEDIUM", {"old": CARD, "new": OTHER_CARD, "storage_free": 1_000, "storage_total": 2_000}),
    19: ("FAULT", {"what": 6, "recording": 1, "segment": 1, "values": [524_800, 40_512, -1]}),
    20: (
        "HOST",
        {
            "event": 1,
            "host": HOST_ID,
            "statement": ORDER,
            "custody": HASH,
            "host_time": NOON,
            "count": 1,
            "refusal": None,
            "last_host": None,
        },
    ),
    21: ("CONFIG", {"order": ORDER, "setting": 1, "value": -1}),
    22: ("FIRMWARE", {"order": ORDER, "old": FIRMWARE, "new": HASH}),
    23: ("RESET", {"order": ORDER}),
    24: ("ORG", {"order": ORDER, "organisation": public(SUCCESSOR), "successor": HASH}),
    25: ("TOMBSTONE", {"recording": 1, "number": 1, "root": HASH, "receipt": HASH, "host_entry": 30}),
}

SEGMENTS = [[1, 1, HASH], [1, 2, sha256(HASH)]]
CUSTODY = {
    1: (
        "GENESIS",
        {
            "public_key": public(HOST),
            "organisation": public(ORGANISATION),
            "certificate": ORDER,
            "name": "Dock 3",
            "zone": "UTC",
        },
    ),
    2: (
        "ENROL",
        {
            "device": DEVICE,
            "genesis": HASH,
            "model": "sample",
            "serial": "SN-0001",
            "asset": "A-7",
            "protection": 1,
        },
    ),
    3: ("INGEST", {"device": DEVICE, "size": 12, "newest": HASH, "segments": SEGMENTS}),
    4: ("HEAD", {"device": DEVICE, "size": 12, "newest": HASH, "root": HASH, "head": HASH}),
    5: ("VERIFICATION", {"device": DEVICE, "verdict": "VERIFIED", "report": HASH}),
    6: ("VIEW", {"segments": SEGMENTS, "device": DEVICE}),
    7: ("COPY", {"segments": SEGMENTS, "device": DEVICE, "package": HASH}),
    8: ("DERIVED", {"segments": SEGMENTS, "device": DEVICE, "result": HASH, "method": "faces covered"}),
    9: ("RELEASE", {"package": HASH, "receiver": None}),
    10: ("HOLD", {"segments": SEGMENTS, "device": DEVICE, "begins": True}),
    11: ("DISPOSAL", {"segments": SEGMENTS, "device": DEVICE, "rule": "180 days"}),
    12: ("REGISTRY", {"device": DEVICE, "state": 6, "head_size": 12, "head_hash": HASH, "unit": None}),
    13: ("CERTIFICATE", {"certificate": ORDER}),
    14: ("STAMP", {"device": DEVICE, "head": HASH, "stamp": sha256(HASH)}),
    15: ("ORDER", {"order": ORDER}),
    16: ("WITNESS", {"device": DEVICE, "size": 12, "newest": HASH, "root": HASH, "head": HASH, "host": HOST_ID}),
}

CERTIFICATE = {
    "format": 1,
    "organisation": public(ORGANISATION),
    "host_key": public(HOST),
    "roles": 63,
    "generation": 1,
    "not_before": NOON - 86_400_000,
    "not_after": NOON + 86_400_000 * 365,
    "name": "Dock 3",
}
HOST_CHALLENGE = {
    "format": 1,
    "party": 2,
    "device": DEVICE,
    "host": HOST_ID,
    "session": SESSION,
    "host_nonce": HOST_NONCE,
    "device_nonce": DEVICE_NONCE,
    "time": NOON,
    "custody": HASH,
}
COMMAND = {
    "format": 1,
    "device": DEVICE,
    "host": HOST_ID,
    "session": SESSION,
    "number": 1,
    "operation": 1,
    "arguments": [NOON],
    "time": NOON,
}
# (name, type, seed of the signer, values)
STATEMENTS = [
    (
        "receipt",
        "receipt",
        HOST,
        {
            "format": 1,
            "device": DEVICE,
            "host": HOST_ID,
            "session": SESSION,
            "size": 12,
            "newest": HASH,
            "root": HASH,
            "time": NOON,
            "segments": SEGMENTS,
        },
    ),
    ("certificate", "certificate", ORGANISATION, CERTIFICATE),
    ("command: set the time", "command", HOST, COMMAND),
    ("command: check, no arguments", "command", HOST, {**COMMAND, "number": 2, "operation": 9, "arguments": []}),
    (
        "command: an operation of a later version",
        "command",
        HOST,
        {**COMMAND, "number": 3, "operation": 99, "arguments": [1, "x", None]},
    ),
    (
        "challenge of the recorder",
        "challenge",
        RECORDER,
        {**HOST_CHALLENGE, "party": 1, "time": None, "custody": None},
    ),
    ("challenge of the host", "challenge", HOST, HOST_CHALLENGE),
    (
        "head",
        "head",
        NEXT,
        {
            "format": 1,
            "device": DEVICE,
            "epoch": 1,
            "size": 12,
            "newest": HASH,
            "root": HASH,
            "boot": 2,
            "ticks": 100_000,
            "wall": [2, NOON],
            "session": SESSION,
            "host": HOST_ID,
            "host_nonce": HOST_NONCE,
            "device_nonce": DEVICE_NONCE,
            "open": None,
            "phase": 1,
        },
    ),
    (
        "checkpoint",
        "checkpoint",
        RECORDER,
        {
            "format": 1,
            "device": DEVICE,
            "start": HASH,
            "recording": 1,
            "number": 1,
            "length": 33_280,
            "leaves": 2,
            "root": HASH,
            "boot": 2,
            "tick": 92_548,
            "written": 16_384,
            "lost": 0,
        },
    ),
    (
        "order: configure",
        "order",
        ORGANISATION,
        {
            "format": 1,
            "operation": 4,
            "device": None,
            "generation": 1,
            "time": NOON,
            "arguments": [1, -1],
        },
    ),
    (
        "package",
        "package",
        HOST,
        {
            "format": 1,
            "host": HOST_ID,
            "time": NOON,
            "from": NOON - 3_600_000,
            "to": None,
            "custody_size": 9,
            "custody_root": HASH,
            "files": sha256(HASH),
        },
    ),
]
CERTIFICATE_RAW = sign1(ORGANISATION, 65003, cbor(numbered(CERTIFICATE)))
