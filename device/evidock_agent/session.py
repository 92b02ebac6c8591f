"""A docking session: who the host is, what it may do, and the nonces that make every head of this session fresh.

Specification: "Session". It ends on HELLO, after silence, and soon after CLOSE. Nothing of journal or media leaves
before both sides have proved their keys to each other (OB-26).
"""

from evidock_agent import moment, pinned, signer
from evidock_agent.crypto import ed25519
from evidock_protocol import codes, entry, messages, sign1, statements, states
from evidock_protocol.errors import ProtocolError
from evidock_protocol.wire import Refusal

SILENCE_MS = 30_000  # of the line, after which a session has ended
CLOSED_SILENCE_MS = 5_000  # the same after CLOSE: time for the entries up to the second head
_MARK = 8  # bytes of a receipt's hash that are kept to know it again

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent
    from evidock_agent.crypto.comb import Comb
    from evidock_agent.trusted import Trusted


def check_certificate(raw: bytes, organisation: bytes, role: int, key_comb: "Comb | None" = None):
    """Generator: the certificate's fields and `host`, the host key's thumbprint; raises Refusal.

    `key_comb` is the organisation key's, where it is stored. Its age is not judged here.
    """
    try:
        sealed, values = entry.parse_statement(raw, statements.TYP_CERTIFICATE)
    except ProtocolError as error:
        raise Refusal(messages.BAD_CERTIFICATE, str(error))
    if values["organisation"] != organisation or sealed.key_id != sign1.thumbprint(organisation):
        raise Refusal(messages.BAD_CERTIFICATE, "certificate of another organisation")
    signed = sealed.signed_bytes()
    valid = yield from signer.steps(ed25519.verify_steps(organisation, signed, sealed.signature, key_comb))
    if not valid:
        raise Refusal(messages.BAD_CERTIFICATE, "certificate is not signed by its organisation")
    if not values["roles"] & role:
        raise Refusal(messages.WRONG_ROLE, "certificate lacks role %d" % role)
    values["host"] = sign1.thumbprint(values["host_key"])
    return values


class Session:
    """One host's session: its `state` (`evidock_protocol.states`); `values` has session, host, nonces once OPEN was
    answered, and `certificate` the bytes of the host's.
    """

    def __init__(self):
        self.state = states.IDLE
        self.values: dict = {}
        self.certificate = b""
        self._certificate: dict = {}
        self._command = 0  # number of the last command taken
        self._receipts = b""  # marks of the receipts taken

    def end(self) -> None:
        """Forgets host, nonces and rights."""
        self.__init__()

    @property
    def is_proved(self) -> bool:
        """Whether the host has proved its key."""
        return self.state == states.PROVED or self.state == states.CLOSED

    def host(self) -> bytes | None:
        """The host key's thumbprint once the host has proved that key, or None."""
        return self.values["host"] if self.is_proved else None

    def is_over(self, silent_ms: int) -> bool:
        """Whether so many milliseconds of silence end this session."""
        return bool(self.values) and silent_ms >= (CLOSED_SILENCE_MS if self.state == states.CLOSED else SILENCE_MS)

    def open(self, agent: "Agent", certificate: bytes, host_nonce: bytes):
        """Generator: checks the certificate and returns the recorder's challenge."""
        trusted = agent.journal.trusted
        organisation = trusted.organisation
        fields = yield from check_certificate(
            certificate, organisation, codes.ROLE_PULL, pinned.load(agent.board.identity_flash, organisation)
        )
        if fields["not_before"] >= moment.LATEST_MS:  # it would shut every other host out
            raise Refusal(messages.BAD_CERTIFICATE, "the certificate begins after any time that a clock may show")
        if fields["generation"] < trusted.generation:
            text = "generation %d, seen %d" % (fields["generation"], trusted.generation)
            raise Refusal(messages.OLDER_GENERATION, text)
        if fields["not_after"] < max(trusted.time, fields["not_before"]):
            raise Refusal(messages.EXPIRED, "the certificate ended before the newest time that its organisation signed")
        self._certificate = fields
        self.certificate = certificate
        device_nonce = bytearray(16)
        number = bytearray(16)
        agent.board.random.fill(device_nonce)
        agent.board.random.fill(number)
        self.values = {
            "host": self._certificate["host"],
            "session": bytes(number),
            "host_nonce": host_nonce,
            "device_nonce": bytes(device_nonce),
        }
        statement = yield from agent.journal.signer.sign_statement(
            statements.TYP_CHALLENGE, self._challenge(agent, codes.PARTY_RECORDER, None, None)
        )
        return statement

    def prove(self, agent: "Agent", challenge: bytes):
        """Generator: checks the host's challenge and returns its fields; raises Refusal.

        The session is proved once HOST is durable.
        """
        values = yield from self._signed_by_host(challenge, statements.TYP_CHALLENGE)
        expected = self._challenge(agent, codes.PARTY_HOST, values["time"], values["custody"])
        for name in expected:
            if values[name] != expected[name]:
                raise Refusal(messages.REPLAYED, "challenge differs in " + name)
        return values

    def is_newer_than(self, trusted: "Trusted") -> bool:
        """Whether this session's certificate raises the trust state."""
        return trusted.is_raised_by(self._certificate)

    def require(self, role: int) -> None:
        """Raises Refusal unless the host's certificate has `role`."""
        if not self._certificate["roles"] & role:
            raise Refusal(messages.WRONG_ROLE, "certificate lacks role %d" % role)

    def command(self, agent: "Agent", raw: bytes):
        """Generator: checks a signed command of this session, whose number must be higher than every one's that was
        taken; raises Refusal.
        """
        self._check_trust(agent.journal.trusted)
        values = yield from self._signed_by_host(raw, statements.TYP_COMMAND)
        self._check_place(agent, values)
        if values["number"] <= self._command:
            raise Refusal(messages.REPLAYED, "command %d after %d" % (values["number"], self._command))
        return values

    def note_command(self, values: dict) -> None:
        """The entry that keeps this command is durable: neither it nor an earlier one is taken again."""
        self._command = values["number"]

    def receipt(self, agent: "Agent", raw: bytes):
        """Generator: checks a receipt of this session, which counts once; raises Refusal."""
        self._check_trust(agent.journal.trusted)
        values = yield from self._signed_by_host(raw, statements.TYP_RECEIPT)
        self._check_place(agent, values)
        if values["size"] > agent.journal.size:
            raise Refusal(messages.OUT_OF_RANGE, "receipt for %d of %d entries" % (values["size"], agent.journal.size))
        mark = _mark_of(raw)
        for at in range(0, len(self._receipts), _MARK):
            if self._receipts[at : at + _MARK] == mark:
                raise Refusal(messages.REPLAYED, "this receipt was taken before")

    def note_receipt(self, raw: bytes) -> None:
        """The receipt is durable: it is not taken again."""
        self._receipts += _mark_of(raw)

    def _check_trust(self, trusted: "Trusted") -> None:
        """An order of this session may have raised the trust state over its own certificate."""
        if self._certificate["organisation"] != trusted.organisation:
            raise Refusal(messages.BAD_CERTIFICATE, "certificate of another organisation")
        if self._certificate["generation"] < trusted.generation:
            raise Refusal(messages.OLDER_GENERATION, "an order has raised the generation over this certificate's")

    def _check_place(self, agent: "Agent", values: dict) -> None:
        if values["device"] != agent.journal.device:
            raise Refusal(messages.WRONG_DEVICE, "statement for another recorder")
        if values["session"] != self.values["session"] or values["host"] != self.values["host"]:
            raise Refusal(messages.REPLAYED, "statement of another session")

    def _signed_by_host(self, raw: bytes, typ: int):
        try:
            sealed, values = entry.parse_statement(raw, typ)
        except ProtocolError as error:
            raise Refusal(messages.MALFORMED, str(error))
        key = self._certificate["host_key"]
        valid = yield from signer.steps(ed25519.verify_steps(key, sealed.signed_bytes(), sealed.signature))
        if sealed.key_id != self.values["host"] or not valid:
            raise Refusal(messages.BAD_SIGNATURE, "not signed by this session's host")
        return values

    def _challenge(self, agent: "Agent", party: int, time: int | None, custody: bytes | None) -> dict:
        return {
            "party": party,
            "device": agent.journal.device,
            "host": self.values["host"],
            "session": self.values["session"],
            "host_nonce": self.values["host_nonce"],
            "device_nonce": self.values["device_nonce"],
            "time": time,
            "custody": custody,
        }


def _mark_of(receipt: bytes) -> bytes:
    return sign1.statement_hash(receipt)[:_MARK]
