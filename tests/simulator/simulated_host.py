"""A host that provisions a recorder and asks for its status, with keys that are the same in every run.

Written against the protocol alone; runs on MicroPython and CPython.
"""

from evidock_agent.crypto import ed25519
from evidock_protocol import codes, entry, framing, messages, sign1, statements, versions, wire

ORGANISATION = b"O" * 32
HOST = b"H" * 32


def sign(seed: bytes, typ: int, values: dict) -> bytes:
    """A statement signed with a plain RFC 8032 signature."""
    public = ed25519.public_key(seed)
    key_id = sign1.thumbprint(public)
    payload = entry.encode_statement(typ, values)
    signature = ed25519.sign(seed, public, sign1.signed_bytes(typ, key_id, payload))
    return sign1.assemble(typ, key_id, payload, signature)


def certificate() -> bytes:
    """The host's, with all roles."""
    return sign(
        ORGANISATION,
        statements.TYP_CERTIFICATE,
        {
            "format": versions.PACKAGE_FORMAT,
            "organisation": ed25519.public_key(ORGANISATION),
            "host_key": ed25519.public_key(HOST),
            "roles": codes.ALL_ROLES,
            "generation": 1,
            "not_before": 0,
            "not_after": 4102444800000,
            "name": "test",
        },
    )


class Host:
    """Asks over `line`, which has write(data) and read(seconds)."""

    def __init__(self, line):
        self._line = line
        self._reader = framing.FrameReader(framing.frame_size(versions.MAXIMUM_PAYLOAD))
        self._writer = framing.FrameWriter(versions.MAXIMUM_PAYLOAD)
        self._number = 0

    def ask(self, kind: int, values: dict, seconds: int = 60) -> dict:
        """The answer's fields; raises Refusal, or OSError when none comes."""
        self._number += 1
        self._line.write(bytes(self._writer.encode(wire.request(kind, self._number, values))))
        while True:
            data = self._line.read(seconds)
            if not data:
                raise OSError(110)
            for payload in self._reader.feed(data):
                return wire.parse_answer(payload)[2]

    def hello(self) -> dict:
        """What the recorder says of itself."""
        accepted = {
            "package": list(versions.ACCEPTED_PACKAGE_FORMATS),
            "wire": list(versions.ACCEPTED_WIRE_FORMATS),
            "flash": list(versions.ACCEPTED_FLASH_FORMATS),
            "software": "test",
        }
        return self.ask(messages.HELLO, accepted)

    def provision(self) -> bytes:
        """Makes a blank recorder this organisation's; returns GENESIS."""
        values = {
            "organisation": ed25519.public_key(ORGANISATION),
            "successor": bytes(32),
            "serial": "1",
            "asset": "1",
            "certificate": certificate(),
            "time": None,
        }
        return self.ask(messages.PROVISION, values)["genesis"]
