"""Section "Verification of a chain", "Certificates" and "Provenance"."""

from collections.abc import Collection

from .entries import Entry
from .errors import BadSignature, Malformed, UnknownFormat
from .findings import Finding
from .sign1 import thumbprint
from .statements import CERTIFICATE, Statement, parse_statement

ISSUE = 8


def read_certificate(raw: bytes, file: str) -> tuple[Statement | None, list[Finding]]:
    """A certificate counts if the organisation that it names signed it; that it is the right one, a pin says."""
    try:
        certificate = parse_statement(raw, CERTIFICATE)
        certificate.envelope.verify(certificate.fields.octets("organisation"))
        return certificate, []
    except BadSignature as error:
        return None, [Finding("BAD_SIGNATURE", str(error), file=file)]
    except (Malformed, UnknownFormat) as error:
        return None, [Finding("MALFORMED", str(error), file=file)]


def is_pinned(organisation: bytes, pins: Collection[str]) -> bool:
    return organisation.hex() in pins or thumbprint(organisation).hex() in pins


def _issues(certificate: Statement, host_key: bytes) -> bool:
    fields = certificate.fields
    return fields.octets("host_key") == host_key and bool(fields.integer("roles") & ISSUE)


def enrols(
    entry: Entry,
    before: Collection[Statement],
    every: Collection[Statement],
    host_key: bytes,
    pins: Collection[str],
    line: Collection[bytes],
) -> bool:
    """Whether an ENROL counts: a pinned organisation, or one that leads to it, let this host issue at its time.

    `before`: certificates in host.cert and before ENROL; `every`: all; `line`: the recorder's organisations.
    """
    _, time = entry.fields.wall()
    valid = [
        certificate.fields.octets("organisation")
        for certificate in before
        if _issues(certificate, host_key)
        and certificate.fields.integer("not_before") <= time <= certificate.fields.integer("not_after")
    ]
    if any(is_pinned(organisation, pins) for organisation in valid):
        return True
    own = [certificate.fields.octets("organisation") for certificate in every if _issues(certificate, host_key)]
    led = any(organisation in line and is_pinned(organisation, pins) for organisation in own)
    return led and any(organisation in line for organisation in valid)


def provenance(
    device: bytes, genesis: Entry | None, enrolled: bytes | None, line: Collection[bytes], pins: Collection[str]
) -> tuple[bool, list[Finding]]:
    """Whether the recorder is trusted, and why not. `enrolled`: what the last ENROL that counts says of its GENESIS."""
    if device.hex() in pins:
        return True, []
    if not pins:
        return False, [Finding("NO_PIN", "nothing is pinned", problem=False)]
    if genesis is None:
        return False, [Finding("NOT_ENROLLED", "GENESIS does not hold")]
    if not any(is_pinned(organisation, pins) for organisation in line):
        return False, [Finding("FOREIGN_ORGANISATION", "no organisation of its line is pinned")]
    if genesis.hash != enrolled:
        return False, [Finding("NOT_ENROLLED", "no ENROL of this GENESIS counts")]
    return True, []
