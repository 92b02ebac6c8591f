"""Entries that a host's signed command brings about: ISSUE, RETURN, EXEMPT and HOST (commanded), right or wrong."""

from support.forge import Host, Recorder, statement

from evidock_protocol import codes, entry, kinds, private, statements

OFFICER, UNIT, APPROVER = codes.LABEL_OFFICER, codes.LABEL_UNIT, codes.LABEL_APPROVER


def command(host: Host, recorder: Recorder, operation: int, arguments: list[object], /, **changed: object) -> bytes:
    """A command of `host` that it signs now; `changed` overrides its fields, or who signs: `signer`."""
    signer = changed.pop("signer", host)
    assert isinstance(signer, Host)
    values: dict[str, object] = {
        "device": recorder.device,
        "host": host.id,
        "session": bytes(16),
        "number": 1,
        "operation": operation,
        "arguments": arguments,
        "time": recorder.started + recorder.ticks,
    }
    values.update(changed)
    typ = statements.TYP_COMMAND
    return statement(signer.key, typ, entry.encode_statement(typ, values))


def committed(label: int, value: int | None) -> bytes | None:
    """The commitment that a forged entry makes to a value."""
    return None if value is None else private.commitment(private.opening(bytes(16), label, value))


def issue(host: Host, recorder: Recorder, /, out: bool = True, officer: int = 417, **changed: object) -> None:
    """ISSUE, or RETURN, of officer 417 of unit 8, whose command names `officer`."""
    operation = codes.OPERATION_ISSUE if out else codes.OPERATION_RETURN
    arguments: list[object] = [committed(OFFICER, officer), committed(UNIT, 8)]
    raw = command(host, recorder, operation, arguments, **changed)
    recorder.add(kinds.ISSUE if out else kinds.RETURN, {"order": raw}, {OFFICER: 417, UNIT: 8})


def excuse(
    host: Host,
    recorder: Recorder,
    /,
    begins: bool = True,
    class_: int = 2,
    officer: int | None = None,
    **changed: object,
) -> None:
    """EXEMPT of class 2 by command, whose arguments say `class_` and `officer`."""
    arguments: list[object] = [class_, begins, committed(OFFICER, officer), committed(APPROVER, 77)]
    raw = command(host, recorder, codes.OPERATION_EXEMPT, arguments, **changed)
    body = {"class": 2, "begins": begins, "recording": None, "order": raw}
    recorder.add(kinds.EXEMPT, body, {APPROVER: 77})


def checked(host: Host, recorder: Recorder, command_of: int = codes.OPERATION_CHECK, /, **changed: object) -> None:
    """HOST (commanded) by a command to check, or another."""
    arguments: list[object] = [] if command_of == codes.OPERATION_CHECK else [recorder.started]
    body = {
        "event": codes.HOST_COMMANDED,
        "host": host.id,
        "statement": command(host, recorder, command_of, arguments, **changed),
        "custody": None,
        "host_time": None,
        "count": 1,
        "refusal": None,
        "last_host": None,
    }
    recorder.add(kinds.HOST, body)
