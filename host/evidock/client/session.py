"""A docking session: both sides prove their keys, and the recorder's head is tied to this session's nonces.

Specification: "Session". What the recorder signed is judged by the epoch key that its verified journal prescribes,
never by a key that it brings along.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from evidock import keys
from evidock.archive import Archive
from evidock.chain import Chain, Head
from evidock.client.connection import SIGN_SECONDS, Connection, Values
from evidock.errors import BadEvidence, LineLost, Misbehaving, Refused, StaleHead
from evidock.store import Store
from evidock_protocol import cbor, codes, entry, messages, sign1, statements
from evidock_protocol.errors import ProtocolError

NONCE = 16


class Session:
    """One session with a recorder; `head` is the newest head of it, not yet checked against a journal."""

    def __init__(self, connection: Connection, store: Store, device: bytes, certificate: bytes):
        """OPEN with a certificate of this host, and PROVE. `check` must follow before media.

        Raises Refused, LineLost, StaleHead, Misbehaving.
        """
        self._connection = connection
        self._store = store
        self._device = device
        self._command = 0
        self._proved = False  # whether the recorder's challenge was checked against its journal
        self._nonces: Values = {}
        self._challenge = self._open(certificate)
        self.head = self._prove()

    def check(self, archive: Archive) -> None:
        """Raises BadEvidence unless challenge and head are signed by the keys that the archived journal prescribes.

        The archive must have been extended to the head's size.
        """
        chain = archive.chain
        if not self.head.is_signed_in(chain):
            archive.set_aside_head(self.head)
            raise BadEvidence("head_signature", device=self._device.hex()[:16])
        # Once: a long docking beside a recording sees several epochs after the one that signed the challenge.
        if not self._proved and not _is_signed_lately(self._challenge, chain):
            archive.set_aside(f"challenge-{self.head.size}", self._challenge.raw)
            raise BadEvidence("challenge_signature", device=self._device.hex()[:16])
        self._proved = True
        if not self.head.describes(chain):
            archive.set_aside_head(self.head)
            raise BadEvidence("head_differs", device=self._device.hex()[:16], size=self.head.size)

    def set_time(self, now_ms: int) -> None:
        """The signed command that sets the recorder's clock to Unix milliseconds `now_ms`."""
        self.command(codes.OPERATION_SET_TIME, [now_ms], [])

    def command(self, operation: int, arguments: list[object], openings: list[bytes]) -> bytes:
        """Signs a command and has it carried out; returns its bytes, which an entry of the recorder keeps.

        `openings` are those of the commitments in `arguments`, in ascending order of their labels. They are private:
        `check` must have come first. Raises Refused, LineLost.
        """
        assert self._proved or not openings
        self._command += 1
        values = self._place()
        values.update(number=self._command, operation=operation, arguments=arguments, time=self._store.now_ms())
        raw = self._sign(statements.TYP_COMMAND, values)
        asked: Values = {"command": raw, "openings": cbor.encode(openings) if openings else None}
        self._request_once(messages.COMMAND, asked)
        return raw

    def order(self, raw: bytes) -> None:
        """Hands over an order of the organisation. `check` must have come first.

        Raises Refused: `replayed` for one that was taken already, also by this call when the answer was lost; LineLost.
        """
        assert self._proved
        self._connection.request(messages.COMMAND, {"command": raw, "openings": None}, SIGN_SECONDS, 2)

    def renew_head(self) -> None:
        """Asks for another first head, after the recorder was told to write entries. `check` must follow."""
        self.head = self._parse_head(self._connection.request(messages.HEAD, {}, SIGN_SECONDS, 2), codes.HEAD_FIRST)

    def receipt(self, head: Head, segments: list[tuple[int, int, bytes]], keep: Callable[[bytes], None]) -> bytes:
        """Signs a receipt for `segments` as of `head`, lets `keep` make it durable, hands it over, and returns it."""
        values = self._place()
        values.update(size=head.size, newest=head.newest, root=head.root, time=self._store.now_ms(), segments=segments)
        raw = self._sign(statements.TYP_RECEIPT, values)
        keep(raw)
        self._request_once(messages.RECEIPT, {"receipt": raw})
        return raw

    def close(self) -> Head:
        """Asks for the second head, signed by the new key; the caller checks it once it has the entries before it.

        The recorder gives those for a few seconds more, and nothing else.
        """
        self.head = self._parse_head(self._connection.request(messages.CLOSE, {}, SIGN_SECONDS, 2), codes.HEAD_SECOND)
        return self.head

    def _open(self, certificate: bytes) -> sign1.Sign1:
        nonce = keys.random_bytes(NONCE)
        asked: Values = {"certificate": certificate, "host_nonce": nonce}
        # One try: a second OPEN would replace the session that the first one opened.
        answer = self._connection.request(messages.OPEN, asked, SIGN_SECONDS, 1)
        try:
            sealed, values = entry.parse_statement(cast(bytes, answer["challenge"]), statements.TYP_CHALLENGE)
        except ProtocolError as error:
            raise Misbehaving("bad_challenge", reason=error) from None
        expected = {"party": codes.PARTY_RECORDER, "device": self._device, "host": self._store.host.thumbprint}
        if any(values[name] != value for name, value in expected.items()):
            raise Misbehaving("bad_challenge", reason="it is made for others")
        if values["host_nonce"] != nonce:
            raise StaleHead("stale", device=self._device.hex()[:16])
        self._nonces = {name: values[name] for name in ("session", "host_nonce", "device_nonce")}
        return sealed

    def _prove(self) -> Head:
        custody = self._store.custody
        values: Values = {
            "party": codes.PARTY_HOST,
            "device": self._device,
            "host": self._store.host.thumbprint,
            **self._nonces,
            "time": self._store.now_ms(),
            "custody": custody.newest if custody.size else None,
        }
        raw = self._sign(statements.TYP_CHALLENGE, values)
        answer = self._connection.request(messages.PROVE, {"challenge": raw}, SIGN_SECONDS, 1)
        return self._parse_head(answer, codes.HEAD_FIRST)

    def _parse_head(self, answer: Values, phase: int) -> Head:
        try:
            head = Head(cast(bytes, answer["head"]))
        except ProtocolError as error:
            raise Misbehaving("bad_head", reason=error) from None
        expected: Values = {"device": self._device, "host": self._store.host.thumbprint, "phase": phase, **self._nonces}
        if any(head.fields[name] != value for name, value in expected.items()):
            raise StaleHead("stale", device=self._device.hex()[:16])
        return head

    def _request_once(self, kind: int, values: Values) -> None:
        try:
            self._connection.request(kind, values, SIGN_SECONDS, 2)
        except Refused as refused:
            if refused.code != messages.REPLAYED:  # the first try was taken and its answer lost
                raise

    def _place(self) -> Values:
        return {"device": self._device, "host": self._store.host.thumbprint, "session": self._nonces["session"]}

    def _sign(self, typ: int, values: Values) -> bytes:
        return self._store.host.statement(typ, entry.encode_statement(typ, values))


def open_session(connection: Connection, store: Store, device: bytes) -> Session:
    """A session. A recorder that has not heard of a new organisation key yet gets the certificate of the old one."""
    newest, *older = store.certificates
    try:
        return _open_patiently(connection, store, device, newest)
    except Refused as refused:
        if refused.code != messages.BAD_CERTIFICATE:
            raise
        for certificate in older:
            try:
                return _open_patiently(connection, store, device, certificate)
            except Refused as again:
                if again.code != messages.BAD_CERTIFICATE:
                    raise
        raise


def _open_patiently(connection: Connection, store: Store, device: bytes, certificate: bytes) -> Session:
    """A session, tried again once when the line swallowed a message: a new OPEN replaces a half-made session."""
    try:
        return Session(connection, store, device, certificate)
    except LineLost as lost:
        if lost.key != "no_answer":
            raise
        return Session(connection, store, device, certificate)


def _is_signed_lately(challenge: sign1.Sign1, chain: Chain) -> bool:
    """Whether the key in force signed, or the one before it: a recording may change epoch while a session opens."""
    return any(keys.verify_statement(challenge, key) for _size, key in chain.epoch_keys[-2:])
