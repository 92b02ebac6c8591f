"""HELLO: what this host says, and what a recorder answers, whose versions are looked at before the rest.

Specification: "Messages" (HELLO) and "Versions". Whatever else is on the line is no answer.
"""

from __future__ import annotations

from typing import cast

from evidock.errors import Misbehaving, UnsupportedVersion
from evidock_protocol import cbor, fields, messages, versions, wire
from evidock_protocol.errors import ProtocolError

Values = dict[str, object]

OWN: Values = {
    "package": list(versions.ACCEPTED_PACKAGE_FORMATS),
    "wire": list(versions.ACCEPTED_WIRE_FORMATS),
    "flash": list(versions.ACCEPTED_FLASH_FORMATS),
    "software": versions.SOFTWARE,
}


def parse(payload: bytes, numbers: list[int], port: str) -> Values | None:
    """The fields of the answer to a HELLO of these request numbers, or None for anything else.

    Raises UnsupportedVersion, Misbehaving.
    """
    try:
        decoded = cbor.decode(payload)
    except ProtocolError:
        return None
    item: list[object] = list(decoded) if isinstance(decoded, list) else []
    if len(item) < 4 or item[1] not in numbers:
        return None
    if item[0] == messages.REFUSAL:
        if item[2] == messages.UNSUPPORTED_VERSION:
            raise UnsupportedVersion("version_refused", port=port, software=versions.SOFTWARE)
        return None
    if item[0] != messages.HELLO + messages.ANSWER or len(item) < 6:
        return None
    check_versions(item[2], item[3], item[5], port)
    try:
        return wire.parse_answer(payload)[2]
    except (ProtocolError, wire.Refusal):
        raise Misbehaving("bad_hello", port=port) from None


def check_versions(package: object, wire_formats: object, software: object, port: str) -> None:
    """Raises UnsupportedVersion unless package and wire formats have one in common; flash is the card reader's."""
    own = (versions.ACCEPTED_PACKAGE_FORMATS, versions.ACCEPTED_WIRE_FORMATS)
    for name, accepted, theirs in zip(("package", "wire"), own, (package, wire_formats), strict=True):
        try:
            fields.check(name, "a:u", theirs)
        except ProtocolError:
            raise Misbehaving("bad_hello", port=port) from None
        if not set(accepted) & set(cast(list[int], theirs)):
            told = software if isinstance(software, str) and software.isprintable() else "?"
            shown = cast(list[int], theirs)[:8]
            raise UnsupportedVersion(
                "version", name=name, theirs=shown, own=list(accepted), software=told, host=versions.SOFTWARE
            )
