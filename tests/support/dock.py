"""A host for `board.World`: provisions, opens sessions, pulls and closes, with keys that are the same in every run."""

from __future__ import annotations

from typing import Any

from support.board import WALL, World

from evidock.keys import SigningKey
from evidock_protocol import cbor, codes, entry, framing, messages, sign1, statements, versions, wire

ORGANISATION = SigningKey(b"O" * 32)
HOST = SigningKey(b"H" * 32)
NONCE = b"n" * 16


def certificate(
    roles: int = codes.ALL_ROLES, host: SigningKey = HOST, signer: SigningKey = ORGANISATION, **changed: Any
) -> bytes:
    values = {
        "organisation": ORGANISATION.public, "host_key": host.public, "roles": roles, "generation": 1,
        "not_before": 0, "not_after": 1 << 50, "name": "test", **changed,
    }  # fmt: skip
    return signer.statement(statements.TYP_CERTIFICATE, entry.encode_statement(statements.TYP_CERTIFICATE, values))


def order(
    operation: int, arguments: list[Any] | None = None, signer: SigningKey = ORGANISATION, **changed: Any
) -> bytes:
    """An order of the organisation to every recorder, of generation 1 and a second after `WALL`."""
    values = {
        "operation": operation, "device": None, "generation": 1, "time": WALL + 1000, "arguments": arguments or [],
        **changed,
    }  # fmt: skip
    return signer.statement(statements.TYP_ORDER, entry.encode_statement(statements.TYP_ORDER, values))


class Host:
    """Asks the recorder of a world."""

    def __init__(self, world: World, key: SigningKey = HOST):
        self.world = world
        self.key = key
        self.session: dict[str, Any] = {}
        self.commands = 0
        self._reader = framing.FrameReader(framing.frame_size(versions.MAXIMUM_PAYLOAD))
        self._writer = framing.FrameWriter(versions.MAXIMUM_PAYLOAD)
        self._number = 0

    def send(self, kind: int, values: dict[str, Any]) -> int:
        self._number += 1
        self.frame(wire.request(kind, self._number, values))
        return self._number

    def frame(self, payload: bytes) -> None:
        """Sends any bytes as a frame."""
        self.world.write(bytes(self._writer.encode(payload)))

    def answers(self, seconds: float = 20) -> list[tuple[int, int, dict[str, Any]]]:
        """The next answers on the line; none when it stays silent. Raises Refusal."""
        while True:
            data = self.world.read(seconds)
            if not data:
                return []
            found = [wire.parse_answer(payload) for payload in self._reader.feed(data)]
            if found:
                return found

    def ask(self, kind: int, values: dict[str, Any] | None = None) -> dict[str, Any]:
        values = {"openings": None, **(values or {})} if kind == messages.COMMAND else values or {}
        number = self.send(kind, values)
        ((_kind, answered, fields),) = self.answers()
        assert answered == number
        return fields

    def provision(self, **changed: Any) -> bytes:
        values = {
            "organisation": ORGANISATION.public, "successor": bytes(32), "serial": "1", "asset": "1",
            "certificate": certificate(), "time": None, **changed,
        }  # fmt: skip
        return self.ask(messages.PROVISION, values)["genesis"]

    def open(self, raw: bytes | None = None) -> None:
        answer = self.ask(messages.OPEN, {"certificate": raw or certificate(host=self.key), "host_nonce": NONCE})
        _sealed, self.session = entry.parse_statement(answer["challenge"], statements.TYP_CHALLENGE)
        self.commands = 0

    def sign(self, typ: int, values: dict[str, Any], key: SigningKey | None = None) -> bytes:
        return (key or self.key).statement(typ, entry.encode_statement(typ, values))

    def seal(self, raw: bytes, **changed: Any) -> bytes:
        """The statement `raw` signed anew with other values, whatever they are: fields named "_6" stand by number."""
        sealed = sign1.parse(raw)
        payload: Any = cbor.decode(sealed.payload)
        payload.update({int(name[1:]): value for name, value in changed.items()})
        return self.key.statement(sealed.typ, cbor.encode(payload))

    def challenge(self, key: SigningKey | None = None, **changed: Any) -> bytes:
        values = {**self.session, "party": codes.PARTY_HOST, "time": WALL, "custody": None, **changed}
        values.pop("format", None)
        return self.sign(statements.TYP_CHALLENGE, values, key)

    def attach(self) -> dict[str, Any]:
        """OPEN and PROVE; the first head."""
        self.open()
        return self.head(self.ask(messages.PROVE, {"challenge": self.challenge()})["head"])

    def head(self, raw: bytes) -> dict[str, Any]:
        return entry.parse_statement(raw, statements.TYP_HEAD)[1]

    def command(self, operation: int, arguments: list[Any], **changed: Any) -> bytes:
        self.commands += 1
        values = {
            "device": self.session["device"], "host": self.session["host"], "session": self.session["session"],
            "number": self.commands, "operation": operation, "arguments": arguments, "time": WALL, **changed,
        }  # fmt: skip
        return self.sign(statements.TYP_COMMAND, values)

    def carry(self, operation: int, arguments: list[Any] | None = None, **changed: Any) -> int:
        """Brings an order; the sequence of the entry that keeps it."""
        return self.ask(messages.COMMAND, {"command": self.order(operation, arguments, **changed)})["sequence"]

    def order(self, operation: int, arguments: list[Any] | None = None, signer: SigningKey = ORGANISATION,
              **changed: Any) -> bytes:  # fmt: skip
        """An order to this session's recorder, if one is open."""
        return order(operation, arguments, signer, **{"device": self.session.get("device"), **changed})

    def receipt(self, segments: list[list[Any]], **changed: Any) -> bytes:
        values = {
            "device": self.session["device"], "host": self.session["host"], "session": self.session["session"],
            "size": 1, "newest": bytes(32), "root": bytes(32), "time": WALL, "segments": segments, **changed,
        }  # fmt: skip
        return self.sign(statements.TYP_RECEIPT, values)

    def pull(self, size: int) -> list[bytes]:
        """The journal as it is served."""
        raws: list[bytes] = []
        while len(raws) < size:
            data = self.ask(messages.JOURNAL, {"first": len(raws), "limit": 4096})["entries"]
            at = 0
            while at < len(data):
                end = sign1.end_of(data, at)
                raws.append(data[at:end])
                at = end
        return raws

    def media(self, recording: int, number: int, offset: int, length: int, chunk: int = 1024) -> bytes:
        asked = {"recording": recording, "number": number, "offset": offset, "length": length, "chunk": chunk}
        request = self.send(messages.MEDIA, asked)
        data = b""
        while len(data) < length:
            found = self.answers()
            assert found, "the line fell silent"
            for _kind, answered, fields in found:
                assert (answered, fields["index"] * chunk) == (request, len(data))
                data += fields["data"]
        return data


def provisioned(rate: int = 8000) -> World:
    """A recorder that has booted blank and was provisioned."""
    world = World(rate)
    world.boot()
    world.settle()
    Host(world).provision()
    world.settle()
    return world
