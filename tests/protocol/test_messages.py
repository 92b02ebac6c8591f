"""Message numbers: requests below the answers' offset, refusals named once, every limit inside a frame."""

from evidock_protocol import cbor, messages, names, versions, wire

REQUESTS = {row[0]: row[1] for row in messages.MESSAGES}


def test_numbers_are_used_once_and_leave_room_for_answers() -> None:
    numbers = [row[0] for row in messages.MESSAGES]
    assert numbers == sorted(set(numbers))
    assert all(0 < number < messages.ANSWER and number + messages.ANSWER < messages.REFUSAL for number in numbers)
    assert {name: number for number, name in REQUESTS.items()}.items() <= vars(messages).items()


def test_every_refusal_has_its_constant() -> None:
    assert {name.upper(): number for number, name in names.REFUSALS}.items() <= vars(messages).items()
    numbers = [number for number, _name in names.REFUSALS]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_largest_answers_fit_a_frame() -> None:
    """A chunk, a page of entries, one private record of eight openings, one statement."""
    largest = 2**63 - 1
    chunk = bytes(versions.MAXIMUM_CHUNK)
    record = cbor.encode([largest, [bytes(versions.MAXIMUM_OPENING)] * versions.MAXIMUM_PRIVATE_FIELDS])
    answers = [
        wire.answer(messages.MEDIA, largest, {"index": largest, "data": chunk}),
        wire.answer(messages.JOURNAL, largest, {"first": largest, "entries": chunk}),
        wire.answer(messages.PRIVATE, largest, {"first": largest, "next": largest, "openings": chunk}),
        wire.answer(messages.PRIVATE, largest, {"first": largest, "next": largest, "openings": record}),
        wire.answer(messages.LEAVES, largest, {"first": largest, "hashes": chunk}),
        wire.answer(messages.CLOSE, largest, {"head": bytes(versions.MAXIMUM_STATEMENT)}),
    ]
    assert max(map(len, answers)) <= versions.MAXIMUM_PAYLOAD


def test_the_largest_statement_fits_a_request() -> None:
    command: dict[str, object] = {"command": bytes(versions.MAXIMUM_STATEMENT), "openings": None}
    largest = wire.request(messages.COMMAND, 2**63 - 1, command)
    assert len(largest) <= versions.MAXIMUM_REQUEST
    opening: dict[str, object] = {"certificate": bytes(versions.MAXIMUM_STATEMENT), "host_nonce": bytes(16)}
    assert len(wire.request(messages.OPEN, 2**63 - 1, opening)) <= versions.MAXIMUM_REQUEST
