"""The registry of recorders: what each is, whose it is, and whether it is still trusted, from the custody chain.

Specification: "Custody kinds" (ENROL, REGISTRY). Every change is a signed entry; nothing else is the registry.
"""

from __future__ import annotations

from typing import NamedTuple, cast

from evidock.errors import StoreError, WrongUsage
from evidock.store import Store
from evidock_protocol import names, sign1

ENROLLED, ISSUED, IN_REPAIR, LOST, RETIRED, REVOKED = range(1, 7)
STATES = {str(name): number for number, name in names.REGISTRY_STATES}
FINAL = (RETIRED, REVOKED)  # from its last trusted head on, nothing that it signs counts
_MINIMUM_DIGITS = 8  # of a device id that is abbreviated
MAXIMUM_UNIT = (1 << 63) - 1


class Registered(NamedTuple):
    """A recorder as the registry has it. Source: its ENROL entry and its newest REGISTRY entry."""

    device: str
    """Device id in hexadecimal."""
    fingerprint: str
    """Short form of it, as the recorder shows it."""
    model: str
    serial: str
    asset: str
    protection: str
    """How its keys are protected: a name of `names.PROTECTIONS`."""
    state: str
    """A name of `names.REGISTRY_STATES`."""
    unit: int | None
    enrolled_ms: int
    """Unix milliseconds, as are the others."""
    changed_ms: int | None
    head_size: int | None
    """For a retired or revoked recorder: the size of its last trusted head."""

    def to_json(self) -> dict[str, object]:
        """The same as a JSON object."""
        return dict(self._asdict())


def recorders(store: Store) -> list[Registered]:
    """Every enrolled recorder, in the order of enrolment."""
    return [recorder(store, device) for device in list(store.custody.enrolments)]


def recorder(store: Store, device: bytes) -> Registered:
    """One enrolled recorder. Raises StoreError for another."""
    enrolment = store.custody.enrolments.get(device)
    if enrolment is None:
        raise StoreError("not_registered", device=device.hex()[:16], store=store.folder)
    registration = store.custody.registered.get(device)
    body = enrolment.body
    return Registered(
        device.hex(),
        sign1.short_fingerprint(device),
        cast(str, body["model"]),
        cast(str, body["serial"]),
        cast(str, body["asset"]),
        names.name_of(names.PROTECTIONS, cast(int, body["protection"])),
        names.name_of(names.REGISTRY_STATES, registration.state if registration is not None else ENROLLED),
        store.custody.unit_of(device),
        enrolment.wall_ms,
        registration.changed_ms if registration is not None else None,
        registration.head_size if registration is not None else None,
    )


def find(store: Store, text: str) -> bytes:
    """The one enrolled recorder whose id begins so (8 digits at least, as the fingerprint is) or that has this serial
    number. Raises StoreError, WrongUsage.
    """
    digits = "".join(text.split()).lower()
    found = [
        device
        for device, enrolment in list(store.custody.enrolments.items())
        if (len(digits) >= _MINIMUM_DIGITS and device.hex().startswith(digits))
        or (text and text == enrolment.body["serial"])
    ]
    if not found:
        raise StoreError("not_registered", device=text[:64], store=store.folder)
    if len(found) > 1:
        raise WrongUsage("several_registered", device=text[:64], count=len(found))
    return found[0]


def demand_free(store: Store, serial: str, asset: str, former: bytes | None = None) -> None:
    """Raises StoreError when another recorder than `former`, neither retired nor revoked, has this serial or asset
    number (OB-45).
    """
    for one in recorders(store):
        if STATES[one.state] in FINAL or one.device == (former.hex() if former is not None else None):
            continue
        for name, given, taken in (("serial", serial, one.serial), ("asset", asset, one.asset)):
            if given and given == taken:
                raise StoreError("number_taken", name=name, given=given, device=one.device[:16])


def set_state(
    store: Store, device: bytes, state: int, unit: int | None = None, at_size: int | None = None
) -> Registered:
    """Writes a recorder's state, and its unit when one is given (it keeps the one that it has otherwise).

    A retired or revoked recorder is trusted up to its first `at_size` entries, by default all that this store holds:
    later it may only be revoked, at the same head or an earlier one. Raises StoreError, WrongUsage.
    """
    with store.custody.lock:  # what is decided here holds when it is written
        present = recorder(store, device)
        before = STATES[present.state]
        head_size, head_hash = None, None
        if state in FINAL:
            if at_size is None and before in FINAL:
                at_size = present.head_size
            head_size, head_hash = _last_trusted(store, device, at_size)
        elif at_size is not None:
            raise WrongUsage("at_size_without_end")
        if unit is not None and not 0 <= unit <= MAXIMUM_UNIT:
            raise WrongUsage("number_out_of_range", name="unit", limit=MAXIMUM_UNIT)
        if before in FINAL:
            ended = cast(int, present.head_size)
            if state not in FINAL or state < before or cast(int, head_size) > ended:
                raise StoreError("registry_final", device=device.hex()[:16], state=present.state, size=ended)
        kept = present.unit if unit is None else unit
        if (before, present.unit, present.head_size) != (state, kept, head_size):
            store.custody.register(device, state, head_size, head_hash, kept)
        return recorder(store, device)


def out_of_use(store: Store, device: bytes | None) -> str | None:
    """The state of a recorder that is lost, retired or revoked by the registry, else None."""
    registration = store.custody.registered.get(device) if device is not None else None
    if registration is None or registration.state not in (LOST, *FINAL):
        return None
    return names.name_of(names.REGISTRY_STATES, registration.state)


def demand_in_use(store: Store, device: bytes | None) -> None:
    """Raises StoreError for a recorder that nobody may work with: lost, retired or revoked."""
    state = out_of_use(store, device)
    if device is not None and state is not None:
        raise StoreError("registry_out_of_use", device=device.hex()[:16], state=state)


def note_issue(store: Store, device: bytes, unit: int | None) -> None:
    """The recorder was issued, to a unit when one is named. Raises StoreError."""
    _follow(store, device, ISSUED, unit)


def note_return(store: Store, device: bytes, unit: int | None = None) -> None:
    """The recorder was given back. Raises StoreError."""
    _follow(store, device, ENROLLED, unit)


def retire(store: Store, device: bytes) -> None:
    """The recorder was reset and is another one now: what its old key signs from here on does not count."""
    _follow(store, device, RETIRED, None)


def _follow(store: Store, device: bytes, state: int, unit: int | None) -> None:
    # The recorder carried the command out already: that somebody ended its trust before is not to be undone by it.
    with store.custody.lock:
        if device in store.custody.enrolled and STATES[recorder(store, device).state] not in FINAL:
            set_state(store, device, state, unit)


def _last_trusted(store: Store, device: bytes, at_size: int | None) -> tuple[int, bytes]:
    """(size, hash of the newest entry) of the last trusted head."""
    archive = store.archive(device)
    size = archive.chain.size if at_size is None else at_size
    entries = archive.entries(size - 1, size) if size >= 1 else []
    if not entries:
        raise WrongUsage("no_such_head", size=size, held=archive.chain.size)
    return size, entries[0].hash
