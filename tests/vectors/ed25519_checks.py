"""Checks of ed25519.json and ed25519_sha512.json, written once for CPython (pytest) and MicroPython (as a script).

Each function takes one case and raises AssertionError when evidock_agent disagrees with it. As a script it takes the
folder of the vectors and, if wanted, more cases as JSON in the form of ed25519.json, prints every disagreement, and
ends with status 1 if there was one.
"""

import json
import sys
from binascii import unhexlify as raw

from evidock_agent.crypto import comb_build, ed25519, sha512, sha512_blocks, sha512_plain
from evidock_agent.crypto.comb import Comb

SHAPE = (5, 2)  # teeth and blocks of the table that a recorder stores for its organisation's key
_combs = {}


def signed(case):
    seed, public, message = raw(case["seed"]), raw(case["public"]), raw(case["message"])
    assert ed25519.public_key(seed) == public
    assert ed25519.sign(seed, public, message, raw(case.get("hedge", ""))) == raw(case["signature"])
    assert key_comb(public) is not None
    accepted(case)


def accepted(case):
    assert verified(case) is True


def rejected(case):
    assert verified(case) is False


def verified(case):
    """What plain verification says; through a table of the key, where there is one, it must say the same."""
    public, message, signature = raw(case["public"]), raw(case["message"]), raw(case["signature"])
    plain = ed25519.verify(public, message, signature)
    assert ed25519.verify(public, message, signature, key_comb(public)) is plain
    return plain


def key_comb(public):
    """The comb of a key, made once; None for what gets no table."""
    if public not in _combs:
        table = finished(comb_build.key_table_steps(public, *SHAPE)) if len(public) == 32 else None
        _combs[public] = Comb(table, *SHAPE) if table is not None else None
    return _combs[public]


def finished(steps):
    """Runs a generator to its end: what it returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


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


CHECKS = {"digests": digested, "sign": signed, "hedged": signed, "accepted": accepted, "rejected": rejected}


def cases(folder, more="{}"):
    """(check, case, title) for everything in both files, and in `more`."""
    files = {name: load(folder + "/" + name + ".json") for name in ("ed25519_sha512", "ed25519")}
    files["more"] = json.loads(more)
    found = []
    for name, vectors in files.items():
        for section, check in CHECKS.items():
            for number, case in enumerate(vectors.get(section, ())):
                found.append((check, case, name + ", " + section + ": " + case.get("name", str(number))))
    return found


def load(path):
    with open(path) as file:
        return json.load(file)


def main(folder, more="{}"):
    done = failed = 0
    print("SHA-512 by " + ("plain integers" if sha512_blocks.compress is sha512_plain.compress else "machine code"))
    for check, case, title in cases(folder, more):
        done += 1
        try:
            check(case)
        except Exception as problem:  # whatever it is, it is a disagreement to print
            failed += 1
            print(f"{title}: {problem!r}")
    print(f"{done} cases, {failed} disagree")
    return 1 if failed or not done else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
