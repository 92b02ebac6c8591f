"""Files that hold a key: whose key it is, never the key.

Specification: "The archive" (host.key). The organisation's file is the host software's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from evidock import keys
from evidock_protocol import sign1

from .decoder import Unreadable
from .shown import show


def is_seed(data: bytes) -> bool:
    """Whether a file is 32 bytes in hexadecimal."""
    text = data.strip()
    return len(text) == 64 and all(byte in b"0123456789abcdefABCDEF" for byte in text)


def lines(data: bytes, path: Path) -> Iterator[str]:
    """What the key file `data` is. Raises Unreadable when it is none."""
    if is_seed(data):
        key = keys.SigningKey(bytes.fromhex(data.strip().decode()))
        yield f"secret Ed25519 key, not shown; public key {key.public.hex()}"
        yield f"fingerprint {key.thumbprint.hex()}"
        return
    try:
        content = cast(object, json.loads(data))
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise Unreadable("inspect_unknown", path=path)
    for name, value in cast("dict[str, object]", content).items():
        if name in ("secret", "seed", "salt"):
            yield f"{name}: not shown"
        else:
            yield f"{name}: {show(value)}"
            if name == "organisation" and isinstance(value, str) and is_seed(value.encode()):
                yield f"fingerprint if that is a public key: {sign1.thumbprint(bytes.fromhex(value)).hex()}"
