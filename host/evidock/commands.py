"""The host's signed commands: check a recorder, issue it to an officer, take it back, begin and end an exemption.

Specification: "Statements" (arguments), "Session". People and units are numbers; they leave this host only once the
recorder has proved its key, and stand in no signed statement: that has their commitments.
"""

from __future__ import annotations

from typing import NamedTuple, cast

from evidock import commanding, keys, registry
from evidock.archive import Archive
from evidock.checking import Check, judged
from evidock.client import Recorder
from evidock.client.session import Session
from evidock.commanding import Watcher
from evidock.errors import Misbehaving, Refused, WrongUsage
from evidock.store import Store
from evidock_protocol import codes, kinds, messages, names, private
from evidock_protocol.entry import Entry

MAXIMUM_NUMBER = (1 << 63) - 1  # of an officer or unit


class Kept(NamedTuple):
    """A command that the recorder carried out and keeps in an entry."""

    device: str
    """Device id in hexadecimal."""
    entry: int
    """Sequence of the ISSUE or RETURN entry."""

    def to_json(self) -> dict[str, object]:
        """The same as a JSON object."""
        return dict(self._asdict())


class Exempted(NamedTuple):
    """An exemption that the recorder begins or ends."""

    device: str
    """Device id in hexadecimal."""
    entry: int
    """Sequence of the EXEMPT entry."""
    recording: int | None
    """Number of the recording that it ended."""
    approval_owed: bool
    """Whether it began without an approver."""

    def to_json(self) -> dict[str, object]:
        """The same as a JSON object."""
        return dict(self._asdict())


def check(recorder: Recorder, store: Store | None = None, progress: Watcher = None) -> Check:
    """Has the recorder check itself (OB-15) and returns what it signed. Needs the role `pull`.

    Raises EvidockError: NotEnrolled, Refused, BadEvidence, LineLost, StoreError.
    """
    archive, kept = _carry_out(recorder, store, progress, codes.OPERATION_CHECK, [], {})
    for item in archive.entries(kept.sequence + 1, archive.chain.size):
        if item.kind == kinds.CHECK:
            return judged(archive, item)
    raise Misbehaving("no_check", port=recorder.port)


def issue(
    recorder: Recorder, officer: int, unit: int | None = None, store: Store | None = None, progress: Watcher = None
) -> Kept:
    """Hands the recorder to an officer (a number, and a unit's), and notes it in the registry. Needs the role `issue`.

    Raises as `check`, and StoreError for one that the registry has as lost, retired or revoked.
    """
    store = commanding.chosen_store(recorder, store)
    registry.demand_in_use(store, recorder.device)
    people = {codes.LABEL_OFFICER: officer, codes.LABEL_UNIT: unit}
    archive, kept = _carry_out(recorder, store, progress, codes.OPERATION_ISSUE, [], people)
    registry.note_issue(store, archive.device, unit)
    return Kept(archive.device.hex(), kept.sequence)


def take_back(
    recorder: Recorder, officer: int, unit: int | None = None, store: Store | None = None, progress: Watcher = None
) -> Kept:
    """Takes the recorder back from an officer, as `issue`; it signs with a new key from then on."""
    store = commanding.chosen_store(recorder, store)
    people = {codes.LABEL_OFFICER: officer, codes.LABEL_UNIT: unit}
    archive, kept = _carry_out(recorder, store, progress, codes.OPERATION_RETURN, [], people)
    registry.note_return(store, archive.device, unit)
    return Kept(archive.device.hex(), kept.sequence)


def exempt(
    recorder: Recorder,
    class_: int,
    begins: bool,
    officer: int | None = None,
    approver: int | None = None,
    store: Store | None = None,
    progress: Watcher = None,
) -> Exempted:
    """Begins or ends lawful non-recording of a class of `names.EXEMPT_CLASSES` (OB-11, OB-12). Needs the role `issue`.

    A recording that runs is ended. Without an approver the approval is owed. Raises as `check`; Refused `not_exempt`
    when it is to end and is not in force.
    """
    if class_ not in [number for number, _name in names.EXEMPT_CLASSES]:
        raise WrongUsage("no_exempt_class", given=class_)
    people = {codes.LABEL_OFFICER: officer, codes.LABEL_APPROVER: approver}
    try:
        archive, kept = _carry_out(recorder, store, progress, codes.OPERATION_EXEMPT, [class_, begins], people)
    except Refused as refused:
        if refused.code == messages.OUT_OF_RANGE and not begins:
            raise Refused("not_exempt", refused.code, given=class_) from None
        raise
    recording = cast("int | None", kept.body["recording"])
    return Exempted(archive.device.hex(), kept.sequence, recording, begins and approver is None)


def _carry_out(
    recorder: Recorder,
    store: Store | None,
    progress: Watcher,
    operation: int,
    arguments: list[object],
    people: dict[int, int | None],
) -> tuple[Archive, Entry]:
    """Has one command carried out and pulls what the recorder wrote of it: its archive, and the entry that keeps it.

    `people` are the numbers that the last arguments commit to, by label, in ascending order.
    """
    store = commanding.chosen_store(recorder, store)
    openings = [_opening(label, number) for label, number in people.items()]
    commitments = [private.commitment(raw) if raw is not None else None for raw in openings]
    sent: list[bytes] = []

    def act(session: Session, _archive: Archive) -> None:
        opened = [one for one in openings if one is not None]
        sent.append(session.command(operation, [*arguments, *commitments], opened))

    done = commanding.carry_out(recorder, store, progress, act)
    item = done.entry_of(sent[0])
    if item is None:
        raise Misbehaving("not_kept", port=recorder.port)
    return done.archive, item


def _opening(label: int, number: int | None) -> bytes | None:
    if number is None:
        return None
    if not 0 <= number <= MAXIMUM_NUMBER:
        name = names.name_of(names.PRIVATE_LABELS, label)
        raise WrongUsage("number_out_of_range", name=name, limit=MAXIMUM_NUMBER)
    return private.opening(keys.random_bytes(private.SALT), label, number)
