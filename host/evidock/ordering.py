"""What a host has changed on a recorder: settings and firmware by its own rights, and orders of the organisation.

Specification: "Session" (commands and orders), "Settings", "Statements" (order).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, cast

from evidock import authority, keys
from evidock.archive import Archive
from evidock.client import Recorder
from evidock.client.session import Session
from evidock.commanding import Done, Watcher, carry_out, chosen_store
from evidock.commands import Kept
from evidock.errors import Misbehaving, Refused, WrongUsage
from evidock.store import Store
from evidock_protocol import codes, entry, kinds, messages, rights, settings_table, sign1, statements
from evidock_protocol.errors import ProtocolError

MAXIMUM_ORDER = 4096  # bytes of a file with an order


class Configured(NamedTuple):
    """Settings that a recorder took. `entries`: sequence of the CONFIG entry of each, by the setting's name."""

    device: str
    """Device id in hexadecimal."""
    entries: dict[str, int]

    def to_json(self) -> dict[str, object]:
        """The same as a JSON object."""
        return dict(self._asdict())


class Carried(NamedTuple):
    """An order of the organisation that a recorder carried out."""

    device: str
    """Device id in hexadecimal."""
    operation: str
    """A name of `statements.ARGUMENTS`."""
    entry: int
    """Sequence of the entry that keeps the order."""

    def to_json(self) -> dict[str, object]:
        """The same as a JSON object."""
        return dict(self._asdict())


def setting_number(name: str, value: int) -> int:
    """The number of the setting `name`. Raises WrongUsage for no setting, or a value out of its bounds."""
    for number, known, _default, least, most, unit in settings_table.SETTINGS:
        if known == name:
            if not settings_table.fits(number, value):
                raise WrongUsage("setting_bounds", name=name, least=least, most=most, unit=unit)
            return number
    known_names = ", ".join(row[1] for row in settings_table.SETTINGS)
    raise WrongUsage("no_setting", name=name, known=known_names)


def configure(
    recorder: Recorder, values: Mapping[str, int], store: Store | None = None, progress: Watcher = None
) -> Configured:
    """Sets settings by their names, in the order given. Needs the role `configure`.

    Raises EvidockError: WrongUsage before anything is sent, NotEnrolled, Refused (busy while it records), BadEvidence,
    LineLost, StoreError. What was set before a refusal stays set.
    """
    store = chosen_store(recorder, store)
    numbers = {name: setting_number(name, value) for name, value in values.items()}
    sent: dict[str, bytes] = {}

    def act(session: Session, _archive: Archive) -> None:
        for name, number in numbers.items():
            sent[name] = session.command(codes.OPERATION_CONFIGURE, [number, values[name]], [])

    done = carry_out(recorder, store, progress, act)
    return Configured(done.archive.device.hex(), {name: _kept(recorder, done, raw) for name, raw in sent.items()})


def expect_firmware(
    recorder: Recorder, measurement: bytes, store: Store | None = None, progress: Watcher = None
) -> Kept:
    """Announces the firmware (SHA-256 as BOOT measures it) that the recorder will start next. Role `firmware`.

    A start with another measurement that nobody announced is a finding (AT-25). Raises as `configure`.
    """
    store = chosen_store(recorder, store)
    if len(measurement) != 32:
        raise WrongUsage("not_a_measurement")
    sent: list[bytes] = []

    def act(session: Session, _archive: Archive) -> None:
        sent.append(session.command(codes.OPERATION_FIRMWARE, [measurement], []))

    done = carry_out(recorder, store, progress, act)
    return Kept(done.archive.device.hex(), _kept(recorder, done, sent[0]))


def deliver(recorder: Recorder, order: bytes, store: Store | None = None, progress: Watcher = None) -> Carried:
    """Takes an order that the organisation signed to a recorder, and notes it in the custody chain.

    Raises EvidockError: WrongUsage for what is no order of this organisation for this recorder, else as `configure`;
    Refused `order_taken` when this recorder has carried it out before.
    """
    store = chosen_store(recorder, store)
    operation = _check_order(order, recorder, store)

    def act(session: Session, archive: Archive) -> None:
        taken = Done(archive, 0).entry_of(order)
        if taken is not None:
            raise Refused("order_taken", messages.REPLAYED, entry=taken.sequence)
        store.custody.note_order(order)
        try:
            session.order(order)
        except Refused as refused:
            if refused.code != messages.REPLAYED:
                raise
            replayed.append(refused)  # carried out, and its answer lost? The journal tells.

    replayed: list[Refused] = []
    done = carry_out(recorder, store, progress, act)
    if replayed and done.entry_of(order) is None:
        raise Refused("order_older", messages.REPLAYED)
    name = next(named for number, named, _table in statements.ARGUMENTS if number == operation)
    return Carried(done.archive.device.hex(), name, _kept(recorder, done, order))


def _kept(recorder: Recorder, done: Done, raw: bytes) -> int:
    item = done.entry_of(raw)
    if item is None or item.kind == kinds.HOST:
        raise Misbehaving("not_kept", port=recorder.port)
    return item.sequence


def _check_order(order: bytes, recorder: Recorder, store: Store) -> int:
    """The operation of an order. Raises WrongUsage for what this recorder would refuse in any case."""
    if len(order) > MAXIMUM_ORDER:
        raise WrongUsage("not_an_order")
    try:
        sealed, values = entry.parse_statement(order, statements.TYP_ORDER)
    except ProtocolError:
        raise WrongUsage("not_an_order") from None
    operation = cast(int, values["operation"])
    if not rights.may_order(operation):
        raise WrongUsage("not_an_order")
    signers = store.organisations  # a recorder may not have heard of the newest yet
    if operation == codes.OPERATION_ORGANISATION:
        following = cast("list[bytes]", values["arguments"])[0]  # the successor may sign its own accession
        if authority.hash_of(following) == store.successor:
            signers.append(following)
    if not any(sealed.key_id == sign1.thumbprint(key) and keys.verify_statement(sealed, key) for key in signers):
        raise WrongUsage("order_signature")
    signed_ms = cast(int, values["time"])
    if signed_ms > store.now_ms() + authority.DAY_MS:
        # The recorder would take nothing older from then on.
        raise WrongUsage("order_ahead", shown=authority.date(signed_ms))
    device = values["device"]
    if device is not None and device != recorder.device:
        raise WrongUsage("order_elsewhere", device=cast(bytes, device).hex()[:16], port=recorder.port)
    return operation
