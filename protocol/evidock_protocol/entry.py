"""Entries: the payload that journal and custody chain share, built and parsed strictly.

Specification: "Entry payload". Two payload formats never exist side by side under one format number.
"""

from evidock_protocol import cbor, fields, kinds, sign1, statements, versions
from evidock_protocol.errors import Malformed, UnknownFormat

ZERO_HASH = bytes(32)


class Entry:
    """One parsed entry. `ticks` are milliseconds since boot, `wall_ms` Unix milliseconds, `body` has named fields.

    `known` is False for a kind of a later version or of the private range; `body` then keeps its numbered keys as text.
    """

    def __init__(self, sealed: sign1.Sign1, payload: dict[int, object], body: "fields.Fields", known: bool):
        self.raw: bytes = sealed.raw
        self.typ: int = sealed.typ
        self.key_id: bytes = sealed.key_id
        self.signature: bytes = sealed.signature
        self.payload: bytes = sealed.payload
        self.hash: bytes = sign1.statement_hash(sealed.raw)
        self.device: bytes = payload[2]  # type: ignore[assignment]
        self.epoch: int = payload[3]  # type: ignore[assignment]
        self.sequence: int = payload[4]  # type: ignore[assignment]
        self.previous: bytes = payload[5]  # type: ignore[assignment]
        self.kind: int = payload[6]  # type: ignore[assignment]
        self.boot: int = payload[7]  # type: ignore[assignment]
        self.ticks: int = payload[8]  # type: ignore[assignment]
        self.wall_state: int = payload[9][0]  # type: ignore[index]
        self.wall_ms: int = payload[9][1]  # type: ignore[index]
        self.private: dict[int, bytes] = payload.get(11, {})  # type: ignore[assignment]
        self.body = body
        self.known = known


PAYLOAD = (
    "0 format u, 1 suite u, 2 device h, 3 epoch u, 4 sequence u, 5 previous h, 6 kind u, 7 boot u, 8 ticks u, "
    "9 wall w, 10 body m"
)
PRIVATE_KEY = 11  # present only when the entry has private fields


def encode_payload(
    table: str,
    device: bytes,
    epoch: int,
    sequence: int,
    previous: bytes,
    kind: int,
    boot: int,
    ticks: int,
    wall: tuple[int, int],
    body: dict[str, object],
    private: dict[int, bytes],
) -> bytes:
    """The deterministic CBOR of one entry payload; `table` is the body's, `private` maps label to commitment.

    Raises Malformed when a part is not of the type that PAYLOAD or `table` gives it.
    """
    payload: dict[int, object] = {
        0: versions.PACKAGE_FORMAT,
        1: versions.SUITE_ED25519_SHA256,
        2: device,
        3: epoch,
        4: sequence,
        5: previous,
        6: kind,
        7: boot,
        8: ticks,
        9: wall,
        10: fields.to_map(table, body),
    }
    fields.from_map(PAYLOAD, payload)
    if private:
        _check_private(private)
        payload[PRIVATE_KEY] = private
    return cbor.encode(payload)


def parse(raw: bytes, typ: int = statements.TYP_ENTRY) -> Entry:
    """Parses an entry (or, with `typ` TYP_CUSTODY, a custody entry).

    Raises WrongType when it is another kind of statement, UnknownFormat for another format or suite, Malformed
    otherwise. It checks no signature; who shows UnknownFormat checks the signature first.
    """
    sealed = sign1.parse(raw)
    expect_type(sealed, typ)
    payload = _payload_map(sealed)
    suite = payload.get(1)
    if fields.is_uint(suite) and suite != versions.SUITE_ED25519_SHA256:
        raise UnknownFormat(f"suite {suite}")
    has_private = PRIVATE_KEY in payload  # null is not the same as absent: one entry, one encoding
    private = payload.pop(PRIVATE_KEY, None)
    fields.from_map(PAYLOAD, payload)
    if has_private:
        _check_private(private)
        payload[PRIVATE_KEY] = private
    known_kinds = kinds.ENTRY_KINDS if typ == statements.TYP_ENTRY else _custody_kinds()
    table = kinds.body_table(known_kinds, payload[6])  # type: ignore[arg-type]
    body = payload[10]
    if table is None:
        return Entry(sealed, payload, {str(key): value for key, value in body.items()}, False)  # type: ignore[union-attr]
    return Entry(sealed, payload, fields.from_map(table, body), True)


def expect_type(sealed: sign1.Sign1, typ: int) -> None:
    """Raises WrongType unless the statement's signed `typ` is the one its place asks for (AT-27)."""
    if sealed.typ != typ:
        raise WrongType(f"expected statement type {typ}, got {sealed.typ}")


class WrongType(Malformed):
    """A statement of another type stands here."""


def _check_private(private: object) -> None:
    if not fields.is_map(private) or not private or len(private) > versions.MAXIMUM_PRIVATE_FIELDS:
        raise Malformed(f"private fields: expected a map of 1 to {versions.MAXIMUM_PRIVATE_FIELDS}")
    for value in private.values():
        fields.check("commitment", "h", value)


def encode_statement(typ: int, values: dict[str, object]) -> bytes:
    """The deterministic CBOR of a statement payload of type `typ` from named `values` (format is added)."""
    values = dict(values)
    values["format"] = versions.PACKAGE_FORMAT
    _check_arguments(typ, values)
    return cbor.encode(fields.to_map(statements.statement_table(typ), values))


def parse_statement(raw: bytes, typ: int) -> "tuple[sign1.Sign1, fields.Fields]":
    """Parses a statement of exactly type `typ` into its envelope and named fields; errors as `parse`."""
    sealed = sign1.parse(raw)
    expect_type(sealed, typ)
    values = fields.from_map(statements.statement_table(typ), _payload_map(sealed))
    _check_arguments(typ, values)
    return sealed, values


def _payload_map(sealed: sign1.Sign1) -> dict[int, object]:
    """The numbered fields of a payload whose format this version accepts."""
    payload: object = cbor.decode(sealed.payload)
    if not fields.is_map(payload):
        raise Malformed("payload is not a map")
    number = payload.get(0)
    if fields.is_uint(number) and number not in versions.ACCEPTED_PACKAGE_FORMATS:
        raise UnknownFormat(f"format {number}")
    return payload


def _check_arguments(typ: int, values: dict[str, object]) -> None:
    """Raises Malformed unless a command's or order's arguments are its operation's; an unknown operation's pass."""
    if typ != statements.TYP_COMMAND and typ != statements.TYP_ORDER:
        return
    operation, arguments = values.get("operation"), values.get("arguments")
    if not fields.is_uint(operation) or not fields.is_list(arguments):
        return  # the statement's own table tells of it
    table = statements.argument_table(operation)
    if table:
        fields.from_map(table, dict(enumerate(arguments)))
    elif table == "" and arguments:
        raise Malformed(f"operation {operation} takes no arguments, got {len(arguments)}")


def _custody_kinds() -> tuple[tuple[int, str, str], ...]:
    from evidock_protocol import custody_kinds  # a recorder meets none, and keeps the memory

    return custody_kinds.KINDS
