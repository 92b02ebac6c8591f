"""Entries and statements that every reader rejects; most carry a valid signature over their wrong form."""

from vectors import entry_samples as samples
from vectors.independent import TYPES, cbor, numbered, protected_header, public, sha256, sign1, thumbprint

ENTRY = TYPES["entry"]
KEY_ID = thumbprint(public(samples.RECORDER))


def case(name: str, raw: bytes, error: str, why: str, typ: int = ENTRY, secret: bytes = samples.RECORDER) -> dict:
    """A rejected case; `typ` is the type that the reader asks for, `public_key` the key that the place prescribes."""
    return {
        "name": name,
        "typ": typ,
        "public_key": public(secret).hex(),
        "error": error,
        "why": why,
        "hex": raw.hex(),
    }


def signed(content: bytes, typ: int = ENTRY, secret: bytes = samples.RECORDER) -> bytes:
    return sign1(secret, typ, content)


def cases(payload) -> list[dict]:
    """`payload` builds a numbered payload map."""
    body = samples.ENTRIES[16][1]
    good = payload(16, numbered(body))
    content = cbor(good)
    raw = signed(content)
    return [
        *_envelopes(content, raw),
        *_encodings(good, content),
        *_fields(payload, body, good),
        *_private_maps(payload, body),
        *_types_and_formats(payload, body, good, content),
        *_segments(payload),
        *_signatures(good, raw),
    ]


def _envelopes(content: bytes, raw: bytes) -> list[dict]:
    def with_header(header: bytes) -> bytes:
        return sign1(samples.RECORDER, ENTRY, content, header)

    def header(value) -> bytes:
        return with_header(cbor(value))

    one_byte_typ = b"\xa3\x01\x27\x04\x58\x20" + KEY_ID + b"\x10\x19\x00\x10"
    unsorted = b"\xa3\x04\x58\x20" + KEY_ID + b"\x01\x27" + b"\x10\x19\xfd\xe9"
    long_algorithm = b"\xa3\x01\x38\x07\x04\x58\x20" + KEY_ID + b"\x10\x19\xfd\xe9"
    twice = b"\xa4\x01\x27\x01\x27\x04\x58\x20" + KEY_ID + b"\x10\x19\xfd\xe9"
    indefinite = b"\xbf" + protected_header(ENTRY, KEY_ID)[1:] + b"\xff"
    malformed = [
        ("no byte", b"", "empty"),
        ("no tag", raw[1:], "tag 18 is required"),
        ("tag 17 (COSE_Mac0)", b"\xd1" + raw[1:], "tag 18 is required"),
        ("tag 18 twice", b"\xd2" + raw, "one tag"),
        ("tag 18 in two bytes", b"\xd8\x12" + raw[1:], "shortest heads"),
        ("array of three", b"\xd2\x83" + raw[2:-66], "four items"),
        ("array of five", b"\xd2\x85" + raw[2:] + b"\x00", "four items"),
        ("indefinite array", b"\xd2\x9f" + raw[2:] + b"\xff", "definite lengths"),
        ("indefinite protected header", with_header(indefinite), "definite lengths"),
        ("algorithm ES256", header({1: -7, 4: KEY_ID, 16: ENTRY}), "EdDSA only"),
        ("algorithm Ed25519 (-19)", header({1: -19, 4: KEY_ID, 16: ENTRY}), "EdDSA as -8 only"),
        ("algorithm none (0)", header({1: 0, 4: KEY_ID, 16: ENTRY}), "EdDSA only"),
        ("algorithm in two bytes", with_header(long_algorithm), "shortest heads"),
        ("no algorithm", header({4: KEY_ID, 16: ENTRY}), "three header fields"),
        ("no key id", header({1: -8, 16: ENTRY}), "three header fields"),
        ("no typ", header({1: -8, 4: KEY_ID}), "three header fields"),
        ("header field more", header({1: -8, 4: KEY_ID, 16: ENTRY, 3: 0}), "three header fields"),
        ("critical headers", header({1: -8, 2: [16], 4: KEY_ID, 16: ENTRY}), "three header fields"),
        ("header key twice", with_header(twice), "no duplicate keys"),
        ("header keys not in order", with_header(unsorted), "ascending keys"),
        ("key id of 31 bytes", header({1: -8, 4: KEY_ID[:31], 16: ENTRY}), "32 bytes"),
        ("key id of 33 bytes", header({1: -8, 4: KEY_ID + b"\x00", 16: ENTRY}), "32 bytes"),
        ("key id as text", header({1: -8, 4: "k" * 32, 16: ENTRY}), "a byte string"),
        ("typ below 256 in three bytes", with_header(one_byte_typ), "shortest heads"),
        ("typ as text", header({1: -8, 4: KEY_ID, 16: "a/b"}), "a number"),
        ("typ above 65535", header({1: -8, 4: KEY_ID, 16: 65536}), "two bytes"),
        ("empty protected header", with_header(b""), "three header fields"),
        (
            "unprotected header with a key id",
            sign1(samples.RECORDER, ENTRY, content, None, {4: KEY_ID}),
            "the unprotected header is empty",
        ),
        (
            "unprotected header as bytes",
            raw[:46] + b"\x40" + raw[47:],
            "the unprotected header is the empty map",
        ),
        ("payload detached", raw[:47] + b"\xf6" + raw[-66:], "the payload is attached"),
        ("payload as text", raw[:47] + cbor("x" * 40) + raw[-66:], "the payload is a byte string"),
        (
            "payload in two chunks",
            raw[:47] + b"\x5f" + cbor(content[:9]) + cbor(content[9:]) + b"\xff" + raw[-66:],
            "definite lengths",
        ),
        (
            "length of the payload in four bytes",
            raw[:47] + b"\x5a" + len(content).to_bytes(4, "big") + content + raw[-66:],
            "shortest heads",
        ),
        ("payload longer than the rest", raw[:47] + b"\x59\xff\xff" + raw[49:], "a length that lies"),
        (
            "length bomb",
            raw[:47] + b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff" + content + raw[-66:],
            "a length of 2^64-1",
        ),
        ("signature of 63 bytes", raw[:-65] + b"\x3f" + raw[-64:-1], "64 bytes"),
        ("signature of 65 bytes", raw[:-65] + b"\x41" + raw[-64:] + b"\x00", "64 bytes"),
        ("trailing byte", raw + b"\x00", "nothing follows"),
        ("cut by one byte", raw[:-1], "64 bytes of signature"),
        ("cut in the protected header", raw[:20], "cut short"),
        ("cut in the payload", raw[:80], "cut short"),
        ("only the tag", raw[:1], "cut short"),
        ("2,049 bytes", signed(content + bytes(2048 - len(raw))), "at most 2,048 bytes"),
    ]
    return [case(f"envelope: {name}", data, "Malformed", why) for name, data, why in malformed]


def _encodings(good: dict[int, object], content: bytes) -> list[dict]:
    sequence = content.index(b"\x04\x03\x05\x58\x20")
    tail = content.index(b"\x0a\xa3")
    keys_swapped = b"\xab\x01\x01\x00\x01" + content[5:]
    malformed = [
        ("empty payload", b"", "one item"),
        ("sequence not in its shortest form", content[: sequence + 1] + b"\x18\x03" + content[sequence + 2 :], ""),
        ("indefinite map", b"\xbf" + content[1:] + b"\xff", ""),
        ("trailing byte", content + b"\x00", ""),
        ("two items", content + content, ""),
        ("key twice", b"\xac\x00\x01" + content[1:], ""),
        ("keys not in order", keys_swapped, ""),
        ("key 24", b"\xac" + content[1:] + b"\x18\x18\x00", ""),
        ("negative key", b"\xac" + content[1:] + b"\x20\x00", ""),
        ("text key", b"\xac" + content[1:] + b"\x61a\x00", ""),
        ("count of the map too high", b"\xac" + content[1:], ""),
        ("count of the map too low", b"\xaa" + content[1:], ""),
        ("body keys not in order", content[: tail + 2] + b"\x01\x01\x00\x01\x02\x01", ""),
        ("an array", cbor(list(good.values())), "the payload is a map"),
        ("a byte string", cbor(b"x"), "the payload is a map"),
        ("a float", content.replace(b"\x08\x1a\x00\x01\x5f\x90", b"\x08\xfa\x47\xaf\xc8\x00"), "no floats"),
        ("a tag inside", content[: tail + 1] + b"\xc1" + content[tail + 1 :], "no tags"),
        ("undefined", content[: tail + 2] + b"\x00\xf7\x01\x01\x02\x01", "false, true and null only"),
        (
            "nested too deep",
            content[: tail + 1] + b"\xa1\x00" + b"\x81" * 40 + b"\x00",
            "eight arrays and maps inside each other",
        ),
        (
            "array bomb",
            content[: tail + 1] + b"\xa1\x00\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
            "an array of 2^64-1 items",
        ),
        ("map bomb", b"\xbb\x00\x00\x00\x01\x00\x00\x00\x00", "a map of 2^32 keys"),
        ("text bomb", content[: tail + 1] + b"\xa1\x00\x7a\xff\xff\xff\xff", "a text of 2^32-1 bytes"),
    ]
    return [case(f"payload: {name}", signed(data), "Malformed", why or name) for name, data, why in malformed]


def _fields(payload, body: dict[str, object], good: dict[int, object]) -> list[dict]:
    def mark(**changes) -> dict[int, object]:
        return payload(16, numbered({**body, **changes}))

    def genesis(**changes) -> dict[int, object]:
        return payload(1, numbered({**samples.ENTRIES[1][1], **changes}))

    def of(kind: int, **changes) -> dict[int, object]:
        return payload(kind, numbered({**samples.ENTRIES[kind][1], **changes}))

    wrong = [
        *((f"payload without field {key}", {k: v for k, v in good.items() if k != key}, "") for key in good),
        *(
            (f"payload with {name}", payload(16, numbered(body), **{name: value}), "")
            for name, value in [
                ("format", True),
                ("suite", "1"),
                ("device", bytes(31)),
                ("device", "d" * 32),
                ("epoch", -1),
                ("sequence", 2**63),
                ("sequence", True),
                ("previous", None),
                ("kind", "MARK"),
                ("kind", False),
                ("boot", None),
                ("ticks", -1),
                ("wall", None),
                ("wall", []),
                ("wall", [2]),
                ("wall", [2, 1, 0]),
                ("wall", [0, 5]),
                ("wall", [3, 0]),
                ("wall", [True, 5]),
                ("wall", [1, -1]),
                ("wall", {0: 2, 1: 3}),
            ]
        ),
        ("body null", payload(16, None), ""),
        ("body an array", payload(16, [1, 1, 1]), ""),
        ("body empty", payload(16, {}), "every field stands, null where there is no value"),
        ("body with a field less", payload(16, {0: 1, 1: 1}), ""),
        ("body with a field more", payload(16, {0: 1, 1: 1, 2: 1, 3: 0}), ""),
        ("body with another field", payload(16, {0: 1, 1: 1, 3: 1}), ""),
        ("key 12 in the payload", {**good, 12: 0}, ""),
        ("number as text", mark(type="1"), ""),
        ("number true", mark(count=True), "a bool is no number"),
        ("null where none is allowed", mark(type=None), ""),
        ("text over 64 bytes", genesis(model="m" * 65), ""),
        ("text over 64 bytes in 22 characters", genesis(model="录" * 22), "limits are in bytes"),
        ("bytes where text is meant", genesis(model=b"sample"), ""),
        ("hash of 31 bytes", genesis(firmware=bytes(31)), ""),
        ("card id of 17 bytes", of(9, card=bytes(17)), ""),
        ("bool as number 1", of(15, begins=1), "a number is no bool"),
        ("temperature as text", of(3, temperature="21"), ""),
        ("temperature beyond 64 bits", of(3, temperature=-(2**63) - 1), ""),
        ("anchor of three numbers", of(3, anchor=[1, 2, 3]), ""),
        ("check row of two", of(6, items=[[1, 1]]), ""),
        ("check row with a bool", of(6, items=[[1, True, 0]]), ""),
        ("65 check rows", of(6, items=[[1, 1, 0]] * 65), "at most 64 items"),
        ("peak of 31 bytes", of(2, peaks=[bytes(31)]), ""),
        ("values a map", of(19, values={0: 1}), ""),
        ("value null in a list", of(19, values=[None]), ""),
        ("handover of one item", of(9, handover=[samples.HASH]), ""),
        ("handover without a hash", of(9, handover=[7, 7]), ""),
        ("order as text", of(7, order="order"), ""),
    ]
    made = [case(f"field: {name}", signed(cbor(value)), "Malformed", why or name) for name, value, why in wrong]
    bad_text = cbor(genesis(model="ab")).replace(b"\x62ab", b"\x62\xff\xfe")
    overlong = cbor(genesis(model="ab")).replace(b"\x62ab", b"\x62\xc0\x80")
    surrogate = cbor(genesis(model="abc")).replace(b"\x63abc", b"\x63\xed\xa0\x80")
    for name, content in (("invalid", bad_text), ("overlong", overlong), ("surrogate", surrogate)):
        made.append(case(f"field: {name} UTF-8", signed(content), "Malformed", "text is UTF-8"))
    custody = {**samples.CUSTODY[6][1], "segments": [[1, number, samples.HASH] for number in range(25)]}
    content = cbor(payload(6, numbered(custody), device=samples.HOST_ID))
    raw = signed(content, TYPES["custody"], samples.HOST)
    made.append(case("field: 25 segments", raw, "Malformed", "at most 24 segments", TYPES["custody"], samples.HOST))
    return made


def _segments(payload) -> list[dict]:
    """SEGMENT again: it is the entry there is most of, so readers have a fast path for it."""
    good = payload(11, numbered(samples.ENTRIES[11][1]))
    content = cbor(good)
    rate = b"\x0d" + cbor(8_000)
    first_tick = b"\x08" + cbor(90_500)
    assert content.count(rate) == 1
    assert content.count(first_tick) == 1

    def body(**changes) -> bytes:
        return cbor(payload(11, numbered({**samples.ENTRIES[11][1], **changes})))

    wrong = [
        ("rate in five bytes", content.replace(rate, b"\x0d\x1a\x00\x00\x1f\x40"), "shortest heads"),
        (
            "tick in nine bytes",
            content.replace(first_tick, b"\x08\x1b" + bytes(5) + b"\x01\x61\x84"),
            "shortest heads",
        ),
        ("lost in two bytes", content.replace(b"\x0c\x00" + rate, b"\x0c\x18\x17" + rate), "shortest heads"),
        ("rate true", body(rate=True), "a bool is no number"),
        ("rate null", body(rate=None), "no null here"),
        ("rate negative", body(rate=-1), "numbers are unsigned"),
        ("rate 2^63", body(rate=2**63), "numbers end at 2^63-1"),
        ("rate as bytes", body(rate=b"\x1f\x40"), "a number"),
        ("root of 31 bytes", body(root=bytes(31)), "32 bytes"),
        ("root as text", body(root="r" * 32), "a byte string"),
        ("field less", cbor({**good, 10: {k: v for k, v in good[10].items() if k != 17}}), "all fields stand"),
        ("field more", cbor({**good, 10: {**good[10], 18: 0}}), "no other field stands"),
        ("trailing byte", content + b"\x00", "one item"),
        ("key 11 null", cbor({**good, 11: None}), "absent is the only form of none"),
        ("wall [0, 5]", cbor({**good, 9: [0, 5]}), "an unset clock has no time"),
        ("wall [3, 5]", cbor({**good, 9: [3, 5]}), "states are 0 to 2"),
        ("previous of 31 bytes", cbor({**good, 5: bytes(31)}), "32 bytes"),
    ]
    made = [case(f"segment: {name}", signed(data), "Malformed", why) for name, data, why in wrong]
    made.append(case("segment: format 2", signed(cbor({**good, 0: 2})), "UnknownFormat", "not known, not altered"))
    made.append(case("segment: suite 2", signed(cbor({**good, 1: 2})), "UnknownFormat", "not known, not altered"))
    made.append(case("segment: as a head", signed(content, TYPES["head"]), "WrongType", "typ is signed"))
    return made


def _private_maps(payload, body: dict[str, object]) -> list[dict]:
    wrong = [
        ("null", None, "absent is the only form of none"),
        ("empty", {}, "absent is the only form of none"),
        ("an array", [samples.HASH], "a map from label to commitment"),
        ("commitment of 31 bytes", {1: bytes(31)}, ""),
        ("commitment null", {1: None}, ""),
        ("nine", dict.fromkeys(range(1, 10), samples.HASH), "at most eight"),
    ]
    made = []
    for name, value, why in wrong:
        numbers = {**payload(16, numbered(body)), 11: value}
        made.append(case(f"private fields: {name}", signed(cbor(numbers)), "Malformed", why or name))
    return made


def _types_and_formats(payload, body, good, content) -> list[dict]:
    made = [
        case(f"type: {name} in an entry's place", signed(content, typ), "WrongType", "typ is signed")
        for name, typ in TYPES.items()
        if name != "entry"
    ]
    made.append(case("type: unknown, 65010", signed(content, 65010), "WrongType", "typ is signed"))
    made.append(
        case(
            "type: entry in a custody entry's place",
            signed(content),
            "WrongType",
            "typ is signed",
            TYPES["custody"],
        )
    )
    later = {
        "format 2": payload(16, numbered(body), format=2),
        "format 0": payload(16, numbered(body), format=0),
        "format 2 with other fields": {0: 2, 1: "x", 23: None},
        "suite 2": payload(16, numbered(body), suite=2),
    }
    for name, numbers in later.items():
        made.append(case(f"format: {name}", signed(cbor(numbers)), "UnknownFormat", "not known, not altered"))
    return made


def _signatures(good: dict[int, object], raw: bytes) -> list[dict]:
    edited = raw.replace(cbor(samples.NOON), cbor(samples.NOON + 1))
    # Of a kind that custody does not have, so that its form is right.
    unknown_there = signed(cbor({**good, 6: 18, 10: {0: None, 1: None, 2: None, 3: None}}))
    other_typ = unknown_there.replace(b"\x10\x19\xfd\xe9", b"\x10\x19\xfd\xef")
    forms = [
        ("one bit of the payload", edited, ENTRY),
        ("one bit of the signature", raw[:-1] + bytes([raw[-1] ^ 1]), ENTRY),
        ("first bit of the signature", raw[:-64] + bytes([raw[-64] ^ 1]) + raw[-63:], ENTRY),
        ("signature of zeros", raw[:-64] + bytes(64), ENTRY),
        ("signature of another entry", raw[:-64] + signed(cbor({**good, 4: 4}))[-64:], ENTRY),
        ("typ changed after signing", other_typ, TYPES["custody"]),
        (
            "signed by another key under this key id",
            sign1(samples.HOST, ENTRY, cbor(good), protected_header(ENTRY, KEY_ID)),
            ENTRY,
        ),
    ]
    made = [case(f"signature: {name}", data, "BadSignature", name, typ) for name, data, typ in forms]
    assert all(sha256(bytes.fromhex(item["hex"])) != sha256(raw) for item in made)
    return made


def statement_cases() -> list[dict]:
    """Statements other than entries, rejected."""
    by_type = {typ: (secret, values) for _name, typ, secret, values in reversed(samples.STATEMENTS)}
    made = []

    def add(name: str, typ: str, values, error: str = "Malformed", signed_as: str | None = None, why: str = "") -> None:
        secret = by_type[typ][0]
        content = values if isinstance(values, bytes) else cbor(values)
        raw = sign1(secret, TYPES[signed_as or typ], content)
        made.append(case(f"{typ}: {name}", raw, error, why or name, TYPES[typ], secret))

    for typ, (_secret, values) in by_type.items():
        numbers = numbered(values)
        add("field less", typ, dict(list(numbers.items())[:-1]))
        add("field more", typ, {**numbers, len(numbers): 0})
        add("format 2", typ, {**numbers, 0: 2}, "UnknownFormat")
        add("format true", typ, {**numbers, 0: True}, why="a bool is no number")
        add("device as text", typ, {**numbers, 1: "x"})
        add("trailing byte", typ, cbor(numbers) + b"\x00")
        add("an array", typ, list(numbers.values()))
        for other in TYPES:
            if other != typ:
                add(f"signed as {other}", typ, numbers, "WrongType", other, "typ is signed")
    receipt = by_type["receipt"][1]
    many = [[1, number, samples.HASH] for number in range(25)]
    add("25 segments", "receipt", numbered({**receipt, "segments": many}), why="at most 24 segments")
    add("segment row of two", "receipt", numbered({**receipt, "segments": [[1, 2]]}))
    command = by_type["command"][1]
    for name, operation, arguments in (
        ("set_time without a time", 1, []),
        ("set_time with two", 1, [1, 2]),
        ("set_time with text", 1, ["noon"]),
        ("check with an argument", 9, [1]),
        ("delete without a receipt", 6, [1, 1, samples.HASH]),
    ):
        values = {**command, "operation": operation, "arguments": arguments}
        add(name, "command", numbered(values), why="arguments are those of the operation")
    head = by_type["head"][1]
    add("unset clock with a time", "head", numbered({**head, "wall": [0, 5]}))
    add("nonce of 15 bytes", "head", numbered({**head, "host_nonce": bytes(15)}))
    return made
