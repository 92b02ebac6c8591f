"""Verifies statements with cwt: `verify_with_cwt.py FILE`, in cwt's own environment.

Each line of FILE is a statement and the public key that its place prescribes, both in hexadecimal. A line of output is
`accepted` or `refused`, with the reason. Imports nothing of evidock.
"""

# pyright: reportMissingImports=false

import sys

import cbor2
from cwt import COSE, COSEKey

OKP, ED25519, EDDSA = 1, 6, -8
KTY, CRV, X, KID, ALG = 1, -1, -2, 2, 3


def refusal(raw: bytes, key: bytes) -> str:
    """Why cwt refuses a statement, or nothing."""
    try:
        # cwt looks for a key by `kid`; here the place prescribes the key, so it is given under whatever is written.
        kid = cbor2.loads(cbor2.loads(raw).value[0])[4]
        public = COSEKey.new({KTY: OKP, CRV: ED25519, X: key, KID: kid, ALG: EDDSA})
        COSE.new().decode(raw, keys=[public])
    except Exception as error:  # whatever it raises for hostile bytes is its way to refuse
        return f"{type(error).__name__}: {error}"
    return ""


with open(sys.argv[1], encoding="ascii") as lines:
    for line in lines:
        reason = refusal(*map(bytes.fromhex, line.split()))
        print(f"refused {reason!r}" if reason else "accepted")
