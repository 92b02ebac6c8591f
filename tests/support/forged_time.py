"""What ties a forged recorder to a host's time: dockings that a host signed, and clocks that were set or lost."""

from support.forge import Host, Recorder, statement

from evidock_protocol import codes, entry, kinds, statements


def attach(host: Host, recorder: Recorder, host_ms: int, **changed: object) -> None:
    """HOST (attached), whose challenge `host` dated; `changed` overrides fields of the challenge."""
    values: dict[str, object] = {
        "party": codes.PARTY_HOST,
        "device": recorder.device,
        "host": host.id,
        "session": bytes(16),
        "host_nonce": bytes(16),
        "device_nonce": bytes(16),
        "time": host_ms,
        "custody": None,
    }
    values.update(changed)
    typ = statements.TYP_CHALLENGE
    body = {
        "event": codes.HOST_ATTACHED,
        "host": host.id,
        "statement": statement(host.key, typ, entry.encode_statement(typ, values)),
        "custody": None,
        "host_time": host_ms,
        "count": 1,
        "refusal": None,
        "last_host": None,
    }
    recorder.add(kinds.HOST, body)


def order_time(host: Host, recorder: Recorder, host_ms: int) -> bytes:
    """The host's signed command that sets the clock."""
    values: dict[str, object] = {
        "device": recorder.device,
        "host": host.id,
        "session": bytes(16),
        "number": 1,
        "operation": codes.OPERATION_SET_TIME,
        "arguments": [host_ms],
        "time": host_ms,
    }
    typ = statements.TYP_COMMAND
    return statement(host.key, typ, entry.encode_statement(typ, values))


def set_clock(host: Host, recorder: Recorder, host_ms: int, order: bytes | None = b"") -> None:
    """CLOCK: from here on the recorder's clock shows `host_ms`, by the host's order unless another is given."""
    old = list(recorder.wall())
    recorder.started = host_ms - recorder.ticks
    recorder.wall_state = codes.WALL_SYNCHRONISED
    body: dict[str, object] = {
        "old": old,
        "new": list(recorder.wall()),
        "source": codes.CLOCK_FROM_HOST,
        "order": order_time(host, recorder, host_ms) if order == b"" else order,
    }
    recorder.add(kinds.CLOCK, body)


def lose_clock(recorder: Recorder, old: tuple[int, int] = (0, 0)) -> None:
    """CLOCK (lost): what it showed, if that was set, was wrong."""
    recorder.wall_state = codes.WALL_UNSET
    recorder.add(kinds.CLOCK, {"old": list(old), "new": [0, 0], "source": codes.CLOCK_LOST, "order": None})
