"""What the organisation signs, and what a recorder makes of it: certificates, orders, firmware, deletions, registry."""

from hashlib import sha256
from pathlib import Path

from nacl.signing import SigningKey
from support.forge import Host, Media, Recorder, key_of, public, statement
from support.forged_orders import command

from evidock_protocol import codes, custody_kinds, entry, kinds, merkle, sign1, statements

LATER = key_of("organisation that follows")
STRANGER = key_of("organisation of nobody here")
NEW_FIRMWARE = bytes([7]) * 32


def certificate(organisation: SigningKey, host: Host, **changed: object) -> bytes:
    """A certificate of `organisation` for `host`; `changed` overrides its fields."""
    values: dict[str, object] = {
        "organisation": public(organisation),
        "host_key": public(host.key),
        "roles": codes.ALL_ROLES,
        "generation": 1,
        "not_before": 1000,
        "not_after": 1 << 60,
        "name": host.name,
    }
    values.update(changed)
    typ = statements.TYP_CERTIFICATE
    return statement(organisation, typ, entry.encode_statement(typ, values))


def order(
    organisation: SigningKey, operation: int, arguments: list[object], /, time: int = 2000, **changed: object
) -> bytes:
    """An order that `organisation` signs; `changed` overrides its fields."""
    values: dict[str, object] = {
        "operation": operation,
        "device": None,
        "generation": 1,
        "time": time,
        "arguments": arguments,
    }
    values.update(changed)
    return statement(organisation, statements.TYP_ORDER, entry.encode_statement(statements.TYP_ORDER, values))


def host_entry(recorder: Recorder, event: int, host: bytes, raw: bytes | None, **changed: object) -> int:
    """HOST; its sequence. `changed` overrides fields."""
    body: dict[str, object] = {
        "event": event,
        "host": host,
        "statement": raw,
        "custody": None,
        "host_time": None,
        "count": 1,
        "refusal": None,
        "last_host": None,
    }
    body.update(changed)
    recorder.add(kinds.HOST, body)
    return len(recorder.entries) - 1


def certify(recorder: Recorder, host: Host, organisation: SigningKey | None = None, **changed: object) -> None:
    """HOST (certified); the recorder's EPOCHs go on with what it raises."""
    raw = certificate(organisation or host.organisation_key, host, **changed)
    values = entry.parse_statement(raw, statements.TYP_CERTIFICATE)[1]
    host_entry(recorder, codes.HOST_CERTIFIED, host.id, raw)
    raise_state(recorder, values["generation"], values["not_before"])


def raise_state(recorder: Recorder, generation: object, time: object) -> None:
    """What the recorder's EPOCHs say from now on of generation and time."""
    assert isinstance(generation, int)
    assert isinstance(time, int)
    recorder.trusted["generation"] = max(generation, int(str(recorder.trusted["generation"])))
    recorder.trusted["time"] = max(time, int(str(recorder.trusted["time"])))


def obey(recorder: Recorder, kind: int, body: dict[str, object], raw: bytes) -> None:
    """An entry that an order brings about, with the trust state that it leaves."""
    recorder.add(kind, {"order": raw, **body})
    sealed = sign1.parse(raw)
    if sealed.typ == statements.TYP_ORDER:
        values = entry.parse_statement(raw, statements.TYP_ORDER)[1]
        raise_state(recorder, values["generation"], values["time"])
        if kind == kinds.ORG:
            recorder.trusted.update(organisation=body["organisation"], successor=body["successor"])


def follow(
    recorder: Recorder, signer: SigningKey, to: SigningKey = LATER, /, successor: bytes = bytes(32), **changed: object
) -> None:
    """ORG: `to` is the organisation from here on, as `signer` ordered."""
    arguments: list[object] = [public(to), successor]
    raw = order(signer, codes.OPERATION_ORGANISATION, arguments, **changed)  # type: ignore[arg-type]
    obey(recorder, kinds.ORG, {"organisation": public(to), "successor": successor}, raw)


def boot_with(recorder: Recorder, firmware: bytes) -> None:
    """The recorder comes up again with `firmware`."""
    recorder.off()
    recorder.firmware = firmware
    recorder.restart(60)


def renew(recorder: Recorder, raw: bytes, new: bytes = NEW_FIRMWARE, old: bytes = bytes(32)) -> None:
    """FIRMWARE by `raw`, an order or a command."""
    obey(recorder, kinds.FIRMWARE, {"old": old, "new": new}, raw)


def firmware_command(host: Host, recorder: Recorder, new: bytes = NEW_FIRMWARE, **changed: object) -> bytes:
    return command(host, recorder, codes.OPERATION_FIRMWARE, [new], **changed)


def root_of(one: Media) -> bytes:
    leaves = [one.leaves[at : at + 32] for at in range(0, len(one.leaves), 32)]
    return merkle.segment_root(leaves[0], merkle.root_of(leaves[1:]))


def receipt(host: Host, recorder: Recorder, /, *segments: tuple[int, int], **changed: object) -> tuple[bytes, int]:
    """HOST (receipted) with a receipt of `host` for these segments; its hash and the entry's sequence. The host keeps
    neither receipt nor INGEST. `changed` overrides fields, and `named` the host that the entry names.
    """
    named = changed.pop("named", host.id)
    assert isinstance(named, bytes)
    values: dict[str, object] = {
        "device": recorder.device,
        "host": host.id,
        "session": bytes(16),
        "size": recorder.tree.size,
        "newest": recorder.newest,
        "root": recorder.tree.root(),
        "time": recorder.started,
        "segments": [(*key, root_of(recorder.media[key])) for key in segments],
    }
    values.update(changed)
    raw = statement(host.key, statements.TYP_RECEIPT, entry.encode_statement(statements.TYP_RECEIPT, values))
    return sign1.statement_hash(raw), host_entry(recorder, codes.HOST_RECEIPTED, named, raw)


def delete(recorder: Recorder, segment: tuple[int, int], digest: bytes, place: int, **changed: object) -> None:
    """TOMBSTONE of a segment on the strength of the receipt in entry `place`."""
    body: dict[str, object] = {
        "recording": segment[0],
        "number": segment[1],
        "root": root_of(recorder.media[segment]),
        "receipt": digest,
        "host_entry": place,
    }
    body.update(changed)
    recorder.add(kinds.TOMBSTONE, body)


def register(host: Host, recorder: Recorder, state: int, size: int | None = None, newest: bytes | None = None) -> None:
    """Custody REGISTRY."""
    body = {"device": recorder.device, "state": state, "head_size": size, "head_hash": newest, "unit": None}
    host.note(custody_kinds.REGISTRY, body)


def entry_hash(recorder: Recorder, sequence: int) -> bytes:
    return sha256(recorder.entries[sequence]).digest()


def heads_file(folder: Path, *heads: bytes) -> Path:
    """Heads that another host kept."""
    path = folder / "others.cbs"
    path.write_bytes(b"".join(heads))
    return path
