"""Writes cbor.json, frames.json and merkle.json beside this file, from sources independent of evidock_protocol.

CBOR comes from cbor2, CRC-32 from zlib, COBS from a loop over single bytes, and trees from the recursive definitions of
RFC 6962 sections 2.1, 2.1.1 and 2.1.2. What must be rejected is written out by hand, each case with its reason.
"""

import hashlib
import json
import zlib
from pathlib import Path

import cbor2

HERE = Path(__file__).parent
MAX_FRAME = 1100

INTEGERS = [
    *(0, 1, 23, 24, 255, 256, 65535, 65536, 2**30 - 1, 2**30, 2**31, 2**32 - 1, 2**32, 2**53 + 1),
    *(2**62, 2**63 - 1, 2**63, 2**64 - 1),
    *(-1, -24, -25, -256, -257, -65536, -65537, -(2**30), -(2**30) - 1, -(2**32), -(2**32) - 1, -(2**63)),
    *(-(2**63) - 1, -(2**64)),
]
VALUES = [
    *INTEGERS,
    *(False, True, None),
    *(b"", b"\x00", bytes(range(23)), bytes(range(24)), bytes(255), bytes(256)),
    *(
        "",
        "a",
        "IETF",
        "\u00fc",
        "\u6c34",
        "\U00010151",
        "\ud7ff\ue000\uffff",
        "\U0010ffff",
        "\x00",
        "x" * 24,
        "é" * 12,
    ),
    *([], [1, [2, 3], [4, 5]], list(range(25)), [None, False, b"\x01", "b"]),
    *({}, {0: 0}, {23: None}, {2: 1, 0: 2, 10: [1, {1: b"\x01"}]}, dict.fromkeys(range(24), 0)),
    [[[[[[[[]]]]]]]],
    {0: {0: {0: {0: {0: {0: {0: {0: 1}}}}}}}},
]

# name: (bytes in hexadecimal, why it is rejected)
NOT_CBOR = {
    "nothing": ("", "no item"),
    "trailing byte": ("0000", "one item must fill the input"),
    "trailing break": ("f6ff", "one item must fill the input"),
    "head cut, 1 byte": ("18", "the argument is missing"),
    "head cut, 2 bytes": ("1901", "the argument is cut short"),
    "head cut, 4 bytes": ("1a010000", "the argument is cut short"),
    "head cut, 8 bytes": ("1b01000000000000", "the argument is cut short"),
    "23 in two bytes": ("1817", "not the shortest head"),
    "0 in two bytes": ("1800", "not the shortest head"),
    "255 in three bytes": ("1900ff", "not the shortest head"),
    "65535 in five bytes": ("1a0000ffff", "not the shortest head"),
    "2^32-1 in nine bytes": ("1b00000000ffffffff", "not the shortest head"),
    "-1 in two bytes": ("3800", "not the shortest head"),
    "length of bytes not shortest": ("5800", "not the shortest head"),
    "length of text not shortest": ("780161", "not the shortest head"),
    "length of array not shortest": ("9800", "not the shortest head"),
    "length of map not shortest": ("b800", "not the shortest head"),
    "key not shortest": ("a1180000", "not the shortest head"),
    "reserved argument 28": ("1c", "reserved by RFC 8949"),
    "reserved argument 30": ("5e", "reserved by RFC 8949"),
    "indefinite bytes": ("5f4100ff", "lengths are definite"),
    "indefinite text": ("7f6161ff", "lengths are definite"),
    "indefinite array": ("9fff", "lengths are definite"),
    "indefinite map": ("bfff", "lengths are definite"),
    "lone break": ("ff", "no item"),
    "half float": ("f93c00", "no floats"),
    "single float": ("fa47c35000", "no floats"),
    "double float": ("fb3ff199999999999a", "no floats"),
    "NaN": ("f97e00", "no floats"),
    "undefined": ("f7", "only false, true and null"),
    "simple 0": ("e0", "only false, true and null"),
    "simple 19": ("f3", "only false, true and null"),
    "simple 32": ("f820", "only false, true and null"),
    "false in two bytes": ("f814", "only false, true and null, in one byte"),
    "bytes cut": ("4201", "fewer bytes than declared"),
    "text cut": ("6261", "fewer bytes than declared"),
    "array cut": ("8201", "fewer items than declared"),
    "map cut at key": ("a20000", "fewer keys than declared"),
    "map cut at value": ("a100", "the value is missing"),
    "bytes of 2^63": ("5b8000000000000000", "a length far beyond the input"),
    "bytes of 2^64-1": ("5bffffffffffffffff", "a length far beyond the input"),
    "text of 2^32": ("7b0000000100000000", "a length far beyond the input"),
    "array of 2^63": ("9b8000000000000000", "a length far beyond the input"),
    "array of 2^32-1": ("9affffffff", "a length far beyond the input"),
    "map of 2^63": ("bb8000000000000000", "more keys than there are"),
    "map of 25": ("b819" + "".join(f"{key:02x}00" for key in range(24)) + "181800", "more keys than there are"),
    "key twice": ("a200000000", "keys ascend strictly"),
    "keys descend": ("a201000000", "keys ascend strictly"),
    "key 24": ("a1181800", "keys are 0 to 23"),
    "key -1": ("a12000", "keys are 0 to 23"),
    "key text": ("a1616100", "keys are 0 to 23"),
    "key bytes": ("a1410000", "keys are 0 to 23"),
    "key true": ("a1f500", "keys are 0 to 23"),
    "key array": ("a18000", "keys are 0 to 23"),
    "tag 18 at the top": ("d280", "a tag is read only where a tagged item is expected"),
    "tag 18 inside": ("81d280", "no tags inside"),
    "tag 2, big number": ("c249010000000000000000", "no other tags"),
    "tag 24": ("d8184100", "no other tags"),
    "tag 55799": ("d9d9f700", "no other tags"),
    "text: lone continuation": ("6180", "ill-formed UTF-8"),
    "text: lead without continuation": ("61c3", "ill-formed UTF-8"),
    "text: lead and ASCII": ("62c341", "ill-formed UTF-8"),
    "text: overlong NUL": ("62c080", "ill-formed UTF-8"),
    "text: overlong slash": ("62c1af", "ill-formed UTF-8"),
    "text: overlong in three": ("63e09fbf", "ill-formed UTF-8"),
    "text: overlong in four": ("64f08fbfbf", "ill-formed UTF-8"),
    "text: high surrogate": ("63eda080", "ill-formed UTF-8"),
    "text: low surrogate": ("63edbfbf", "ill-formed UTF-8"),
    "text: surrogate pair": ("66eda080edb080", "ill-formed UTF-8"),
    "text: above U+10FFFF": ("64f4908080", "ill-formed UTF-8"),
    "text: lead f5": ("64f5808080", "ill-formed UTF-8"),
    "text: lead ff": ("61ff", "ill-formed UTF-8"),
    "text: two of three": ("62e282", "ill-formed UTF-8"),
    "text: good, then bad": ("65c3bc61eda0", "ill-formed UTF-8"),
    "bad text inside": ("8161ff", "ill-formed UTF-8"),
}
OVER_LIMIT = {
    "nine arrays deep": ("81" * 8 + "80", "at most 8 deep"),
    "nine maps deep": ("a100" * 8 + "a0", "at most 8 deep"),
    "a thousand arrays deep": ("81" * 1000 + "80", "at most 8 deep"),
    "4096 items in an array": ("991000" + "00" * 4096, "at most 4096 items, the array included"),
    "4097 items in arrays": ("82" + "990800" + "00" * 2048 + "9907fe" + "00" * 2046, "at most 4096 items"),
}
NOT_TAGGED = {
    "nothing": ("", "tag 18 is missing"),
    "no tag": ("80", "tag 18 is missing"),
    "tag 17": ("d180", "another tag"),
    "tag 18 in two bytes": ("d81280", "not the shortest head"),
    "tag 18 twice": ("d2d280", "no tags inside"),
    "tag without item": ("d2", "no item"),
    "trailing byte": ("d28000", "one item must fill the input"),
}


def notation(value: object) -> object:
    """`value` in JSON, so that types, big integers and integer keys survive on both interpreters."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return {"int": str(value)}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, str):
        return {"utf8": value.encode().hex()}
    if isinstance(value, list):
        return {"array": [notation(item) for item in value]}
    assert isinstance(value, dict)
    return {"map": [[key, notation(item)] for key, item in value.items()]}


def cases(table: dict[str, tuple[str, str]], error: str) -> list[dict[str, str]]:
    return [{"name": name, "hex": code, "why": why, "error": error} for name, (code, why) in table.items()]


def cbor_vectors() -> dict[str, object]:
    return {
        "accepted": [{"hex": cbor2.dumps(value, canonical=True).hex(), "value": notation(value)} for value in VALUES],
        "rejected": cases(NOT_CBOR, "Malformed") + cases(OVER_LIMIT, "LimitExceeded"),
        # Text as code points, because neither JSON nor UTF-8 can hold it.
        "refused_text": [
            {"name": "high surrogate", "points": [0xD800]},
            {"name": "low surrogate", "points": [0x61, 0xDFFF, 0x62]},
            {"name": "surrogate pair", "points": [0xD800, 0xDC00]},
        ],
        "tagged_accepted": [
            {"hex": cbor2.dumps(cbor2.CBORTag(18, value), canonical=True).hex(), "value": notation(value)}
            for value in ([b"\xa1\x01'", {}, b"payload", bytes(64)], 0)
        ],
        "tagged_rejected": cases(NOT_TAGGED, "Malformed"),
    }


def stuff(content: bytes) -> bytes:
    """COBS, one byte at a time."""
    blocks: list[bytes] = []
    block = bytearray()
    for byte in content:
        if byte:
            block.append(byte)
        if byte == 0:
            blocks.append(bytes([len(block) + 1]) + block)
            block = bytearray()
        elif len(block) == 254:
            blocks.append(b"\xff" + block)
            block = bytearray()
    if block or content[-1] == 0:
        blocks.append(bytes([len(block) + 1]) + block)
    return b"".join(blocks)


def frame(payload: bytes) -> bytes:
    return stuff(payload + zlib.crc32(payload).to_bytes(4, "little")) + b"\x00"


def payload_with_last_crc_byte_zero(length: int) -> bytes:
    return next(p for p in (n.to_bytes(length, "big") for n in range(1, 1 << 24)) if zlib.crc32(p) >> 24 == 0)


def full_block_frame() -> tuple[bytes, bytes]:
    """A payload whose content is exactly 254 bytes without a zero, and its frame."""
    for number in range(1, 1 << 16):
        payload = b"\x01" * 247 + bytes([1 + number % 255, 1 + number // 255, 7])
        content = payload + zlib.crc32(payload).to_bytes(4, "little")
        if 0 not in content:
            assert len(content) == 254
            return payload, frame(payload)
    raise AssertionError


def frame_vectors() -> dict[str, object]:
    mixed = bytes((i * 37 + i // 7) % 256 for i in range(1000))
    payloads = {
        "one byte": b"a",
        "one zero": b"\x00",
        "zeros at both ends": b"\x00ab\x00",
        "last byte of the CRC is zero": payload_with_last_crc_byte_zero(3),
        "content of one full block": full_block_frame()[0],
        "mixed": mixed,
    }
    for length in (31, 32, 33, 34, 63, 64, 65, 253, 254, 255, 256, 500):
        payloads[f"{length} zeros"] = bytes(length)
        payloads[f"{length} zeros, then a byte"] = bytes(length) + b"\x01"
        payloads[f"{length} times 0x01"] = b"\x01" * length
    for length in (249, 250, 251, 253, 254, 255, 503, 504, 505, 508, 762, 1000):
        payloads[f"{length} bytes without zero"] = b"\xff" * length
        payloads[f"{length} bytes without zero, then a zero"] = b"\xff" * (length - 1) + b"\x00"
    good = frame(b"good")
    _, full = full_block_frame()
    crc_of_nothing = stuff(bytes(4)) + b"\x00"
    flipped = bytearray(good)
    flipped[2] ^= 0x20
    cut_code = bytes([good[0] + 40]) + good[1:]

    def stream(
        name: str, why: str, data: bytes, payloads: list[bytes], skipped: int = 0, **counters: int
    ) -> dict[str, object]:
        zero = {"bad_crc": 0, "bad_cobs": 0, "overlong": 0}
        return {
            "name": name,
            "why": why,
            "hex": data.hex(),
            "payloads": [payload.hex() for payload in payloads],
            "counters": {"frames": len(payloads), **zero, **counters, "skipped_bytes": skipped},
        }

    return {
        "max_frame": MAX_FRAME,
        "accepted": [
            {"name": name, "payload": payload.hex(), "frame": frame(payload).hex()}
            for name, payload in payloads.items()
        ],
        "streams": [
            stream("two frames", "frames follow one another", good * 2, [b"good"] * 2),
            stream("empty frames", "0x00 after 0x00 is nothing", b"\0\0" + good + b"\0\0" + good, [b"good"] * 2),
            stream("unfinished", "no 0x00 yet", good[:-1], []),
            stream("noise before", "noise joins the frame", b"\xffno" + good, [], len(good) + 2, bad_cobs=1),
            stream("noise ended", "a leading 0x00 saves the frame", b"\xffno\0" + good, [b"good"], 3, bad_cobs=1),
        ],
        "rejected": [
            stream("flipped bit", "the CRC differs", bytes(flipped) + good, [b"good"], len(good) - 1, bad_crc=1),
            stream("code past the end", "a block ends past the frame", cut_code + good, [b"good"], 9, bad_cobs=1),
            stream("CRC only", "a payload has 1 byte or more", crc_of_nothing + good, [b"good"], 5, bad_crc=1),
            stream("too short", "shorter than a CRC", b"\x03ab\0" + good, [b"good"], 3, bad_crc=1),
            stream(
                "empty block after a full one",
                "one encoding only: a full block that ends the content has no block after it",
                full[:-1] + b"\x01\0" + good,
                [b"good"],
                len(full),
                bad_cobs=1,
            ),
            stream(
                "longest overlong", "one byte too long", b"\x01" * MAX_FRAME + b"\0" + good, [b"good"], MAX_FRAME,
                overlong=1,
            ),
            stream(
                "overlong", "dropped up to the next 0x00", b"\x05" * 5000 + b"\0" + good, [b"good"], 5000, overlong=1
            ),
            stream(
                "longest", "fits, but is no frame", b"\x02" * (MAX_FRAME - 1) + b"\0" + good, [b"good"],
                MAX_FRAME - 1, bad_cobs=1,
            ),
        ],
    }  # fmt: skip


def leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\0" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def split(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


def tree(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node(tree(leaves[:k]), tree(leaves[k:]))


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*path(index, leaves[:k]), tree(leaves[k:])]
    return [*path(index - k, leaves[k:]), tree(leaves[:k])]


def subproof(old: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2."""
    if old == len(leaves):
        return [] if whole else [tree(leaves)]
    k = split(len(leaves))
    if old <= k:
        return [*subproof(old, leaves[:k], whole), tree(leaves[k:])]
    return [*subproof(old - k, leaves[k:], False), tree(leaves[:k])]


def merkle_vectors() -> dict[str, object]:
    # The leaves of the Certificate Transparency project's own tests, whose roots are widely published.
    data = [bytes.fromhex(code) for code in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
    data.append(bytes(range(0x60, 0x70)))
    leaves = [leaf(item) for item in data]
    roots = [tree(leaves[:size]) for size in range(9)]
    proof = path(3, leaves[:7])
    other = leaf(b"other")

    def included(name: str, **changes: object) -> dict[str, object]:
        case: dict[str, object] = {
            "leaf": leaves[3],
            "index": 3,
            "size": 7,
            "proof": proof,
            "root": roots[7],
            **changes,
        }
        return {"name": name, **case}

    def consistent(name: str, **changes: object) -> dict[str, object]:
        case: dict[str, object] = {
            "old": 3,
            "new": 7,
            "old_root": roots[3],
            "new_root": roots[7],
            "proof": subproof(3, leaves[:7], True),
            **changes,
        }
        return {"name": name, **case}

    three_to_seven = subproof(3, leaves[:7], True)
    four_to_eight = subproof(4, leaves, True)
    content = bytes((i * 7 + 3) % 251 for i in range(1000))
    segments: list[dict[str, object]] = []
    for header, size, length in (
        (0, 64, 1000),
        (44, 64, 1000),
        (44, 256, 300),
        (44, 64, 44),
        (44, 64, 108),
        (0, 64, 0),
    ):
        file = content[:length]
        pieces = [leaf(file[start : start + size]) for start in range(header, length, size)]
        head = leaf(file[:header])
        segments.append(
            {
                "file": file,
                "header_length": header,
                "leaf_size": size,
                "leaves": pieces,
                "header_leaf": head,
                "root": node(head, tree(pieces)),
            }
        )
    return {
        "data": data,
        "leaves": leaves,
        "roots": roots,
        "inclusion": [
            {"size": size, "index": index, "proof": path(index, leaves[:size])}
            for size in range(1, 9)
            for index in range(size)
        ],
        "consistency": [
            {"old": old, "new": new, "proof": subproof(old, leaves[:new], True)}
            for new in range(1, 9)
            for old in range(1, new + 1)
        ],
        "segments": segments,
        "inclusion_rejected": [
            {**included("another leaf", leaf=other), "why": "the leaf is not in the tree"},
            {**included("index 2", index=2), "why": "the leaf stands elsewhere"},
            {**included("index past the end", index=7), "why": "there is no such leaf"},
            {**included("negative index", index=-1), "why": "there is no such leaf"},
            {**included("size 9", size=9), "why": "the tree has another size"},
            {**included("size 0", size=0), "why": "the empty tree has no leaves"},
            {**included("another root", root=roots[8]), "why": "the tree is another"},
            {**included("short root", root=roots[7][:31]), "why": "a hash has 32 bytes"},
            {**included("last node missing", proof=proof[:-1]), "why": "the proof is too short"},
            {**included("no proof", proof=[]), "why": "the proof is too short"},
            {**included("one node more", proof=[*proof, other]), "why": "the proof is too long"},
            {**included("nodes exchanged", proof=proof[::-1]), "why": "the order matters"},
            {**included("node of 31 bytes", proof=[proof[0][:31], *proof[1:]]), "why": "a hash has 32 bytes"},
            {**included("65 nodes", proof=[other] * 65), "why": "no tree is that deep"},
            {
                **included("inner node as a leaf", leaf=node(leaves[2], leaves[3]), index=1, proof=proof[1:]),
                "why": "the size fixes the depth of each leaf",
            },
        ],
        "consistency_rejected": [
            {**consistent("old root differs", old_root=roots[2]), "why": "the old tree is another"},
            {**consistent("new root differs", new_root=roots[8]), "why": "the new tree is another"},
            {**consistent("old size 2", old=2), "why": "the old tree has another size"},
            {**consistent("new size 9", new=9), "why": "the new tree has another size"},
            {**consistent("backwards", old=7, new=3), "why": "a tree does not shrink"},
            {**consistent("backwards, roots too", old=7, new=3, old_root=roots[7], new_root=roots[3]), "why": "same"},
            {**consistent("negative", old=-3), "why": "no such tree"},
            {**consistent("no proof", proof=[]), "why": "the proof is too short"},
            {**consistent("node missing", proof=three_to_seven[:-1]), "why": "the proof is too short"},
            {**consistent("node more", proof=[*three_to_seven, other]), "why": "the proof is too long"},
            {**consistent("order", proof=three_to_seven[::-1]), "why": "the order matters"},
            {**consistent("31 bytes", proof=[three_to_seven[0][:31], *three_to_seven[1:]]), "why": "32 bytes each"},
            {**consistent("equal, other root", old=7, old_root=roots[6], proof=[]), "why": "same size, other tree"},
            {**consistent("equal, with proof", old=7, old_root=roots[7]), "why": "nothing is left to prove"},
            {**consistent("empty, with proof", old=0, old_root=roots[0]), "why": "nothing is left to prove"},
            {**consistent("empty, other root", old=0, old_root=roots[1], proof=[]), "why": "no empty tree"},
            {
                **consistent("both empty, other root", old=0, old_root=roots[1], new=0, new_root=roots[1], proof=[]),
                "why": "the empty tree has one root",
            },
            {
                **consistent(
                    "power of two, old root repeated",
                    old=4,
                    new=8,
                    old_root=roots[4],
                    new_root=roots[8],
                    proof=[roots[4], *four_to_eight],
                ),
                "why": "one proof only: the verifier has that node already",
            },
        ],
    }


FILES = {"cbor.json": cbor_vectors, "frames.json": frame_vectors, "merkle.json": merkle_vectors}


def text(name: str) -> str:
    """What the file of that name holds."""
    return json.dumps(FILES[name](), indent=1, default=bytes.hex) + "\n"


if __name__ == "__main__":
    for name in FILES:
        (HERE / name).write_text(text(name), encoding="ascii")
