"""Realistic reports to draw: a quiet shift, a power cut, an edited copy, two recorders, a Chinese reader, a crowd."""

from dataclasses import replace
from datetime import UTC, datetime

from evidock.report import (
    Answer,
    Authenticity,
    Completeness,
    Coverage,
    DeviceReport,
    Finding,
    Head,
    Mark,
    Provenance,
    Report,
    Severity,
    Span,
    State,
    TrackSpan,
    Verdict,
)

ONE = "3f9a77c1d2084be6a51c0f7e9d3b62480c1e5aa7f4d9b3e8123456789abcdef0"
TWO = "b04e1d5c77aa90213344556677889900aabbccddeeff00112233445566778899"
UNPROVEN = (
    "A recorder that was never switched on leaves no trace; only rosters, calls and tickets show it.",
    "The truth of a spoken reason.",
    "That the lens did not face a wall.",
    "Integrity after a key was extracted during its own epoch.",
)


def at(clock: str, day: str = "2025-03-14") -> float:
    """Unix seconds of a time of day in UTC+08:00."""
    return datetime.fromisoformat(f"{day}T{clock}+08:00").astimezone(UTC).timestamp()


def device(identity: str = ONE, **changes: object) -> DeviceReport:
    """A recorder with an attested head."""
    head = Head(412, "8f2c" * 16, "77aa" * 16, at("16:21:07.250"), True)
    made = DeviceReport(identity, 9, head, "readable_flash", "Pico bodycam W", "BC-2024-0117")
    return replace(made, **changes)  # pyright: ignore[reportArgumentType]


def spans(identity: str, *rows: tuple[str, str, str, str | None, int | None]) -> tuple[Span, ...]:
    """Spans from rows of time, time, state, cause, recording."""
    return tuple(Span(at(a), at(b), State(state), cause, identity, number) for a, b, state, cause, number in rows)


def verified() -> Report:
    """A quiet shift: three recordings, standby between them, nothing missing."""
    covered = spans(
        ONE,
        ("08:00:00", "08:04:10", "declared", "off", None),
        ("08:04:10", "09:12:03", "declared", "standby", None),
        ("09:12:03", "09:31:40", "recorded", None, 1),
        ("09:31:40", "11:02:15", "declared", "standby", None),
        ("11:02:15", "11:09:55", "recorded", None, 2),
        ("11:09:55", "14:40:00", "declared", "standby", None),
        ("14:40:00", "14:53:55", "recorded", None, 3),
        ("14:53:55", "16:00:00", "declared", "standby", None),
    )
    return Report(
        Verdict.VERIFIED,
        Answer(Authenticity.INTACT, "All 41 segments and 412 entries are the bytes that the recorder sealed."),
        Answer(Provenance.TRUSTED, "Recorder enrolled under the pinned key of the organisation 5e21 90ac."),
        Answer(Completeness.COMPLETE, "Every second up to the attested head at 16:21:07 is accounted for."),
        (at("08:00:00"), at("16:00:00")),
        (device(),),
        Coverage(covered),
        (),
        (Mark(at("09:20:11"), ONE, "evidence"), Mark(at("14:47:30"), ONE, "incident")),
        UNPROVEN,
        "Asia/Shanghai",
    )


def tracks(identity: str, track: str, *rows: tuple[str, str, str, str | None, int]) -> tuple[TrackSpan, ...]:
    """How one track stands, from rows of time, time, state, cause, recording."""
    return tuple(
        TrackSpan(at(a), at(b), State(state), why, identity, number, track) for a, b, state, why, number in rows
    )


def two_tracks() -> Report:
    """OB-1: sound and picture of three recordings. Pictures fail for a while, sound was edited, power is lost."""
    covered = spans(
        ONE,
        ("10:00:00", "10:02:00", "declared", "standby", None),
        ("10:02:00", "10:05:00", "recorded", None, 1),
        ("10:05:00", "10:06:10", "unexplained", None, 1),
        ("10:06:10", "10:08:20", "recorded", None, 1),
        ("10:08:20", "10:08:24", "altered", None, 1),
        ("10:08:24", "10:10:00", "recorded", None, 1),
        ("10:10:00", "10:12:30", "declared", "standby", None),
        ("10:12:30", "10:16:00", "post_close", None, 2),
        ("10:16:00", "10:18:00", "declared", "standby", None),
        ("10:18:00", "10:20:40", "recorded", None, 3),
        ("10:20:40", "10:20:44", "recovered", None, 3),
        ("10:20:44", "10:20:46", "declared", "power_lost", 3),
        ("10:20:46", "10:22:00", "declared", "power_lost", 3),
        ("10:22:00", "10:25:00", "declared", "standby", None),
    )
    heard = tracks(
        ONE, "sound",
        ("10:02:00", "10:08:20", "recorded", None, 1), ("10:08:20", "10:08:24", "altered", None, 1),
        ("10:08:24", "10:10:00", "recorded", None, 1), ("10:12:30", "10:16:00", "recorded", None, 2),
        ("10:18:00", "10:20:40", "recorded", None, 3), ("10:20:40", "10:20:46", "recovered", None, 3),
    )  # fmt: skip
    seen = tracks(
        ONE, "picture",
        ("10:02:00", "10:05:00", "recorded", None, 1), ("10:05:00", "10:06:10", "unexplained", None, 1),
        ("10:06:10", "10:10:00", "recorded", None, 1), ("10:12:30", "10:16:00", "post_close", None, 2),
        ("10:18:00", "10:20:40", "recorded", None, 3), ("10:20:40", "10:20:44", "recovered", None, 3),
        ("10:20:44", "10:20:46", "declared", "power_lost", 3),
    )  # fmt: skip
    missing = Finding(
        "PICTURE_MISSING", Severity.ERROR,
        "For 70 s the recording has no picture. The recorder's own reason: the source stalled.",
        None, Verdict.INCOMPLETE, ONE, 1, None, None, (at("10:05:00"), at("10:06:10")),
    )  # fmt: skip
    edited = Finding(
        "CONTENT_MISMATCH", Severity.ERROR, "Bytes 12800512 to 12865535 are not the bytes that the recorder sealed.",
        1, Verdict.ALTERED, ONE, 1, 13, (12_800_512, 12_865_536), (at("10:08:20"), at("10:08:24")),
        "recorders/3f9a/media/2025/03/14/R0000001/S0000013.wav",
    )  # fmt: skip
    return replace(
        verified(),
        verdict=Verdict.ALTERED,
        authenticity=Answer(Authenticity.ALTERED, "Something here is not as the recorder sealed it."),
        completeness=Answer(Completeness.INCOMPLETE, "Something is missing that no signed statement accounts for."),
        interval=(at("10:00:00"), at("10:25:00")),
        coverage=Coverage(covered, (*heard, *seen)),
        findings=(missing, edited),
        marks=(Mark(at("10:07:00"), ONE, "evidence"),),
        verified=at("18:02:11"),
        trusted=("5e2190ac" * 8,),
    )


def declared_gaps() -> Report:
    """A patrol with a power cut, a card swap and an exemption, several marks, on a simulated recorder."""
    covered = spans(
        ONE,
        ("10:00:00", "10:02:30", "declared", "standby", None),
        ("10:02:30", "10:14:21", "recorded", None, 4),
        ("10:14:21", "10:14:24", "recovered", None, 4),
        ("10:14:24", "10:15:38", "declared", "power_lost", 4),
        ("10:15:38", "10:24:05", "recorded", None, 4),
        ("10:24:05", "10:24:47", "declared", "medium_swapped", 4),
        ("10:24:47", "10:31:00", "recorded", None, 4),
        ("10:31:00", "10:36:00", "exempt", "secret_or_privacy", None),
        ("10:36:00", "10:41:30", "recorded", None, 5),
        ("10:41:30", "10:45:00", "declared", "standby", None),
    )
    gap = Finding(
        "GAP_DECLARED",
        Severity.NOTICE,
        "Recording 4 broke off without a stop. The next boot signed the cause power lost; reset cause power-on and the "
        "anchor at 10:14:21 agree.",
        9,
        Verdict.VERIFIED_DECLARED_GAPS,
        ONE,
        4,
        12,
        None,
        (at("10:14:24"), at("10:15:38")),
    )
    swap = replace(
        gap,
        text="Recording 4 broke off for a new card; the chain crosses from card 11 to card 12.",
        segment=21,
        time=(at("10:24:05"), at("10:24:47")),
        attack=None,
    )
    clock = Finding(
        "CLOCK_STEP",
        Severity.NOTICE,
        "The clock was set 2.4 s forward by a host entitled to do so.",
        20,
        None,
        ONE,
        time=(at("10:20:10"), at("10:20:10")),
    )
    marks = [
        ("10:05:12", "evidence"),
        ("10:05:40", "evidence"),
        ("10:06:02", "note"),
        ("10:18:30", "incident"),
        ("10:40:58", "evidence"),
    ]
    return Report(
        Verdict.VERIFIED_DECLARED_GAPS,
        Answer(Authenticity.INTACT, "All 38 segments are the bytes that the recorder sealed."),
        Answer(Provenance.TRUSTED, "Recorder enrolled under the pinned key of the organisation 5e21 90ac."),
        Answer(
            Completeness.DECLARED_GAPS,
            "Two interruptions, 1 min 56 s in all, each with a signed cause that its telemetry confirms.",
        ),
        (at("10:00:00"), at("10:45:00")),
        (device(protection="simulated", simulated=True),),
        Coverage(covered),
        (gap, swap, clock),
        tuple(Mark(at(time), ONE, kind) for time, kind in marks),
        UNPROVEN,
        "Asia/Shanghai",
    )


def altered() -> Report:
    """An edited copy: one leaf of one segment differs, the end of a recording is gone, a minute is unexplained."""
    covered = spans(
        ONE,
        ("08:00:00", "09:12:03", "declared", "standby", None),
        ("09:12:03", "09:14:05.100", "recorded", None, 1),
        ("09:14:05.100", "09:14:07.150", "altered", None, 1),
        ("09:14:07.150", "09:20:40", "recorded", None, 1),
        ("09:20:40", "09:21:41", "unexplained", None, 1),
        ("09:21:41", "09:31:40", "recorded", None, 1),
        ("09:31:40", "11:02:15", "declared", "standby", None),
        ("11:02:15", "11:09:55", "recorded", None, 2),
        ("11:09:55", "11:10:20", "altered", None, 2),
        ("11:10:20", "12:30:00", "unexplained", None, None),
        ("12:30:00", "16:00:00", "pending", None, None),
    )
    edit = Finding(
        "CONTENT_MISMATCH",
        Severity.ERROR,
        "Leaf 1 of the segment hashes to 77a0 13fe, sealed was 0c9d e4b2. Who changed it, or why, is not established.",
        1,
        Verdict.ALTERED,
        ONE,
        1,
        3,
        (65580, 131116),
        (at("09:14:05.100"), at("09:14:07.150")),
        "20250314-091203-r0001-s0003.wav",
    )
    tail = replace(
        edit,
        code="UNCOVERED_TAIL",
        attack=4,
        text="The file goes on for 400,044 bytes after its sealed end.",
        recording=2,
        segment=8,
        bytes=(1920044, 2320088),
        time=(at("11:09:55"), at("11:10:20")),
        path="20250314-110215-r0002-s0008.wav",
    )
    missing = Finding(
        "SEGMENT_MISSING",
        Severity.ERROR,
        "Entry 198 signs segment 9 of recording 1; its file is not here.",
        5,
        Verdict.INCOMPLETE,
        ONE,
        1,
        9,
        None,
        (at("09:20:40"), at("09:21:41")),
    )
    unpinned = Finding(
        "NO_PIN",
        Severity.WARNING,
        "No organisation key is pinned, so this evidence vouches for itself.",
        39,
        Verdict.UNTRUSTED,
    )
    return Report(
        Verdict.ALTERED,
        Answer(
            Authenticity.ALTERED,
            "2 of 41 segments differ from what was sealed: 65,536 bytes replaced, 400,044 bytes added.",
        ),
        Answer(
            Provenance.UNPINNED,
            "No organisation key is pinned; pin one with --trust to learn who enrolled the recorder.",
        ),
        Answer(
            Completeness.INCOMPLETE,
            "One segment is missing and 1 h 20 min are unexplained; the rest is still on the recorder.",
        ),
        (at("08:00:00"), at("16:00:00")),
        (device(),),
        Coverage(covered),
        (unpinned, missing, edit, tail),
        (Mark(at("09:20:11"), ONE, "evidence"), Mark(at("11:04:30"), ONE, "incident")),
        UNPROVEN,
        "Asia/Shanghai",
    )


def two_devices() -> Report:
    """Two officers on one incident over midnight; every remaining state occurs."""
    first = [
        Span(at("22:00:00"), at("23:40:00"), State.DECLARED, "standby", ONE, None),
        Span(at("23:40:00"), at("00:25:00", "2025-03-15"), State.RECORDED, None, ONE, 7),
        Span(at("00:25:00", "2025-03-15"), at("00:31:00", "2025-03-15"), State.DECLARED, "battery_swapped", ONE, 7),
        Span(at("00:31:00", "2025-03-15"), at("01:10:00", "2025-03-15"), State.RECORDED, None, ONE, 7),
        Span(at("01:10:00", "2025-03-15"), at("02:00:00", "2025-03-15"), State.WITHHELD, None, ONE, 8),
    ]
    second = [
        Span(at("22:00:00"), at("22:30:00"), State.DISPOSED, None, TWO, 2),
        Span(at("22:30:00"), at("23:46:00"), State.DECLARED, "off", TWO, None),
        Span(at("23:46:00"), at("00:20:00", "2025-03-15"), State.POST_CLOSE, None, TWO, 3),
        Span(at("00:20:00", "2025-03-15"), at("00:50:00", "2025-03-15"), State.RECORDED, None, TWO, 4),
        Span(at("00:50:00", "2025-03-15"), at("01:05:00", "2025-03-15"), State.EXEMPT, "emergency", TWO, None),
        Span(at("01:05:00", "2025-03-15"), at("02:00:00", "2025-03-15"), State.PENDING, None, TWO, None),
    ]
    return Report(
        Verdict.INDETERMINATE,
        Answer(Authenticity.INTACT, "What is here is as it was sealed."),
        Answer(Provenance.TRUSTED, "Both recorders were enrolled under the pinned key of the organisation 5e21 90ac."),
        Answer(Completeness.UNKNOWN, "Recorder b04e 1d5c has not been docked since 01:05:00."),
        (at("22:00:00"), at("02:00:00", "2025-03-15")),
        (
            device(),
            device(TWO, model="Helmet camera 4K", serial="BC-2024-0233", protection="secure_element", head=None),
        ),
        Coverage((*first, *second)),
        (),
        (
            Mark(at("23:58:30"), ONE, "incident"),
            Mark(at("23:58:41"), TWO, "incident"),
            Mark(at("00:04:10", "2025-03-15"), TWO, "evidence"),
        ),
        UNPROVEN,
        "Asia/Shanghai",
    )


def chinese() -> Report:
    """The patrol of `declared_gaps` as a Chinese reader gets it."""
    report = declared_gaps()
    sentences = (
        "记录 4 未正常停止即中断。下次开机签名说明原因为断电；复位原因为上电，10:14:21 的锚点与之相符。",
        "记录 4 因更换存储卡而中断；记录链由 11 号卡延续到 12 号卡。",
        "有权主机将时钟向前调整 2.4 秒。",
    )
    return replace(
        report,
        authenticity=replace(report.authenticity, text="全部 38 个分段均与记录仪封存的字节一致。"),
        provenance=replace(report.provenance, text="记录仪由已指定信任的单位密钥 5e21 90ac 登记。"),
        completeness=replace(report.completeness, text="两次中断共 1 分 56 秒，原因均有签名，且与遥测数据相符。"),
        findings=tuple(replace(finding, text=text) for finding, text in zip(report.findings, sentences, strict=True)),
        unproven=(
            "从未开机的记录仪不留痕迹，只能由排班、接警和单据反映。",
            "口述原因是否属实。",
            "镜头是否朝向墙壁。",
            "密钥在其使用期内被提取之后的完整性。",
        ),
    )


def crowded() -> Report:
    """Three recorders over three days: thirty recordings, dozens of gaps, long names, everything at once."""
    start = at("06:00:00")
    third = "77" * 32
    made: list[Span] = []
    for index, identity in enumerate((ONE, TWO, third)):
        time = start
        for count in range(30):
            made.append(Span(time, time + 5400 + 977 * index, State.DECLARED, "standby", identity, None))
            time += 5400 + 977 * index
            cause = ("battery_low", "x" * 80, "power_lost", "thermal")[count % 4]
            for state, length in (
                (State.RECORDED, 700),
                (State.RECOVERED, 2),
                (State.DECLARED, 40 + count * 11),
                (State.RECORDED, 300),
            ):
                made.append(
                    Span(time, time + length, state, cause if state is State.DECLARED else None, identity, count + 1)
                )
                time += length
        made.append(Span(time, start + 3 * 86400, State.UNEXPLAINED, None, identity, None))
    findings = [
        Finding(
            "CONTENT_MISMATCH" if count % 2 else "PRIVATE_CODE_OF_AN_INTEGRATOR",
            Severity.ERROR,
            "Long text. " * 30,
            1,
            Verdict.ALTERED,
            ONE,
            count,
            count,
            (0, 2**40),
            (start + count * 3600, start + count * 3600),
            "a/very/long/name/" * 12 + "file.wav",
        )
        for count in range(70)
    ]
    base = altered()
    marks = tuple(Mark(start + count * 1234, ONE, "evidence") for count in range(200))
    devices = tuple(device(identity) for identity in (ONE, TWO, third))
    interval = (start, start + 3 * 86400)
    return replace(
        base, interval=interval, devices=devices, coverage=Coverage(tuple(made)), findings=tuple(findings), marks=marks
    )


ALL = {
    "two_tracks": two_tracks,
    "verified": verified,
    "declared_gaps": declared_gaps,
    "altered": altered,
    "two_devices": two_devices,
    "chinese": chinese,
    "crowded": crowded,
}
