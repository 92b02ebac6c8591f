"""Checks of ed25519.json and ed25519_sha512.json, written once for CPython (pytest) and MicroPython (as a script).

Each function takes one case and raises AssertionError when evidock_agent disagrees with it. As a script it takes the
folder of the vectors, prints every disagreement, and ends with status 1 if there was one.
"""

import json
import sys
from binascii import unhexlify as raw

from evidock_agent.crypto import ed25519, sha512, sha512_blocks, sha512_plain


def signed(case):
    seed, public, message = raw(case["seed"]), raw(case["public"]), raw(case["message"])
    assert ed25519.public_key(seed) == public
    assert ed25519.sign(seed, public, message, raw(case.get("hedge", ""))) == raw(case["signature"])
    assert ed25519.verify(public, message, raw(case["signature"])) is True


def accepted(case):
    assert ed25519.verify(raw(case["public"]), raw(case["message"]), raw(case["signature"])) is True


def rejected(case):
    assert ed25519.verify(raw(case["public"]), raw(case["message"]), raw(case["signature"])) is False


def digested(case):
    """In one call, and in pieces by whatever this interpreter has: its own, machine code, and plain integers."""
    message, expected = raw(case["message"]), raw(case["digest"])
    assert sha512.sha512(message) == expected
    assert in_pieces(sha512_blocks.Sha512(), memoryview(message), case["parts"]) == expected
    fast = sha512_blocks.compress
    sha512_blocks.compress = sha512_plain.compress
    try:
        assert in_pieces(sha512_blocks.Sha512(), bytearray(message), case["parts"]) == expected
    finally:
        sha512_blocks.compress = fast


def in_pieces(hasher, message, size):
    for start in range(0, len(message), size):
        hasher.update(message[start : start + size])
    return hasher.digest()


# (file, its section, check of one case)
CHECKS = (
    ("ed25519_sha512", "digests", digested),
    ("ed25519", "sign", signed),
    ("ed25519", "hedged", signed),
    ("ed25519", "accepted", accepted),
    ("ed25519", "rejected", rejected),
)


def cases(folder):
    """(check, case, title) for everything in both files."""
    found = []
    for name, section, check in CHECKS:
        with open(folder + "/" + name + ".json") as file:
            vectors = json.load(file)
        for number, case in enumerate(vectors[section]):
            found.append((check, case, section + ": " + case.get("name", str(number))))
    return found


def main(folder):
    done = failed = 0
    print("SHA-512 by " + ("plain integers" if sha512_blocks.compress is sha512_plain.compress else "machine code"))
    for check, case, title in cases(folder):
        done += 1
        try:
            check(case)
        except Exception as problem:  # whatever it is, it is a disagreement to print
            failed += 1
            print(f"{title}: {problem!r}")
    print(f"{done} cases, {failed} disagree")
    return 1 if failed or not done else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
