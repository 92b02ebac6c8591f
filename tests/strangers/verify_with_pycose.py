"""Verifies statements with pycose: `verify_with_pycose.py FILE`, in pycose's own environment.

Each line of FILE is a statement and the public key that its place prescribes, both in hexadecimal. A line of output is
`accepted` or `refused`, with the reason. Imports nothing of evidock.
"""

# pyright: reportMissingImports=false

import sys

from pycose.headers import Algorithm
from pycose.keys import OKPKey
from pycose.keys.curves import Ed25519
from pycose.messages import Sign1Message

EDDSA = -8


def refusal(raw: bytes, key: bytes) -> str:
    """Why pycose refuses a statement, or nothing."""
    try:
        message = Sign1Message.decode(raw, allow_unknown_attributes=True)  # it does not know `typ` (RFC 9596)
        if message.phdr.get(Algorithm) is None or message.phdr[Algorithm].identifier != EDDSA or message.uhdr:
            return "another algorithm, or an unprotected header"
        message.key = OKPKey(crv=Ed25519, x=key)
        return "" if message.verify_signature() else "signature"
    except Exception as error:  # whatever it raises for hostile bytes is its way to refuse
        return f"{type(error).__name__}: {error}"


with open(sys.argv[1], encoding="ascii") as lines:
    for line in lines:
        reason = refusal(*map(bytes.fromhex, line.split()))
        print(f"refused {reason!r}" if reason else "accepted")
