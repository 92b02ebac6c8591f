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


def enrols(entry: Entry, certificates: Collection[Statement], host_key: bytes, pins: Collection[str]) -> bool:
    """Whether an ENROL counts: a pinned organisation let this host issue recorders at its time."""
    _, time = entry.fields.wall()
    return any(
        certificate.fields.octets("host_key") == host_key
        and is_pinned(certificate.fields.octets("organisation"), pins)
        and certificate.fields.integer("roles") & ISSUE
        and certificate.fields.integer("not_before") <= time <= certificate.fields.integer("not_after")
        for certificate in certificates
    )


def provenance(
    device: bytes, genesis: Entry | None, enrolled: set[bytes], pins: Collection[str]
) -> tuple[bool, list[Finding]]:
    """Whether the recorder is trusted, and why not. `enrolled`: what the ENROLs that count say of its GENESIS."""
    if device.hex() in pins:
        return True, []
    if not pins:
        return False, [Finding("NO_PIN", "nothing is pinned", problem=False)]
    if genesis is None:
        return False, [Finding("NOT_ENROLLED", "GENESIS does not hold")]
    if not is_pinned(genesis.body.octets("organisation"), pins):
        return False, [Finding("FOREIGN_ORGANISATION", "GENESIS names another organisation")]
    if genesis.hash not in enrolled:
        return False, [Finding("NOT_ENROLLED", "no ENROL of this GENESIS counts")]
    return True, []
