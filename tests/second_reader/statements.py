"""Section "Statements": receipts, certificates, commands, challenges, heads, checkpoints and orders."""

from dataclasses import dataclass

from .entries import read_payload
from .errors import WrongType
from .fields import Fields, read_array, read_map
from .sign1 import Envelope, parse_envelope, thumbprint
from .tables import OPERATIONS, STATEMENTS

RECEIPT = 65002
CERTIFICATE = 65003
COMMAND = 65004
CHALLENGE = 65005
HEAD = 65006
ORDER = 65009
WITH_ARGUMENTS = (COMMAND, ORDER)


@dataclass(frozen=True)
class Statement:
    """One statement that is no entry, its form checked. Its signature is not checked here."""

    envelope: Envelope
    name: str
    fields: Fields


def parse_statement(raw: bytes, typ: int) -> Statement:
    """The statement that fills `raw`, in a place that asks for `typ`."""
    envelope = parse_envelope(raw)
    if envelope.typ != typ:
        raise WrongType(f"typ {envelope.typ} in the place of {typ}")
    payload = read_payload(envelope.payload)
    name, rows = STATEMENTS[typ]
    fields = read_map(rows, payload)
    if typ in WITH_ARGUMENTS and fields.integer("operation") in OPERATIONS:
        _, arguments = OPERATIONS[fields.integer("operation")]
        read_array(arguments, fields.array("arguments"))
    return Statement(envelope, name, fields)


def verify_certificate(raw: bytes, organisation: bytes) -> Statement:
    """A certificate by this organisation ("Certificates")."""
    certificate = parse_statement(raw, CERTIFICATE)
    certificate.envelope.verify(organisation)
    return certificate


def host_id(certificate: Statement) -> bytes:
    return thumbprint(certificate.fields.octets("host_key"))
