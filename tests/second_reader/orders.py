"""Section "Verification of a chain", "Orders", "Trust state" and "Receipts": the statements that entries hold."""

from collections.abc import Sequence

from .attestations import RECEIPTED
from .chain import Chain
from .entries import Entry
from .errors import BadSignature, Malformed, UnknownFormat
from .fields import Fields, read_array
from .findings import Finding
from .provenance import read_certificate
from .sign1 import parse_envelope, thumbprint
from .statements import COMMAND, ORDER, RECEIPT, Statement, parse_statement
from .tables import OPERATIONS
from .times import Times
from .trust import Trust

ROLE_PULL, ROLE_TIME, ROLE_RECEIPT, ROLE_ISSUE, ROLE_CONFIGURE, ROLE_FIRMWARE = 1, 2, 4, 8, 16, 32
SET_TIME, ISSUES, RETURNS, CONFIGURES, UPDATES, DELETES, RESETS, ORGANISES, CHECKS, EXEMPTS = range(1, 11)
OPERATION = {
    **{"ISSUE": ISSUES, "RETURN": RETURNS, "EXEMPT": EXEMPTS, "HOST": CHECKS, "CLOCK": SET_TIME},
    **{"CONFIG": CONFIGURES, "FIRMWARE": UPDATES, "RESET": RESETS, "ORG": ORGANISES},
}
ROLES = {
    SET_TIME: ROLE_TIME,
    CONFIGURES: ROLE_CONFIGURE,
    UPDATES: ROLE_FIRMWARE,
    DELETES: ROLE_RECEIPT,
} | dict.fromkeys((ISSUES, RETURNS, EXEMPTS), ROLE_ISSUE)
TYPES = {"CLOCK": (COMMAND, ORDER), "CONFIG": (COMMAND, ORDER), "FIRMWARE": (COMMAND, ORDER)} | dict.fromkeys(
    ("RESET", "ORG"), (ORDER,)
)
COMMANDED, CERTIFIED = 3, 5
BY_HOST, BY_ORGANISATION = 1, 5
OFFICER, UNIT, APPROVER = 1, 2, 7
SESSION = 30_000
SIMULATED = 1


def _held(entry: Entry) -> bytes | None:
    """The command or order in an entry that must have one."""
    if not entry.known or entry.kind_name not in OPERATION:
        return None
    if entry.kind_name == "HOST" and entry.body.integer("event") != COMMANDED:
        return None
    raw = entry.body.values["statement" if entry.kind_name == "HOST" else "order"]
    if entry.kind_name in ("EXEMPT", "CLOCK", "CONFIG") and raw is None:
        return None
    return raw if isinstance(raw, bytes) else b""


def _commitments(arguments: Fields, second: int, name: str) -> dict[int, bytes]:
    found = {OFFICER: arguments.values["officer"], second: arguments.values[name]}
    return {label: value for label, value in found.items() if isinstance(value, bytes)}


def _same(arguments: Fields, entry: Entry, *names: str) -> bool:
    return all(arguments.values[name] == entry.body.values[name] for name in names)


def _near(entry: Entry, time: int) -> bool:
    """Whether CLOCK was set to a time."""
    state, new = entry.body.array("new")
    return isinstance(new, int) and state != 0 and abs(new - time) <= SESSION


class OrderReader:
    """Judges the statements in one chain by the certificates that count, and follows its trust state."""

    def __init__(self, chain: Chain, certificates: Sequence[Statement]) -> None:
        self.chain, self.certificates = chain, list(certificates)
        first = chain.entries[0] if chain.entries else None
        self.genesis = first if first is not None and first.kind_name == "GENESIS" else None
        self.trust = Trust()
        self.unknown = set[bytes]()
        self.findings: list[Finding] = []
        self.bad = set[int]()  # sequences against whose statement something was found
        self.commands: list[tuple[Entry, Statement]] = []
        self.ordered: list[Entry] = []
        self.receipts: dict[int, Statement] = {}  # by the sequence of HOST
        self.firmware: bytes | None = None  # what the last BOOT says, while nothing is missing since
        for entry in chain.entries:
            whole = entry.sequence == self.trust.last + 1
            self.trust.follow(entry)
            self.firmware = self.firmware if whole else None
            self._read(entry)

    def _mismatch(self, entry: Entry) -> None:
        self.bad.add(entry.sequence)
        self.findings.append(Finding("ORDER_MISMATCH", f"entry {entry.sequence}"))

    def _read(self, entry: Entry) -> None:
        raw = _held(entry)
        try:
            if raw is not None:
                held = self._judge(entry, raw)
            elif entry.known and entry.kind_name == "HOST":
                held = self._host(entry)
            else:
                held = True
        except (BadSignature, Malformed, UnknownFormat):
            held = False
        if not held:
            self._mismatch(entry)
        if entry.known and entry.kind_name == "EPOCH" and not self.trust.epoch(entry):
            self.findings.append(Finding("TRUST_STATE", f"entry {entry.sequence}"))
        if entry.known and entry.kind_name in ("GENESIS", "BOOT"):
            self.firmware = entry.body.octets("firmware")

    def _host(self, entry: Entry) -> bool:
        """HOST (certified) and HOST (receipted)."""
        event, raw, host = (entry.body.values[name] for name in ("event", "statement", "host"))
        if event == CERTIFIED:
            certificate, found = read_certificate(raw, "") if isinstance(raw, bytes) else (None, [])
            if certificate is None or found or not isinstance(host, bytes):
                return False
            if not self.trust.takes_certificate(certificate, host):
                return False
            self.certificates.append(certificate)
        if event == RECEIPTED and isinstance(raw, bytes):
            try:
                receipt = parse_statement(raw, RECEIPT)
            except (Malformed, UnknownFormat):
                return True
            if receipt.fields.octets("device") != self.chain.device:
                return True
            if receipt.fields.values["host"] != host or not self._signed(receipt, ROLE_RECEIPT, remark=False):
                return False
            self.receipts[entry.sequence] = receipt
        return True

    def _judge(self, entry: Entry, raw: bytes) -> bool:
        """Steps 1 to 4."""
        types = TYPES.get(entry.kind_name, (COMMAND,))
        typ = parse_envelope(raw).typ
        if typ not in types:
            return False
        statement = parse_statement(raw, typ)
        if typ == ORDER:
            self.ordered.append(entry)
            return self._ordered(entry, statement)
        self.commands.append((entry, statement))
        if not self._fits(entry, statement.fields, ordered=False):
            return False
        operation = statement.fields.integer("operation")
        return self._signed(statement, ROLES.get(operation, ROLE_PULL), remark=True)

    def _ordered(self, entry: Entry, order: Statement) -> bool:
        if not self._fits(entry, order.fields, ordered=True):
            return False
        successor = entry.body.octets("organisation") if entry.kind_name == "ORG" else None
        if not self.trust.admits_order(order, successor):
            return False
        self.trust.obey(entry, order)
        return True

    def _fits(self, entry: Entry, said: Fields, ordered: bool) -> bool:
        """Steps 2 and 3."""
        operation, device = said.integer("operation"), said.values["device"]
        if device != self.chain.device and not (ordered and device is None):
            return False
        if entry.kind_name == "HOST":
            known = operation in OPERATIONS
            return said.values["host"] == entry.body.values["host"] and (operation in (CHECKS, DELETES) or not known)
        if operation != OPERATION[entry.kind_name]:
            return False
        arguments = read_array(OPERATIONS[operation][1], said.array("arguments"))
        if operation == SET_TIME:
            source = BY_ORGANISATION if ordered else BY_HOST
            return entry.body.integer("source") == source and _near(entry, arguments.integer("unix_ms"))
        if operation == CONFIGURES:
            return _same(arguments, entry, "setting", "value")
        if operation == UPDATES:
            old = self.firmware in (None, entry.body.octets("old"))
            return old and arguments.octets("firmware") == entry.body.octets("new")
        if operation == ORGANISES:
            return _same(arguments, entry, "organisation", "successor")
        if operation == RESETS:
            return True
        if operation == EXEMPTS:
            same = _same(arguments, entry, "class", "begins")
            return same and entry.private == _commitments(arguments, APPROVER, "approver")
        return entry.private == _commitments(arguments, UNIT, "unit")

    def _signed(self, statement: Statement, role: int, remark: bool) -> bool:
        """Step 4, of a host's statement."""
        host = statement.fields.octets("host")
        of_host = [item for item in self.certificates if thumbprint(item.fields.octets("host_key")) == host]
        if not of_host:
            if remark and host not in self.unknown:
                self.findings.append(Finding("ORDER_UNKNOWN", host.hex(), problem=False))
                self.unknown.add(host)
            return True
        statement.envelope.verify(of_host[0].fields.octets("host_key"))
        return any(
            item.fields.integer("roles") & role
            and (not self.trust.known or item.fields.values["organisation"] == self.trust.organisation)
            for item in of_host
        )

    def judge_times(self, times: Times) -> None:
        """Step 5. Only commands have it, so that it changes no trust state."""
        if self.genesis is None or self.genesis.body.integer("protection") == SIMULATED:
            return
        for entry, command in self.commands:
            if entry.kind_name == "CLOCK" or entry.sequence in self.bad:
                continue
            boot, time = times.boots[entry.fields.integer("boot")], command.fields.integer("time")
            earliest, latest = boot.bounds(entry.fields.integer("ticks"))
            if not ((latest is None or time <= latest) and (earliest is None or earliest <= time + SESSION)):
                self._mismatch(entry)
