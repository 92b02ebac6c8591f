"""Section "Verification of a chain", "Orders": the commands that entries hold."""

from collections.abc import Sequence

from .chain import Chain
from .entries import Entry
from .errors import BadSignature, Malformed, UnknownFormat
from .fields import Fields, read_array
from .findings import Finding
from .sign1 import thumbprint
from .statements import COMMAND, Statement, parse_statement
from .tables import OPERATIONS
from .times import Times

PULL, ISSUE = 1, 8
ISSUES, RETURNS, CHECKS, EXEMPTS = 2, 3, 9, 10
OPERATION = {"ISSUE": ISSUES, "RETURN": RETURNS, "EXEMPT": EXEMPTS, "HOST": CHECKS}
COMMANDED = 3
OFFICER, UNIT, APPROVER = 1, 2, 7
SESSION = 30_000
SIMULATED = 1


def _held(entry: Entry) -> bytes | None:
    """The command in an entry that must have one."""
    if not entry.known or entry.kind_name not in OPERATION:
        return None
    if entry.kind_name == "HOST" and entry.body.integer("event") != COMMANDED:
        return None
    raw = entry.body.values["statement" if entry.kind_name == "HOST" else "order"]
    if entry.kind_name == "EXEMPT" and raw is None:
        return None
    return raw if isinstance(raw, bytes) else b""


def _commitments(arguments: Fields, second: int, name: str) -> dict[int, bytes]:
    found = {OFFICER: arguments.values["officer"], second: arguments.values[name]}
    return {label: value for label, value in found.items() if isinstance(value, bytes)}


def _fits(entry: Entry, command: Fields, device: bytes) -> bool:
    """Steps 2 and 3."""
    operation = command.integer("operation")
    if command.octets("device") != device:
        return False
    if entry.kind_name == "HOST":
        known = operation in OPERATIONS
        return command.values["host"] == entry.body.values["host"] and (operation == CHECKS or not known)
    if operation != OPERATION[entry.kind_name]:
        return False
    arguments = read_array(OPERATIONS[operation][1], command.array("arguments"))
    if operation == EXEMPTS:
        same = all(arguments.values[name] == entry.body.values[name] for name in ("class", "begins"))
        return same and entry.private == _commitments(arguments, APPROVER, "approver")
    return entry.private == _commitments(arguments, UNIT, "unit")


class OrderReader:
    """Judges the orders of one chain by the certificates that count."""

    def __init__(self, chain: Chain, certificates: Sequence[Statement], own: bytes | None, times: Times) -> None:
        self.chain, self.certificates, self.times = chain, certificates, times
        self.keys = {thumbprint(key): key for key in self._keys(own)}
        self.genesis = chain.entries[0] if chain.entries and chain.entries[0].kind_name == "GENESIS" else None
        self.unknown = set[bytes]()
        self.findings: list[Finding] = []
        for entry in chain.entries:
            raw = _held(entry)
            if raw is not None:
                self._judge(entry, raw)

    def _keys(self, own: bytes | None) -> list[bytes]:
        named = [certificate.fields.octets("host_key") for certificate in self.certificates]
        return named if own is None else [own, *named]

    def _judge(self, entry: Entry, raw: bytes) -> None:
        try:
            command = parse_statement(raw, COMMAND)
            held = _fits(entry, command.fields, self.chain.device)
            held = held and self._signed(entry, command) and self._in_time(entry, command)
        except (BadSignature, Malformed, UnknownFormat):
            held = False
        if not held:
            self.findings.append(Finding("ORDER_MISMATCH", f"entry {entry.sequence}"))

    def _signed(self, entry: Entry, command: Statement) -> bool:
        """Step 4."""
        host = command.fields.octets("host")
        of_host = [item for item in self.certificates if thumbprint(item.fields.octets("host_key")) == host]
        if host not in self.keys or not of_host:
            if host not in self.unknown:
                self.findings.append(Finding("ORDER_UNKNOWN", host.hex(), problem=False))
            self.unknown.add(host)
            return True
        command.envelope.verify(self.keys[host])
        role = PULL if entry.kind_name == "HOST" else ISSUE
        organisation = None if self.genesis is None else self.genesis.body.values["organisation"]
        return any(
            item.fields.values["organisation"] == organisation and item.fields.integer("roles") & role
            for item in of_host
        )

    def _in_time(self, entry: Entry, command: Statement) -> bool:
        """Step 5."""
        if self.genesis is None or self.genesis.body.integer("protection") == SIMULATED:
            return True
        boot, time = self.times.boots[entry.fields.integer("boot")], command.fields.integer("time")
        earliest, latest = boot.bounds(entry.fields.integer("ticks"))
        return (latest is None or time <= latest) and (earliest is None or earliest <= time + SESSION)
